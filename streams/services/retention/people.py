"""Follows `contact-state` and `contact-links`: who has something that is due, and under which identifiers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition

from events.outputs import ContactProfile
from events.topics import CONTACT_LINKS, CONTACT_STATE
from streams.platform.topic_reading import partition_numbers
from streams.services.retention.due import DueItem, DueReport, people_of, report_on


class PeopleDue:
    """Whoever is known, and what of each `due_of` says is due; as of the last `read`.

    `names_of`: what profiles name of the kind that a rule is about, sources' files or purposes; `named`: all of them.
    A null value and a profile that has lost what was due take somebody off again, and so does `leave_out`.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        due_of: Callable[[ContactProfile], tuple[DueItem, ...]],
        names_of: Callable[[ContactProfile], Iterable[str]] = lambda _: (),
    ) -> None:
        self._consumer = consumer
        self._due_of = due_of
        self._names_of = names_of
        self.named: set[str] = set()
        topics = CONTACT_STATE, CONTACT_LINKS
        self._places = [
            TopicPartition(topic, number) for topic in topics for number in partition_numbers(consumer, topic)
        ]
        consumer.assign(self._places)
        consumer.seek_to_beginning(*self._places)
        self._versions: dict[str, int] = {}
        self._known: set[str] = set()
        self._into: dict[str, str] = {}
        self._due: dict[str, tuple[DueItem, ...]] = {}
        self._left_out: Iterable[str] = ()

    @property
    def due(self) -> Mapping[str, tuple[DueItem, ...]]:
        """What is due, by contact_id of whom it is due of."""
        stay = people_of(self._left_out, self._into)
        return {name: items for name, items in self._due.items() if name not in stay}

    def leave_out(self, ids: Iterable[str]) -> None:
        """Take these ids and whomever they lead to for not due, from now on and in place of those before."""
        self._left_out = frozenset(ids)

    def read(self) -> DueReport:
        """Read all that is there now. Raises Kafka's errors."""
        for record in self._new_records():
            name = record.key.decode()
            if record.topic == CONTACT_LINKS:
                self._hear_of_link(name, record.value)
            elif _version(record.headers) >= self._versions.get(name, 0):
                self._versions[name] = _version(record.headers)
                self._hear_of_profile(name, record.value)
        due = self.due
        return report_on(due, len(self._known), len(self._due) - len(due))

    def names(self, of: Iterable[str]) -> Iterator[str]:
        """Every identifier under which something may lie of these people."""
        absorbed: dict[str, list[str]] = {}
        for name, survivor in self._into.items():
            absorbed.setdefault(survivor, []).append(name)
        for contact_id in of:
            yield contact_id
            yield from sorted(absorbed.get(contact_id, ()))

    def _new_records(self) -> Iterator[Any]:
        ends = self._consumer.end_offsets(self._places)
        while any(self._consumer.position(place) < ends[place] for place in self._places):
            for records in self._consumer.poll(timeout_ms=500).values():
                yield from records

    def _hear_of_link(self, name: str, value: bytes | None) -> None:
        if value is None:
            self._into.pop(name, None)
        else:
            self._into[name] = orjson.loads(value)["merged_into"]

    def _hear_of_profile(self, name: str, value: bytes | None) -> None:
        self._due.pop(name, None)
        if value is None:
            self._known.discard(name)
            return
        self._known.add(name)
        profile: ContactProfile = orjson.loads(value)
        self.named.update(self._names_of(profile))
        if items := self._due_of(profile):
            self._due[name] = items


def _version(headers: Iterable[tuple[str, bytes]]) -> int:
    return next((int(value) for name, value in headers if name == "version"), 0)
