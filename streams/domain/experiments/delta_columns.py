"""Differences as a chunk of contacts makes them: straight into the columns of a record.

Who opens a message changes ten experiments at once, so there are no objects for what is told and forgotten: they took
nearly three times as long (ADR 18).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat

import numpy as np
from msgspec import Raw

from events.experiments.metrics import PLACE
from streams.domain.contact.contribution import Value
from streams.domain.contact.packed_contribution import PLAIN, DatedCell, PackedContribution, Values
from streams.domain.experiments.partials import (
    GROUP,
    HEAD,
    IN_GROUP,
    MOST_BYTES,
    SUM,
    EncodedPartialCounts,
    write_partial,
)
from streams.domain.experiments.row_layout import Ints

_CONTACTED = PLACE["contacted"]
_OFTEN = 4
"""Rows of a cell from which on, on average, it is worth while to add them up."""
_NO_VALUE = (-1, 0, 0, 0)
_NO_VALUES: Values = ()
_CHANGE = SUM - 1
"""Numbers of a change: the metric, and what is added to each of its sums."""


class DeltaColumns:
    """Collects what a chunk of changed contributions adds to cells, as columns."""

    __slots__ = ("_changes", "_counts", "_days", "_groups", "_in_groups", "_names", "_row_changes", "_row_places")

    def __init__(self) -> None:
        # Of places, by a number that one place may have many of until it is told:
        self._names: list[bytes] = []
        self._days: list[int] = []
        self._counts: list[int] = []
        self._row_places: list[int] = []
        self._row_changes: list[int] = []
        self._changes: list[int] = []
        self._groups: list[int] = []
        self._in_groups: list[int] = []

    def replace(self, before: PackedContribution, after: PackedContribution) -> None:
        """A person who was counted as `before` is counted as `after`."""
        if before is after:
            return
        if before.names == after.names and before.days == after.days and before.marks == after.marks:
            pairs = list(zip(before.of, after.of, strict=True))
            self._change(after.names, after.days, pairs, before.values, after.values)
        else:
            self._replace_where_others(before, after)
        if before.marks or after.marks:
            self._regroup(before, after)

    def _replace_where_others(self, before: PackedContribution, after: PackedContribution) -> None:
        """The same where they are not in the same places: who is in one of them alone had no values, or has none."""
        was = {place: number for number, place in enumerate(before.places)}
        was_marked, marked = before.marked, after.marked
        pairs: list[tuple[int, int]] = []
        for number, place in enumerate(after.places):
            old = was.pop(place, None)
            pairs.append((len(before.values) if old is None else before.of[old], after.of[number]))
            is_contaminated = marked.get(number, PLAIN)[1]
            if old is None:
                self._count(place, 1, is_contaminated)
            elif is_contaminated != was_marked.get(old, PLAIN)[1]:
                self._count(place, 0, 1 if is_contaminated else -1)
        for place, old in was.items():
            pairs.append((before.of[old], len(after.values)))
            self._count(place, -1, -was_marked.get(old, PLAIN)[1])
        names, days = [*after.names, *(name for name, _ in was)], [*after.days, *(day for _, day in was)]
        self._change(names, days, pairs, (*before.values, _NO_VALUES), (*after.values, _NO_VALUES))

    def _count(self, place: DatedCell, people: int, contaminated: int) -> None:
        self._counts += self._told(place), people, contaminated

    def _change(
        self,
        names: Sequence[bytes],
        days: Sequence[int],
        pairs: Sequence[tuple[int, int]],
        before: Sequence[Values],
        after: Sequence[Values],
    ) -> None:
        """In each place the values of one number in `before` are those of another number in `after` now (`pairs`).

        Of most people there is one pair for all places, so what it changes is made once.
        """
        different = dict.fromkeys(pairs)
        for pair in different:
            changes = self._made(before[pair[0]], after[pair[1]])
            if not changes:
                continue
            first = len(self._names)
            if len(different) == 1:
                self._names += names
                self._days += days
            else:
                self._names += [name for name, each in zip(names, pairs, strict=True) if each == pair]
                self._days += [day for day, each in zip(days, pairs, strict=True) if each == pair]
            places = range(first, len(self._names))
            for change in changes:
                self._row_places += places
                self._row_changes += repeat(change, len(places))

    def _made(self, before: Values, after: Values) -> Sequence[int]:
        """The numbers of the changes that make one of the other."""
        if before == after:
            return ()
        first = len(self._changes) // _CHANGE
        contacted, was_contacted = _is_contacted(after), _is_contacted(before)
        was = {value[0]: value for value in before}
        for value in after:
            old = was.pop(value[0], _NO_VALUE)
            if value != old or contacted != was_contacted:
                self._add_change(value, old, contacted * value[1] - was_contacted * old[1])
        for old in was.values():
            self._add_change((old[0], 0, 0, 0), old, -was_contacted * old[1])
        return range(first, len(self._changes) // _CHANGE)

    def _add_change(self, value: Value, old: Value, yd: int) -> None:
        (metric, y, x, raw), (_, oy, ox, oraw) = value, old
        self._changes += metric, y - oy, y * y - oy * oy, x - ox, x * x - ox * ox, x * y - ox * oy, yd, raw - oraw

    def _regroup(self, before: PackedContribution, after: PackedContribution) -> None:
        was, now = _grouped(before), _grouped(after)
        for grouped, values in was.items():
            if now.get(grouped) != values:
                self._add_to_group(grouped, values, -1)
        for grouped, values in now.items():
            if was.get(grouped) != values:
                self._add_to_group(grouped, values, 1)

    def _add_to_group(self, grouped: tuple[DatedCell, int], values: Values, sign: int) -> None:
        place, group = self._told(grouped[0]), grouped[1]
        self._groups += place, group, sign
        for metric, y, x, _ in values:
            self._in_groups += place, group, metric, sign * y, sign * x

    def _told(self, place: DatedCell) -> int:
        """Its number from now on."""
        self._names.append(place[0])
        self._days.append(place[1])
        return len(self._names) - 1

    def records(self) -> Iterator[bytes]:
        """The records that tell all of it."""
        if not self._names:
            return
        told = list(zip(self._names, self._days, strict=True))
        known = {place: cell for cell, place in enumerate(dict.fromkeys(told))}
        cells = np.fromiter(map(known.__getitem__, told), np.int64, len(told))
        heads = np.zeros((len(known), HEAD), np.int64)
        heads[:, 0] = [day for _, day in known]
        counts = _rows_of(self._counts, HEAD)
        np.add.at(heads[:, 1:], cells[counts[:, 0]], counts[:, 1:])
        groups, in_groups = _rows_of(self._groups, GROUP), _rows_of(self._in_groups, IN_GROUP)
        if len(groups):
            groups[:, 0], in_groups[:, 0] = cells[groups[:, 0]], cells[in_groups[:, 0]]
            groups, in_groups = _added_up(groups, 2), _added_up(in_groups, 3)
        names = [Raw(names) for names, _ in known]
        yield from self._parts(names, heads.ravel().tolist(), (self._sums(cells), groups, in_groups))

    def _sums(self, cells: Ints) -> Ints:
        """A row for each cell and metric that changes, or more of them."""
        places, changes = np.array(self._row_places, np.intp), np.array(self._row_changes, np.intp)
        sums = np.hstack([cells[places][:, None], _rows_of(self._changes, _CHANGE)[changes]])
        return _added_up(sums, 2) if len(sums) > _OFTEN * (cells.max() + 1) else sums

    def _parts(self, names: Sequence[Raw], heads: Sequence[int], columns: Sequence[Ints]) -> Iterator[bytes]:
        """One record of these cells, or as many as it takes for none to be too large."""
        record = write_partial(EncodedPartialCounts(names, heads, *(column.ravel().tolist() for column in columns)))
        if len(record) <= MOST_BYTES or len(names) == 1:
            yield record
            return
        middle = len(names) // 2
        yield from self._parts(names[:middle], heads[: middle * HEAD], [_of(each, 0, middle) for each in columns])
        yield from self._parts(
            names[middle:], heads[middle * HEAD :], [_of(each, middle, len(names)) for each in columns]
        )


def _is_contacted(values: Values) -> bool:
    for value in values:
        if value[0] == _CONTACTED:
            return value[1] != 0
    return False


def _grouped(given: PackedContribution) -> Mapping[tuple[DatedCell, int], Values]:
    """What is given by groups."""
    places = tuple(given.places)
    return {(places[number], group): given.values[given.of[number]] for number, group, _ in given.marks if group >= 0}


def _rows_of(column: Sequence[int], width: int) -> Ints:
    return np.array(column, np.int64).reshape(-1, width)


def _added_up(rows: Ints, keys: int) -> Ints:
    """Those with the same first numbers together as one."""
    places, inverse = np.unique(rows[:, :keys], axis=0, return_inverse=True)
    sums = np.zeros((len(places), rows.shape[1] - keys), np.int64)
    np.add.at(sums, inverse.reshape(-1), rows[:, keys:])
    return np.hstack([places, sums])


def _of(rows: Ints, start: int, end: int) -> Ints:
    """Those of some cells, counted from the first of them."""
    mine = rows[(rows[:, 0] >= start) & (rows[:, 0] < end)]
    mine[:, 0] -= start
    return mine
