"""What `harmonia deliver` is given in tests, what it has stored, and the oracle of what is to be told."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from events.topics import CONTACT_ALERTS, CONTACT_STATE, DELIVERIES, SEGMENT_CHANGES, SYSTEM_ALERTS
from sinks.keys import partition_of
from streams.domain.delivery.signing import webhook_id
from streams.domain.delivery.standing import Wait, decoded
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from tests.integration.command import on
from tests.integration.hostile_receiver import PORT, Receiver

PARTITIONS = 3
AT = "2012-02-22T10:00:00.000Z"
SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"
NETWORK = "127.85.0.0/24"


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

    def alert(self, *subjects: str) -> None:
        for subject in subjects:
            said = {"alert_id": subject, "rule": "complaints", "subject": subject, "at": AT, "evidence": []}
            self._send(SYSTEM_ALERTS, subject, said | {"detail": "…"})
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


def waits_of(settings: Settings, endpoint: str) -> dict[str, Wait]:
    """By id what waits for an endpoint, as it is stored."""
    latest = {key: value for key, value in stored(settings, DELIVERIES) if key.count("/") == 2}
    found = {}
    for key, value in latest.items():
        name, _, partition = key.split("/")
        if value and name == endpoint:
            standing = decoded(value)
            for offset, wait in standing.waits.items():
                found[webhook_id(endpoint, standing.topic_id, int(partition), offset)] = wait
    return found


def waiting_lines(settings: Settings, endpoint: str) -> set[str]:
    """Of whom something waits for an endpoint, hashed."""
    return {wait.line for wait in waits_of(settings, endpoint).values()}


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


def webhook(name: str, address: str, begin: str = "now", topics: str = '"segment-changes", "contact-alerts"') -> str:
    """The table of a webhook in the file of endpoints."""
    return (
        f'[[endpoint]]\nid = "{name}"\nkind = "webhook"\nurl = "https://{address}:{PORT}/hook"\n'
        f'secrets = ["env:HOOK_SECRET"]\ntopics = [{topics}]\nfrom = "{begin}"\n'
    )


def delivering(stack: Stack, folder: Path, trusted: Path, *tables: str) -> dict[str, str]:
    """The environment of a process that tells these endpoints."""
    path = folder / "endpoints.toml"
    path.write_text("\n".join(tables))
    return on(
        stack,
        HARMONIA_PARTITIONS=str(PARTITIONS),
        HARMONIA_DELIVER=str(path),
        HARMONIA_DELIVER_PRIVATE=NETWORK,
        HOOK_SECRET=SECRET,
        SSL_CERT_FILE=str(trusted),
    )
