"""When entries and exits of people are told: by a consumer of `segment-changes`, which notes the moment of each.

A moment is when the record was read here, so it is late by the way of one fetch, never early.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Literal, TypeAlias

import msgspec
from kafka import KafkaConsumer, TopicPartition
from msgspec import Struct

from benchmarks.suites import BenchmarkFailed
from events.topics import SEGMENT_CHANGES
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

Direction: TypeAlias = Literal["entered", "left"]
_POLL_MS = 100


class NotTold(BenchmarkFailed):
    """Somebody who had to come or go was not told to."""


class _Change(Struct):
    """What is needed of a record of `segment-changes`."""

    contact_id: str
    entered: list[str]
    left: list[str]


_read = msgspec.json.Decoder(_Change).decode


class Tellings:
    """The moments at which contacts entered and left one segment, by the machine's monotonic clock."""

    def __init__(self, segment: str, prefix: str) -> None:
        self._segment = segment
        self._prefix = prefix
        self._moments: dict[Direction, dict[str, float]] = {"entered": {}, "left": {}}
        self._more = threading.Condition()

    def note(self, value: bytes, at: float) -> None:
        """Keep what a record tells of the contacts of interest; of several of one contact the first."""
        change = _read(value)
        if not change.contact_id.startswith(self._prefix):
            return
        with self._more:
            if self._segment in change.entered:
                self._moments["entered"].setdefault(change.contact_id, at)
            if self._segment in change.left:
                self._moments["left"].setdefault(change.contact_id, at)
            self._more.notify_all()

    def wait_for(self, direction: Direction, count: int, patience_s: float) -> dict[str, float]:
        """All moments, once there are so many contacts. Raises `NotTold`."""
        found = self._moments[direction]
        with self._more:
            if not self._more.wait_for(lambda: len(found) >= count, patience_s):
                raise NotTold(f"{len(found)} of {count} contacts have {direction} {self._segment}")
            return dict(found)


@contextmanager
def tellings(settings: Settings, segment: str, prefix: str) -> Iterator[Tellings]:
    """Watch contacts whose contact_id begins with `prefix`, for the length of a block."""
    found, stopping, ready = Tellings(segment, prefix), threading.Event(), threading.Event()
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        thread = threading.Thread(target=_watch, args=(consumer, found, ready, stopping), daemon=True)
        thread.start()
        try:
            if not ready.wait(30):
                raise NotTold("nobody could begin to watch")
            yield found
        finally:
            stopping.set()
            thread.join()


def _watch(consumer: KafkaConsumer, found: Tellings, ready: threading.Event, stopping: threading.Event) -> None:
    places = [TopicPartition(SEGMENT_CHANGES, number) for number in consumer.partitions_for_topic(SEGMENT_CHANGES)]
    consumer.assign(places)
    for place, end in consumer.end_offsets(places).items():
        consumer.seek(place, end)
    ready.set()
    while not stopping.is_set():
        for records in consumer.poll(timeout_ms=_POLL_MS).values():
            at = time.monotonic()
            for record in records:
                found.note(record.value, at)
