"""What is read of topics for the desk in one go, how far, and what became of it. Pure."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from events.dead_letters import Headers
from streams.services.console.desk_schema import HOUR_MS

Clock = Literal["broker", "events"]
"""Whose time says what is old: that of records, or (of the demo, whose events are years old) that of the events."""


class Limits(NamedTuple):
    """How much the desk keeps: interactions of the last `kept_ms`, and `events` of them at most."""

    kept_ms: int = 48 * HOUR_MS
    events: int = 5_000_000
    clock: Clock = "broker"


class TopicRecord(NamedTuple):
    """One record as it was read. `appended`: the broker's time, ms."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    appended: int


class Position(NamedTuple):
    """How far a partition is read. `next`: the offset to go on at; `ends`: where the partition ended at `looked`.

    `appended`: the time of the last record that was read; None: none was.
    """

    topic: str
    partition: int
    topic_id: str
    next: int
    ends: int
    appended: int | None
    looked: int


class Written(NamedTuple):
    """What became of a batch. `late`: interactions too old to tell whether they are copies; they are in no figure.

    `left`: names of erased people that are no longer in the desk, whose bytes are to be wiped.
    """

    records: int
    copies: int
    late: int
    unreadable: int
    erased: int
    left: Sequence[str]
