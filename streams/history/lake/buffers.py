"""Buffers of records that were read from a partition and are not in the lake yet, and when each is to be flushed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sinks.lake.rows import LogRecord

ROW_BYTES = 200
"""Estimated memory of a buffered record besides its value."""


@dataclass(frozen=True, slots=True)
class FlushLimits:
    """When to flush: rows of a partition, bytes of all together, and seconds that the oldest record may wait."""

    rows: int
    bytes: int
    seconds: float


@dataclass(slots=True)
class Buffer:
    """Records of one partition. The next range begins at offset `first`; reading goes on at `next`.

    `since`: when its oldest record came, in seconds of the caller's clock.
    """

    first: int
    next: int
    records: list[LogRecord] = field(default_factory=list)
    bytes: int = 0
    since: float = 0.0

    def take(self, records: Sequence[LogRecord], next_offset: int, now: float) -> None:
        """Append records that were read; offsets below `next` are known already and skipped."""
        new = [record for record in records if record.offset >= self.next]
        if new and not self.records:
            self.since = now
        self.records += new
        self.bytes += sum(len(record.value or b"") + ROW_BYTES for record in new)
        self.next = max(self.next, next_offset)

    def piece(self, rows: int) -> "Buffer":
        """The first `rows` records at most, as a buffer of its own: they become one range of the lake."""
        if len(self.records) <= rows:
            return self
        return Buffer(self.first, self.records[rows].offset, self.records[:rows])

    def begin_at(self, position: int) -> None:
        """Drop records below offset `position`, which are in the lake."""
        self.records = [record for record in self.records if record.offset >= position]
        self.bytes = sum(len(record.value or b"") + ROW_BYTES for record in self.records)
        self.first = position
        self.next = max(self.next, position)

    def jumps(self, records: Sequence[LogRecord]) -> bool:
        """Whether offsets are missing before or between these records: transaction markers, or deleted records."""
        new = [record.offset for record in records if record.offset >= self.next]
        return bool(new) and new[-1] + 1 - self.next != len(new)


def due_partitions(buffers: dict[int, Buffer], limits: FlushLimits, now: float) -> Iterator[int]:
    """Partitions to flush now, the largest first."""
    waiting = sum(buffer.bytes for buffer in buffers.values())
    for partition, buffer in sorted(buffers.items(), key=lambda item: -item[1].bytes):
        if not buffer.records:
            continue
        old = now - buffer.since >= limits.seconds
        if old or len(buffer.records) >= limits.rows or waiting >= limits.bytes:
            waiting -= buffer.bytes
            yield partition
