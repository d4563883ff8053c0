"""Runs of records of one partition that are handled together.

A fetch returns thousands of records of a partition at once. Handing them on one by one costs more than the work itself,
so a run is what travels from the broker to an agent, and a chunk (a run cut to size) is what is done or not done.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from faust.types import TP


class KafkaRecord(Protocol):
    """A record as aiokafka reads it; `timestamp` in milliseconds since 1970."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


Records = Sequence[KafkaRecord]


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive records of one partition.

    `next_offset` is where reading goes on after them. It can be more than one above the last record's offset, since the
    markers of transactions take offsets too. `generation` is the group's generation in which they were read. `start` is
    where reading began, at or below the first record; None: nobody noted it. `size`: bytes of the values, None: not
    counted yet.
    """

    tp: TP
    records: Records = field(repr=False)  # Faust shows in its log what it was handed
    next_offset: int
    generation: int
    start: int | None = None
    size: int | None = None

    @property
    def began_at(self) -> int:
        """Between here and `next_offset` there are no other records that a reader sees."""
        return self.records[0].offset if self.start is None else self.start


@dataclass(frozen=True, slots=True)
class ChunkLimits:
    """The largest chunk: so many records, or so many bytes of values (one larger record is a chunk of its own)."""

    records: int
    bytes: int


class End(NamedTuple):
    """Where a partition ended for its readers, and when the broker said so, in ms since 1970."""

    offset: int
    at: int


def size_of(run: Run) -> int:
    """The bytes of its values."""
    return _size_of(run.records) if run.size is None else run.size


def _size_of(records: Records) -> int:
    return sum([len(record.value or b"") for record in records])


def take_chunk(waiting: deque[Run], limits: ChunkLimits) -> Run:
    """Take the next chunk off the runs of one partition that wait: joins small runs, cuts large ones.

    Runs of different generations are never joined, nor are those with a hole between them, which has to be seen.
    `waiting` must not be empty.
    """
    first = waiting[0]
    records: list[KafkaRecord] = []
    size = 0
    next_offset = first.next_offset
    while waiting and waiting[0].generation == first.generation:
        if records and waiting[0].began_at > next_offset:
            break
        run = waiting.popleft()
        whole = size_of(run)
        fits, taken = _count_that_fits(run, limits, len(records), size)
        records.extend(run.records[:fits])
        size += taken
        if fits < len(run.records):
            next_offset = run.records[fits].offset
            waiting.appendleft(replace(run, records=run.records[fits:], start=next_offset, size=whole - taken))
            break
        next_offset = run.next_offset
    return Run(first.tp, records, next_offset, first.generation, first.start, size)


def _count_that_fits(run: Run, limits: ChunkLimits, taken: int, size: int) -> tuple[int, int]:
    """How many records of the run fit after those taken, which have `size` bytes, and the bytes of those that do."""
    whole, room = size_of(run), limits.records - taken
    if size + whole <= limits.bytes and (room > 0 or not taken):
        fits = max(1, room)
        return (len(run.records), whole) if fits >= len(run.records) else (fits, _size_of(run.records[:fits]))
    more = 0
    for count, record in enumerate(run.records, taken):
        length = len(record.value or b"")
        if count and (count >= limits.records or size + more + length > limits.bytes):
            return count - taken, more
        more += length
    return len(run.records), whole
