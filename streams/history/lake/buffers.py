"""What was read of each partition and is not in the lake yet, and when it is time to write it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sinks.lake.rows import LogRecord

ROW_BYTES = 200
"""About what a record costs besides its value."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Write a partition after so many rows, all together above so many bytes, and none later than so many seconds."""

    rows: int
    bytes: int
    seconds: float


@dataclass(slots=True)
class Buffer:
    """One partition: its next range begins at `first`, reading goes on at `next`. `since`: when its oldest came."""

    first: int
    next: int
    records: list[LogRecord] = field(default_factory=list)
    bytes: int = 0
    since: float = 0.0

    def take(self, records: Sequence[LogRecord], next_offset: int, now: float) -> None:
        """Add what was read; what is known already is passed over."""
        new = [record for record in records if record.offset >= self.next]
        if new and not self.records:
            self.since = now
        self.records += new
        self.bytes += sum(len(record.value or b"") + ROW_BYTES for record in new)
        self.next = max(self.next, next_offset)

    def piece(self, rows: int) -> "Buffer":
        """The beginning of it, of at most so many rows: what becomes one range."""
        if len(self.records) <= rows:
            return self
        return Buffer(self.first, self.records[rows].offset, self.records[:rows])

    def begin_at(self, position: int) -> None:
        """Forget what is in the lake, which is all below `position`."""
        self.records = [record for record in self.records if record.offset >= position]
        self.bytes = sum(len(record.value or b"") + ROW_BYTES for record in self.records)
        self.first = position
        self.next = max(self.next, position)

    def jumps(self, records: Sequence[LogRecord]) -> bool:
        """Whether offsets are missing before or between these records: markers of transactions, or what was deleted."""
        new = [record.offset for record in records if record.offset >= self.next]
        return bool(new) and new[-1] + 1 - self.next != len(new)


def due(buffers: dict[int, Buffer], limits: Limits, now: float) -> Iterator[int]:
    """The partitions that are to be written now, the largest first."""
    waiting = sum(buffer.bytes for buffer in buffers.values())
    for partition, buffer in sorted(buffers.items(), key=lambda item: -item[1].bytes):
        if not buffer.records:
            continue
        old = now - buffer.since >= limits.seconds
        if old or len(buffer.records) >= limits.rows or waiting >= limits.bytes:
            waiting -= buffer.bytes
            yield partition
