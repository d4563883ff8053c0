"""Sums over people: exact, in integers, added up and taken apart in any order."""

from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

from streams.experiments.given import Given, Value
from streams.experiments.metrics import PLACE

_CONTACTED = PLACE["contacted"]


class Sums(Struct, array_like=True):
    """Of one metric: outcomes `y`, covariates `x`, their squares and products, and outcomes of the contacted (`yd`).

    `raw`: outcomes before winsorising.
    """

    y: int = 0
    yy: int = 0
    x: int = 0
    xx: int = 0
    xy: int = 0
    yd: int = 0
    raw: int = 0


class Cell(Struct, array_like=True):
    """A set of people. `sums` by the metric's place; absent: all 0. `groups`: by household group people and outcomes.

    Of a group: how many people, and by metric the outcomes and covariates.
    """

    n: int = 0
    contaminated: int = 0
    sums: dict[int, Sums] = {}
    groups: dict[int, tuple[int, dict[int, tuple[int, int]]]] = {}


Where: TypeAlias = tuple[str, str, str, int]
"""Experiment, edition, variant, day of assignment."""


class Difference:
    """What a chunk of changes adds to cells, which may be less than nothing."""

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells: dict[Where, Cell] = {}

    def replace(self, before: Iterable[Given], after: Iterable[Given]) -> None:
        """People who were counted as `before` are counted as `after`; of one person each experiment is there once."""
        if before is after:  # as they nearly always are
            return
        was = {each.experiment: each for each in before}
        for given in after:
            old = was.pop(given.experiment, None)
            if old is None:
                self._add(given, 1)
            elif old != given:
                self._change(old, given)
        for old in was.values():
            self._add(old, -1)

    def _change(self, old: Given, new: Given) -> None:
        """Most changes are of one metric of a person who stays where they are."""
        if _place(old) != _place(new) or _is_contacted(old) != _is_contacted(new):
            self._add(old, -1)
            self._add(new, 1)
            return
        cell = self._cell(new)
        kept = set(new.values).intersection(old.values)
        contacted = _is_contacted(new)
        _sum(cell, [value for value in old.values if value not in kept], -1, contacted=contacted)
        _sum(cell, [value for value in new.values if value not in kept], 1, contacted=contacted)
        if new.group >= 0:
            self._add_to_group(cell, old, -1)
            self._add_to_group(cell, new, 1)

    def _add(self, given: Given, sign: int) -> None:
        cell = self._cell(given)
        cell.n += sign
        cell.contaminated += sign * given.contaminated
        _sum(cell, given.values, sign, contacted=_is_contacted(given))
        if given.group >= 0:
            self._add_to_group(cell, given, sign)

    def _cell(self, given: Given) -> Cell:
        where = given.experiment, given.edition, given.variant, given.day
        cell = self.cells.get(where)
        if cell is None:
            cell = self.cells[where] = Cell()
        return cell

    def _add_to_group(self, cell: Cell, given: Given, sign: int) -> None:
        n, totals = cell.groups.get(given.group, (0, {}))
        for place, y, x, _ in given.values:
            was_y, was_x = totals.get(place, (0, 0))
            totals[place] = was_y + sign * y, was_x + sign * x
        cell.groups[given.group] = n + sign, totals


def _place(given: Given) -> tuple[str, str, int, int, bool]:
    """All by which people of an experiment are told apart."""
    return given.edition, given.variant, given.day, given.group, given.contaminated


def _is_contacted(given: Given) -> bool:
    return any(place == _CONTACTED and y for place, y, _, _ in given.values)


def _sum(cell: Cell, values: Iterable[Value], sign: int, *, contacted: bool) -> None:
    for place, y, x, raw in values:
        sums = cell.sums.get(place)
        if sums is None:
            sums = cell.sums[place] = Sums()
        sums.y += sign * y
        sums.yy += sign * y * y
        sums.raw += sign * raw
        if x:
            sums.x += sign * x
            sums.xx += sign * x * x
            sums.xy += sign * x * y
        if contacted:
            sums.yd += sign * y
