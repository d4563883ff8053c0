"""`harmonia deliver` on a real Kafka, with receivers that misbehave: what they acknowledge is what the topics hold."""

import base64
import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from events.topics import CONTACT_ALERTS, CONTACT_STATE, DELIVERIES, DELIVERY_LOG, SEGMENT_CHANGES
from sinks.keys import partition_of
from streams.domain.delivery.signing import webhook_id
from streams.domain.delivery.standing import decoded, line_of
from streams.local.stack import Stack, local_stack
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from streams.platform.topics import create_topics
from tests.integration.command import on
from tests.integration.hostile_receiver import PORT, Manner, Receiver, listening
from tests.integration.serving_process import started
from tests.integration.system import ask, sample
from tests.integration.waiting import until

PARTITIONS = 3
PEOPLE = [f"c-{number}" for number in range(8)]
STUBBORN = "c-stubborn"
"""Whom the hostile receiver refuses for ever."""
AT = "2012-02-22T10:00:00.000Z"
SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"
HOSTILE, STEADY, DOWN = "127.85.0.1", "127.85.0.2", "127.85.0.3"
NETWORK = "127.85.0.0/24"
PATIENCE_S = 150


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers of its own: all of a topic is counted."""
    with local_stack(tmp_path_factory.mktemp("own")) as running:
        yield running


@pytest.fixture(scope="module")
def settings(stack: Stack) -> Settings:
    settings = Settings.model_validate({**stack.environment, "partitions": PARTITIONS})
    admin = KafkaClients(settings).admin()
    create_topics(admin, settings)
    admin.close()
    return settings


class Sayer:
    """Writes what workers would."""

    def __init__(self, settings: Settings) -> None:
        self._producer = KafkaClients(settings).tool_producer()
        self._version = 0

    def change(self, *names: str) -> None:
        for name in names:
            self._version += 1
            said = {"contact_id": name, "version": self._version, "at": AT, "cause": "interaction"}
            self._send(SEGMENT_CHANGES, name, {**said, "entered": ["a"], "left": [], "profile_version": 1})
            alert = {"alert_id": str(self._version), "rule": "r", "contact_id": name, "at": AT}
            self._send(CONTACT_ALERTS, name, {**alert, "evidence": [], "detail": "…"})
            self._send(CONTACT_STATE, name, {"contact_id": name, "version": self._version})
        self._producer.flush()

    def erase(self, name: str) -> None:
        self._send(CONTACT_STATE, name, None, ("reason", b"erased"))
        self._producer.flush()

    def _send(self, topic: str, key: str, value: Mapping[str, Any] | None, *headers: tuple[str, bytes]) -> None:
        written = None if value is None else orjson.dumps(value)
        self._producer.send(topic, written, key.encode(), [*headers], partition_of(key, PARTITIONS))


def expected(settings: Settings, endpoint: str) -> dict[str, tuple[str, str, int]]:
    """The oracle: of each id that an endpoint has to be told, whom it is about, and where its record stands."""
    consumer, found = KafkaClients(settings).tool_consumer(), {}
    ids = KafkaClients(settings).describe_topics([SEGMENT_CHANGES, CONTACT_ALERTS])
    for topic, (topic_id, _) in ids.items():
        for record in records_of(consumer, topic):
            name = webhook_id(endpoint, topic_id, record.partition, record.offset)
            found[name] = record.key.decode(), topic, record.offset
    consumer.close()
    return found


def stored(settings: Settings, topic: str) -> list[tuple[str, Any]]:
    consumer = KafkaClients(settings).tool_consumer()
    found = [(record.key.decode(), record.value) for record in records_of(consumer, topic)]
    consumer.close()
    return found


def waiting_lines(settings: Settings, endpoint: str) -> set[str]:
    """Of whom something waits for an endpoint, hashed."""
    latest = {key: value for key, value in stored(settings, DELIVERIES) if key.count("/") == 2}
    return {
        wait.line
        for key, value in latest.items()
        if value and key.startswith(f"{endpoint}/")
        for wait in decoded(value).waits.values()
    }


def about(message: Mapping[str, Any]) -> str:
    return str(message["data"]["contact_id"])


def in_order(receiver: Receiver, places: Mapping[str, tuple[str, str, int]]) -> bool:
    """Whether each contact's records of a topic were first taken in the order in which they stand there."""
    seen: dict[tuple[str, str], list[int]] = {}
    for id_ in dict.fromkeys(each.id for each in receiver.taken):
        if id_ in places:
            name, topic, offset = places[id_]
            seen.setdefault((name, topic), []).append(offset)
    return all(offsets == sorted(offsets) for offsets in seen.values())


def write_endpoints(folder: Path) -> Path:
    tables = [
        f'[[endpoint]]\nid = "{name}"\nkind = "webhook"\nurl = "https://{address}:{PORT}/hook"\n'
        f'secrets = ["env:HOOK_SECRET"]\ntopics = ["segment-changes", "contact-alerts"]\nfrom = "earliest"\n'
        for name, address in (("hostile", HOSTILE), ("steady", STEADY), ("down", DOWN))
    ]
    path = folder / "endpoints.toml"
    path.write_text("\n".join(tables))
    return path


def test_each_record_is_acknowledged_in_order_whoever_is_hostile_down_or_killed(
    stack: Stack, settings: Settings, tmp_path: Path
) -> None:
    chance, sayer = random.Random(25), Sayer(settings)
    manners: dict[str, Manner] = {}

    def hostile(id_: str, message: dict[str, Any], before: int) -> Manner:
        if about(message) == STUBBORN and message["type"] != "contact.forgotten":
            return "refuse"
        first: list[Manner] = ["error", "busy", "drop", "lose", "hang", *["well"] * 25]  # type: ignore[list-item]
        return manners.setdefault(id_, chance.choice(first)) if before == 0 else "well"

    receivers = {HOSTILE: Receiver(SECRET, hostile), STEADY: Receiver(SECRET, lambda *_: "well")}
    trusted = tmp_path / "ca.pem"
    environment = on(
        stack,
        HARMONIA_PARTITIONS=str(PARTITIONS),
        HARMONIA_DELIVER=str(write_endpoints(tmp_path)),
        HARMONIA_DELIVER_PRIVATE=NETWORK,
        HOOK_SECRET=SECRET,
        SSL_CERT_FILE=str(trusted),
    )
    command = ["deliver"]

    def all_taken(address: str, name: str, but: tuple[str, ...] = ()) -> None:
        wanted = {id_ for id_, (who, _, _) in expected(settings, name).items() if who not in but}
        until(
            lambda: wanted <= {each.id for each in receivers[address].taken} or None,
            f"all that {name} takes",
            PATIENCE_S,
        )

    sayer.change(STUBBORN, *PEOPLE * 4, STUBBORN)
    with ExitStack() as running:
        running.enter_context(listening(receivers, trusted))
        killed = running.enter_context(started(command, tmp_path / "killed.log", environment, "deliver"))
        until(lambda: len(receivers[HOSTILE].taken) > 10 or None, "some are taken", PATIENCE_S)
        killed.kill()
        sayer.change(*PEOPLE * 2)
        next_one = running.enter_context(started(command, tmp_path / "next.log", environment, "deliver"))
        all_taken(STEADY, "steady")
        all_taken(HOSTILE, "hostile", (STUBBORN,))
        until(lambda: waiting_lines(settings, "hostile") == {line_of(STUBBORN.encode())} or None, "only one waits")
        ready = next_one.metrics.replace("/metrics", "/readyz")
        assert ask(ready) == (200, "ready\n")
        assert sample(next_one.metrics, "harmonia_delivery_waiting", endpoint="steady") == 0
        assert sample(next_one.metrics, "harmonia_delivery_waiting", endpoint="down") > 0

        sayer.erase(STUBBORN)
        until(lambda: not waiting_lines(settings, "hostile") or None, "nothing of who was erased waits")
        next_one.end()
    for address, name in ((HOSTILE, "hostile"), (STEADY, "steady")):
        receiver = receivers[address]
        assert receiver.trouble == []
        assert in_order(receiver, expected(settings, name))
        assert "contact.forgotten" in {each.message["type"] for each in receiver.taken}
    fates = [orjson.loads(value) for _, value in stored(settings, DELIVERY_LOG)]
    assert {each["fate"] for each in fates if each["endpoint"] == "steady"} == {"delivered"}
    assert {each["endpoint"] for each in fates if each["fate"] == "waiting"} >= {"hostile", "down"}
    for topic in (DELIVERIES, DELIVERY_LOG):
        assert not any(name.encode() in (value or b"") for _, value in stored(settings, topic) for name in (STUBBORN,))
    for log in tmp_path.glob("*.log"):
        assert "Traceback" not in log.read_text(), log.read_text()
