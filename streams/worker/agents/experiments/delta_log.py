"""The log of differences that partitions of contacts have sent, kept until all sums that they are in are written.

After a change of the partition's owner its differences are added again to sums that were not written since.

To add up often costs more than to log, and to write sums often costs more than to add them up again.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from streams.domain.experiments.delta_rows import add_up, by_experiment
from streams.domain.experiments.experiment_table import TableRecord
from streams.domain.experiments.lifecycle import with_differences
from streams.domain.experiments.partials import PartialCounts, read_partial, without_other_cells
from streams.engine.decoded_states import States
from streams.worker.agents.experiments.unit_of_work import UnitOfWork

MOST_BYTES = 16 << 20
"""Of what nobody has looked at yet. Beyond that it is added up at once, whether or not it is time for results."""

MOST_LOGGED = 48 << 20
"""Of what is added up and in sums that are not written yet. Beyond that they are written at once."""

_AT_ONCE = 8 << 20
"""Bytes of the log that are read in one go: in memory they are ten times as many."""

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


def replay_deltas(states: States[TableRecord], work: UnitOfWork, known: Collection[str], added: int, now: int) -> None:
    """Load into `work` all experiments as they are after all that was added up to this offset.

    Parameters:
        known: the experiments that are kept; to others nothing was added, for want of room.
        now: ms.
    """
    for records in _pieces(states, added):
        names = {cell[0] for _, record in records for cell in record.names}.intersection(known)
        work.read(names)
        ends = {name: work.lean(name).added for name in names}
        found, _ = add_up([_lacking(offset, record, ends) for offset, record in records])
        for name, more in by_experiment(found).items():
            if name in ends:
                before = work.whole(name)
                # Whenever that changed all was written; a piece may end where nobody is counted anew for a moment.
                work.add(name, replace(with_differences(before, more), frozen=before.frozen), now)


def _pieces(states: States[TableRecord], added: int) -> Iterator[list[tuple[int, PartialCounts]]]:
    piece: list[tuple[int, PartialCounts]] = []
    size = 0
    for delta in stored_deltas(states):
        if delta.offset > added:
            break
        if isinstance(record := read_partial(delta.value), PartialCounts):
            piece.append((delta.offset, record))
            size += len(delta.value)
        if size > _AT_ONCE:
            yield piece
            piece, size = [], 0
    yield piece


def _lacking(offset: int, record: PartialCounts, ends: Mapping[str, int]) -> PartialCounts:
    """The record without what is in the sums of the store."""
    return without_other_cells(record, [ends.get(name, offset) < offset for name, _, _ in record.names])
