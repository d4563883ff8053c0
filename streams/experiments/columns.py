"""Differences as a chunk of contacts makes them: straight into the columns of a record.

Who opens a message changes ten experiments at once, so there are no objects for what is told and forgotten: they took
nearly three times as long (ADR 18).
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from streams.experiments.given import Given, Value
from streams.experiments.metrics import PLACE
from streams.experiments.partials import GROUP, HEAD, IN_GROUP, MOST_BYTES, SUM, Counted, Where, write_partial

_CONTACTED = PLACE["contacted"]
_OFTEN = 4
"""Rows of a cell from which on, on average, it is worth while to add them up."""
_NOTHING: Value = (-1, 0, 0, 0)


class Columns:
    """What a chunk of changes adds to cells."""

    __slots__ = ("_cells", "_groups", "_heads", "_in_groups", "_sums")

    def __init__(self) -> None:
        self._cells: dict[Where, int] = {}
        self._heads: list[int] = []
        self._sums: list[int] = []
        self._groups: list[int] = []
        self._in_groups: list[int] = []

    def replace(self, before: Sequence[Given], after: Sequence[Given]) -> None:
        """A person who was counted as `before` is counted as `after`; each experiment is there once."""
        if before is after:
            return
        same = 0
        for old, given in zip(before, after, strict=False):  # most people are in the experiments that they were in
            if old is not given:
                if old.experiment != given.experiment:
                    break
                if old != given:
                    self._change(old, given)
            same += 1
        self._replace_others(before[same:], after[same:])

    def _replace_others(self, before: Sequence[Given], after: Sequence[Given]) -> None:
        was = {each.experiment: each for each in before}
        for given in after:
            old = was.pop(given.experiment, None)
            if old is None:
                self._add(given, 1)
            elif old != given:
                self._change(old, given)
        for old in was.values():
            self._add(old, -1)

    def records(self) -> Iterator[bytes]:
        """The records that tell all of it."""
        if not self._cells:
            return
        if len(self._sums) > _OFTEN * SUM * len(self._cells):
            self._sums = _added_up(self._sums, SUM, 2)
        if self._groups:
            self._groups = _added_up(self._groups, GROUP, 2)
            self._in_groups = _added_up(self._in_groups, IN_GROUP, 3)
        names = [where[:3] for where in self._cells]
        record = write_partial(Counted(names, self._heads, self._sums, self._groups, self._in_groups))
        if len(record) <= MOST_BYTES or len(names) == 1:
            yield record
        else:
            yield from self._parts(names, 0, len(names))

    def _parts(self, names: Sequence[tuple[str, str, str]], start: int, end: int) -> Iterator[bytes]:
        """One record of these cells, or as many as it takes for none to be too large."""
        columns = [
            _of(column, width, start, end)
            for column, width in ((self._sums, SUM), (self._groups, GROUP), (self._in_groups, IN_GROUP))
        ]
        record = write_partial(Counted(names[start:end], self._heads[start * HEAD : end * HEAD], *columns))
        if len(record) <= MOST_BYTES or end - start == 1:
            yield record
            return
        middle = (start + end) // 2
        yield from self._parts(names, start, middle)
        yield from self._parts(names, middle, end)

    def _change(self, old: Given, new: Given) -> None:
        """Most changes are of one metric of a person who stays where they are."""
        stays = old.variant == new.variant and old.day == new.day and old.edition == new.edition
        if not stays or old.group != new.group or old.contaminated != new.contaminated:
            self._add(old, -1)
            self._add(new, 1)
            return
        contacted, was_contacted = _is_contacted(new.values), _is_contacted(old.values)
        cell, sums = self._cell(new), self._sums
        before = old.values
        for value in new.values:
            if contacted == was_contacted and value in before:
                continue
            place, y, x, raw = value
            _, oy, ox, oraw = next((each for each in before if each[0] == place), _NOTHING)
            yd = contacted * y - was_contacted * oy
            sums += cell, place, y - oy, y * y - oy * oy, x - ox, x * x - ox * ox, x * y - ox * oy, yd, raw - oraw
        places = [value[0] for value in new.values]
        for place, y, x, raw in before:
            if place not in places:
                sums += cell, place, -y, -y * y, -x, -x * x, -x * y, -was_contacted * y, -raw
        if new.group >= 0:
            self._add_to_group(cell, old, -1)
            self._add_to_group(cell, new, 1)

    def _add(self, given: Given, sign: int) -> None:
        cell, contacted = self._cell(given), sign * _is_contacted(given.values)
        self._heads[cell * HEAD + 1] += sign
        self._heads[cell * HEAD + 2] += sign * given.contaminated
        for place, y, x, raw in given.values:
            yy, xx, xy = sign * y * y, sign * x * x, sign * x * y
            self._sums += cell, place, sign * y, yy, sign * x, xx, xy, contacted * y, sign * raw
        if given.group >= 0:
            self._add_to_group(cell, given, sign)

    def _add_to_group(self, cell: int, given: Given, sign: int) -> None:
        self._groups += cell, given.group, sign
        for place, y, x, _ in given.values:
            self._in_groups += cell, given.group, place, sign * y, sign * x

    def _cell(self, given: Given) -> int:
        where = given.experiment, given.edition, given.variant, given.day
        cell = self._cells.get(where)
        if cell is None:
            cell = self._cells[where] = len(self._cells)
            self._heads += given.day, 0, 0
        return cell


def _is_contacted(values: Iterable[Value]) -> bool:
    for value in values:
        if value[0] == _CONTACTED:
            return value[1] != 0
    return False


def _added_up(column: list[int], width: int, keys: int) -> list[int]:
    """The rows of a column, those with the same first numbers together as one."""
    rows = np.array(column, np.int64).reshape(-1, width)
    places, inverse = np.unique(rows[:, :keys], axis=0, return_inverse=True)
    sums = np.zeros((len(places), width - keys), np.int64)
    np.add.at(sums, inverse.reshape(-1), rows[:, keys:])
    found: list[int] = np.hstack([places, sums]).ravel().tolist()
    return found


def _of(column: Sequence[int], width: int, start: int, end: int) -> list[int]:
    """The rows of some cells, counted from the first of them."""
    rows = np.array(column, np.int64).reshape(-1, width)
    mine = rows[(rows[:, 0] >= start) & (rows[:, 0] < end)]
    mine[:, 0] -= start
    found: list[int] = mine.ravel().tolist()
    return found
