"""The log of differences that partitions of contacts have sent, kept until all sums that they are in are written.

To add up often costs more than to log, and to write sums often costs more than to add them up again.
"""

from collections import deque
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from streams.domain.experiments.experiment_table import TableRecord
from streams.engine.decoded_states import States

MOST_BYTES = 16 << 20
"""Of what nobody has looked at yet. Beyond that it is added up at once, whether or not it is time for results."""

MOST_LOGGED = 48 << 20
"""Of what is added up and in sums that are not written yet. Beyond that they are written at once."""

_PREFIX = b"aside/"
_MEMORY = "aside"


class LoggedDelta(Struct, frozen=True, gc=False):
    """A logged record: its offset, when it was appended (ms), and its value."""

    offset: int
    at: int
    value: bytes


class DeltaLog(Struct):
    """What the log holds, in memory.

    `fresh`: records that are not added up yet, `size` bytes. `log`: offset and size of those that are, `logged` bytes
    together. `is_behind`: whether sums are as the store has them, so that the log is to be added to them.
    """

    fresh: list[LoggedDelta] = field(default_factory=list)
    size: int = 0
    log: deque[tuple[int, int]] = field(default_factory=deque)
    logged: int = 0
    is_behind: bool = False

    @property
    def oldest(self) -> int | None:
        """Since when (ms) the oldest record that is in no sum has waited; None: nothing waits."""
        return self.fresh[0].at if self.fresh else None

    def put(self, delta: LoggedDelta) -> None:
        """Log a record that is not added up yet."""
        self.fresh.append(delta)
        self.size += len(delta.value)

    def take(self) -> Sequence[LoggedDelta]:
        """Remove and return the records that are not added up yet."""
        taken, self.fresh, self.size = self.fresh, [], 0
        return taken

    def note(self, offset: int, size: int) -> None:
        """Note that a record is added up."""
        self.log.append((offset, size))
        self.logged += size

    def trim(self, until: int) -> Iterator[int]:
        """Remove and yield the offsets, up to this one, of records that are added up."""
        while self.log and self.log[0][0] <= until:
            offset, size = self.log.popleft()
            self.logged -= size
            yield offset


def delta_log_of(states: States[TableRecord], added: int) -> DeltaLog:
    """The log of a partition, kept in memory between chunks. `added`: up to which offset it has been added up."""
    found: DeltaLog | None = states.memory.get(_MEMORY)
    if found is None:
        found = states.memory[_MEMORY] = DeltaLog()
        for delta in stored_deltas(states):
            if delta.offset > added:
                found.put(delta)
            else:
                found.note(delta.offset, len(delta.value))
        found.is_behind = bool(found.log)
    return found


def delta_key(offset: int) -> bytes:
    """The key of a logged record, beside the states."""
    return _PREFIX + offset.to_bytes(8)


def encode_delta(delta: LoggedDelta) -> bytes:
    """The value of a logged record, beside the states."""
    return delta.at.to_bytes(8) + delta.value


def stored_deltas(states: States[TableRecord]) -> Iterator[LoggedDelta]:
    """All logged records, in the order in which they came."""
    for key, value in states.all_beside(_PREFIX):
        yield LoggedDelta(int.from_bytes(key[len(_PREFIX) :]), int.from_bytes(value[:8]), value[8:])
