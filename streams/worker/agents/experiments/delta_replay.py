"""Adds logged differences again to sums that were not written since, as after a change of the partition's owner."""

from collections.abc import Collection, Iterator, Mapping

from msgspec.structs import replace

from streams.domain.experiments.delta_rows import add_up, by_experiment
from streams.domain.experiments.experiment_table import TableRecord
from streams.domain.experiments.lifecycle import with_differences
from streams.domain.experiments.partials import PartialCounts, read_partial, without_other_cells
from streams.engine.decoded_states import States
from streams.worker.agents.experiments.delta_log import stored_deltas
from streams.worker.agents.experiments.unit_of_work import UnitOfWork

_AT_ONCE = 8 << 20
"""Bytes of the log that are read in one go: in memory they are ten times as many."""


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
