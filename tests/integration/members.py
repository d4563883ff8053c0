"""Readers of the topics of segments, who have to agree: those who replay changes, and those who read who is in what."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition

from events.topics import CONTACT_SEGMENTS, SEGMENT_CHANGES, SEGMENT_COUNTS
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from tests.integration.waiting import until

TOPICS = (SEGMENT_CHANGES, CONTACT_SEGMENTS, SEGMENT_COUNTS)


@dataclass
class Told:
    """What the topics say now. `changes`: by contact, in their order; `held`: what those add up to."""

    changes: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    held: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    latest: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, dict[int, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def names(self) -> dict[str, set[str]]:
        """The segments of everybody who is in any, by `contact-segments`."""
        return {name: {*said["segments"]} for name, said in self.latest.items() if said["segments"]}

    def members(self, segment: str) -> int:
        """How many are in a segment, by `segment-counts`."""
        return sum(count["members"] for count in self.counts[segment].values())

    def is_complete(self, segment: str, partitions: int) -> bool:
        """Whether all partitions say that everybody has been judged by the same edition."""
        said = {(count["state"], count["edition"]) for count in self.counts[segment].values()}
        return len(self.counts[segment]) == partitions and len(said) == 1 and min(said)[0] == "complete"

    def causes(self, contact: str) -> list[tuple[str, list[str], list[str]]]:
        """What was told of a contact."""
        return [(change["cause"], change["entered"], change["left"]) for change in self.changes[contact]]

    def agree(self) -> None:
        """Changes that are replayed give what `contact-segments` says, and so many are counted."""
        assert {name: names for name, names in self.held.items() if names} == self.names
        for segment in self.counts:
            assert self.members(segment) == sum(segment in names for names in self.names.values()), segment
        for changes in self.changes.values():
            versions = [change["version"] for change in changes]
            assert versions == sorted({*versions})


def told(settings: Settings) -> Told:
    """All that the topics say, read while nothing came."""
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        while True:
            before = _ends(consumer)
            found = _read(consumer)
            if _ends(consumer) == before:
                return found


def _ends(consumer: KafkaConsumer) -> dict[TopicPartition, int]:
    topics = (SEGMENT_CHANGES, CONTACT_SEGMENTS, SEGMENT_COUNTS)
    places = [
        TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic) or ()
    ]
    return until(lambda: _ends_of(consumer, places), "the leaders of topics that were just made")


def _ends_of(consumer: KafkaConsumer, places: list[TopicPartition]) -> dict[TopicPartition, int] | None:
    """None: the client does not know yet who leads one of them, and raises a `KeyError` for it."""
    try:
        return {**consumer.end_offsets(places)}
    except KeyError:
        return None


def _read(consumer: KafkaConsumer) -> Told:
    found = Told()
    for record in records_of(consumer, SEGMENT_CHANGES):
        _take_change(found, orjson.loads(record.value))
    for record in records_of(consumer, CONTACT_SEGMENTS):
        _keep(found.latest, record.key.decode(), record.value)
    for record in records_of(consumer, SEGMENT_COUNTS):
        _keep(found.counts[record.key.decode()], record.partition, record.value)
    return found


def _take_change(found: Told, change: Mapping[str, Any]) -> None:
    name = change["contact_id"]
    found.changes[name].append({**change})
    if change["cause"] == "erased":
        found.held.pop(name, None)
    else:
        found.held[name] = (found.held[name] | {*change["entered"]}) - {*change["left"]}


def _keep(kept: dict[Any, dict[str, Any]], key: object, value: bytes | None) -> None:
    if value is None:
        kept.pop(key, None)
    else:
        kept[key] = orjson.loads(value)
