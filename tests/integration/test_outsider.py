"""What an outsider who knows nothing but the contract publishes, and where it comes out."""

import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaProducer

from events.json_types import JSON
from events.topics import CONTACT_COMMANDS, CONTACT_STATE, INTERACTIONS
from streams.local.stack import Stack
from tests.integration.command import harmonia, on
from tests.integration.said import FITTING, MODES, Event, event, fresh, phone_of, somebody, structured
from tests.integration.system import System, running_system, state_of, until_in_redis
from tests.integration.tap import Tap, everything_in, header, tapped
from tests.integration.waiting import until

CODECS = [None, "gzip", "lz4", "zstd", "snappy"]


@pytest.fixture(scope="module")
def system(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(stack, tmp_path_factory.mktemp("worker")) as running:
        yield running


@pytest.fixture(scope="module")
def producer(system: System) -> Iterator[KafkaProducer]:
    producer = KafkaProducer(bootstrap_servers=system.settings.kafka_brokers)
    yield producer
    producer.close()


@pytest.fixture
def outputs(system: System) -> Iterator[Tap]:
    with tapped(system.settings, CONTACT_STATE, INTERACTIONS) as tap:
        yield tap


def counts_of(profile: bytes) -> dict[str, int]:
    counts = json.loads(profile)["counts"]
    assert isinstance(counts, dict)
    return counts


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("topic", FITTING)
def test_a_record_on_each_topic_comes_out_in_redis_and_in_both_topics(
    system: System, producer: KafkaProducer, outputs: Tap, topic: str, mode: str
) -> None:
    contact_id, type_ = fresh(), FITTING[topic]
    said = event(type_, somebody(contact_id))
    value, headers = MODES[mode](said)
    producer.send(topic, value=value, headers=headers).get(30)

    in_redis = until_in_redis(system, contact_id)
    [in_topic] = outputs.of(CONTACT_STATE, contact_id.encode())
    [harmonised] = outputs.of(INTERACTIONS, contact_id.encode())
    version = json.loads(in_redis)["version"]
    assert counts_of(in_redis) == {type_: 1}
    assert in_topic.value == in_redis
    assert header(in_topic, "version") == str(version).encode()
    assert system.deployment.redis.hget(f"contact:{contact_id}", "version") == str(version).encode()
    assert json.loads(harmonised.value or b"")["id"] == said["id"]
    for record in (harmonised, in_topic):
        read = everything_in(record)
        assert b"example.org" not in read
        assert phone_of(contact_id).encode() not in read.replace(b"-", b"").replace(b" ", b"")


@pytest.mark.parametrize("codec", CODECS)
async def test_any_codec_of_aiokafka_is_read(system: System, codec: str | None) -> None:
    contact_id = fresh()
    value, headers = structured(event("email.opened", {"contact_id": contact_id}))
    async with AIOKafkaProducer(bootstrap_servers=system.settings.kafka_bootstrap, compression_type=codec) as producer:
        await producer.send_and_wait("email-events", value, headers=headers)
    assert counts_of(until_in_redis(system, contact_id)) == {"email.opened": 1}


@pytest.mark.parametrize("key", [None, b"", b"\xff\x00 nonsense", b"the contact's own id"])
@pytest.mark.parametrize("mode", MODES)
def test_the_producers_key_does_not_matter(
    system: System, producer: KafkaProducer, outputs: Tap, mode: str, key: bytes | None
) -> None:
    contact_id = fresh()
    value, headers = MODES[mode](event("donation.made", somebody(contact_id)))
    own = contact_id.encode() if key == b"the contact's own id" else key
    producer.send("donation-events", key=own, value=value, headers=headers).get(30)
    assert counts_of(until_in_redis(system, contact_id)) == {"donation.made": 1}
    assert len(outputs.of(INTERACTIONS, contact_id.encode())) == 1


@pytest.mark.parametrize("topic", FITTING)
def test_what_any_team_may_say_is_taken_on_every_topic(system: System, producer: KafkaProducer, topic: str) -> None:
    contact_id = fresh()
    gift = event("donation.made", {"contact_id": contact_id})
    producer.send("donation-events", structured(gift)[0]).get(30)
    until_in_redis(system, contact_id)

    about = {"contact_id": contact_id}
    retracts: JSON = {"source": gift["source"], "id": gift["id"]}
    for said in (
        event("experiment.assigned", {**about}),
        event("consent.changed", {**about}, channel="text", granted=False),
        event("interaction.retracted", {**about}, retracts=retracts),
    ):
        producer.send(topic, structured(said)[0]).get(30)
    wanted = {"experiment.assigned": 1, "consent.changed": 1}
    profile = until(lambda: with_counts(system, contact_id, wanted), "all three in the profile")
    assert profile["consent"] == {"text": False}
    assert profile["donations"]["count"] == 0


def with_counts(system: System, contact_id: str, counts: dict[str, int]) -> "dict[str, dict[str, JSON]] | None":
    state = state_of(system, contact_id)
    profile: dict[str, dict[str, JSON]] | None = json.loads(state) if state else None
    return profile if profile and profile["counts"] == counts else None


def commands(contact_id: str) -> list[Event]:
    pair: list[JSON] = [contact_id, f"{contact_id}-twin"]
    return [
        event("contact.linked", None, contact_ids=pair),
        event("contact.unlinked", None, contact_ids=pair),
        event("contact.suppressed", {"contact_id": contact_id}, until="2030-01-01T00:00:00Z"),
    ]


def test_a_command_is_kept_in_interactions_and_is_nothing_that_happened(
    system: System, producer: KafkaProducer, outputs: Tap
) -> None:
    contact_id = fresh()
    key, told = contact_id.encode(), commands(contact_id)
    for command in told:
        producer.send(CONTACT_COMMANDS, structured(command)[0]).get(30)
    kept = outputs.of(INTERACTIONS, key, len(told))
    assert {json.loads(record.value or b"")["id"] for record in kept} == {command["id"] for command in told}

    after = event("form.submitted", {"contact_id": contact_id})  # behind the commands, in their partition
    producer.send("outreach-events", structured(after)[0]).get(30)

    def profile() -> bytes | None:
        """Before that a suppression alone may be shown."""
        found = state_of(system, contact_id)
        return found if found and counts_of(found) else None

    shown = until(profile, "what happened")
    assert counts_of(shown) == {"form.submitted": 1}
    outputs.until(lambda seen: any(one.value == shown for one in seen), "the same in contact-state")
    seen = outputs.of(CONTACT_STATE, key)
    assert seen[-1].value == shown
    versions = [int(header(one, "version") or b"") for one in seen]
    assert versions == sorted({*versions})
    assert not any(counts_of(one.value or b"") for one in seen[:-1])

    forget = event("contact.erased", {"contact_id": contact_id})
    producer.send(CONTACT_COMMANDS, structured(forget)[0]).get(30)
    until(lambda: system.deployment.redis.hget(f"contact:{contact_id}", "erased"), "the mark of the erasure")
    assert state_of(system, contact_id) is None


def test_an_address_leads_to_the_profile_and_is_nowhere_to_be_read(
    system: System, producer: KafkaProducer, outputs: Tap, tmp_path: Path
) -> None:
    name = fresh()
    said = event("email.clicked", {"email": f"  Some.{name}@Example.ORG ", "region": "US-NY"})
    producer.send("email-events", structured(said)[0]).get(30)
    contact_id = system.deployment.identify({"email": f"some.{name}@example.org"})
    in_redis = until_in_redis(system, contact_id)

    shown = harmonia(tmp_path, "contact", "show", f"some.{name}@EXAMPLE.org", "--json", environment=on(system.stack))
    assert (shown.returncode, shown.stdout.rstrip(b"\n")) == (0, in_redis)
    assert json.loads(in_redis)["contact_id"] == contact_id
    assert system.deployment.redis.get(f"identity:{contact_id}") == contact_id.encode()
    for topic in (CONTACT_STATE, INTERACTIONS):
        [record] = outputs.of(topic, contact_id.encode())
        assert name.encode() not in everything_in(record).lower()
    assert list(system.deployment.redis.scan_iter(match=f"*{name}*", count=10_000)) == []


def test_profiles_are_readable_within_a_second_of_the_acknowledgement(system: System, producer: KafkaProducer) -> None:
    seconds = []
    for number in range(11):
        contact_id = fresh()
        topic = list(FITTING)[number % len(FITTING)]
        value, headers = structured(event(FITTING[topic], {"contact_id": contact_id}))
        producer.send(topic, value=value, headers=headers).get(30)
        acknowledged = time.perf_counter()
        until_in_redis(system, contact_id)
        seconds.append(time.perf_counter() - acknowledged)
    assert statistics.median(seconds) < 1
