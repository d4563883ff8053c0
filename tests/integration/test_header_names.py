"""A header's name is bytes to Kafka, and no text that a consumer may count on."""

import json
from pathlib import Path

from kafka import KafkaProducer

from events.topics import DEAD_LETTERS
from streams.local.stack import local_stack
from tests.integration.said import event, fresh, structured
from tests.integration.system import running_system, until_in_redis
from tests.integration.tap import tapped


class Latin(str):
    """Text that every encoder writes as Latin-1, as a producer in C would."""

    __slots__ = ()

    def encode(self, encoding: str = "latin-1", errors: str = "strict") -> bytes:
        return super().encode("latin-1", errors)


def test_the_name_of_a_header_that_is_not_utf_8_stops_nothing(tmp_path: Path) -> None:
    """On a stack of its own: what kills a worker once kills every one that comes after."""
    with local_stack(tmp_path / "stack") as stack, running_system(stack, tmp_path) as system:
        contact_id = fresh()
        value, _ = structured(event("email.opened", {"contact_id": contact_id}))
        producer = KafkaProducer(bootstrap_servers=system.settings.kafka_brokers)
        with tapped(system.settings, DEAD_LETTERS) as tap:
            headers = [(Latin("größe"), b"v"), ("own", b"header")]
            producer.send("email-events", partition=3, value=b"bad", headers=headers).get(30)
            producer.send("email-events", partition=3, value=value, headers=headers).get(30)
            producer.close()
            assert json.loads(until_in_redis(system, contact_id))["counts"] == {"email.opened": 1}
            [letter] = tap.until(bool, "the letter")
        assert letter.value == b"bad"
        assert [text for _, text in letter.headers[:2]] == [b"v", b"header"]
        assert system.workers.process.poll() is None
