"""What was added up and is in no sum of the store is added again, as after a change of the partition's owner."""

from collections.abc import Collection, Iterator, Mapping

from msgspec.structs import replace

from streams.domain.experiments.delta_rows import add_up, by_experiment
from streams.domain.experiments.experiment_table import TableRecord
from streams.domain.experiments.lifecycle import with_differences
from streams.domain.experiments.partials import PartialCounts, read_partial, without_other_cells
from streams.engine.decoded_states import States
from streams.worker.agents.experiments.delta_log import waiting
from streams.worker.agents.experiments.unit_of_work import InHand

_AT_ONCE = 8 << 20
"""Bytes of what is aside that are read in one go: in memory they are ten times as many."""


def catch_up(states: States[TableRecord], in_hand: InHand, known: Collection[str], added: int, now: int) -> None:
    """Have in hand what all experiments are after all that was added up to this offset.

    Parameters:
        known: the experiments that are kept; to others nothing was added, for want of room.
        now: ms.
    """
    for records in _pieces(states, added):
        names = {cell[0] for _, record in records for cell in record.names}.intersection(known)
        in_hand.read(names)
        ends = {name: in_hand.lean(name).added for name in names}
        found, _ = add_up([_lacking(offset, record, ends) for offset, record in records])
        for name, more in by_experiment(found).items():
            if name in ends:
                before = in_hand.whole(name)
                # Whenever that changed all was written; a piece may end where nobody is counted anew for a moment.
                in_hand.add(name, replace(with_differences(before, more), frozen=before.frozen), now)


def _pieces(states: States[TableRecord], added: int) -> Iterator[list[tuple[int, PartialCounts]]]:
    piece: list[tuple[int, PartialCounts]] = []
    size = 0
    for told in waiting(states):
        if told.offset > added:
            break
        if isinstance(record := read_partial(told.value), PartialCounts):
            piece.append((told.offset, record))
            size += len(told.value)
        if size > _AT_ONCE:
            yield piece
            piece, size = [], 0
    yield piece


def _lacking(offset: int, record: PartialCounts, ends: Mapping[str, int]) -> PartialCounts:
    """The record without what is in the sums of the store."""
    return without_other_cells(record, [ends.get(name, offset) < offset for name, _, _ in record.names])
