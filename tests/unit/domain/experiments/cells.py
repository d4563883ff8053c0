"""Sums over people, one by one and in Python's own integers: what the columns of chunks have to come to."""

from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from events.experiments.metrics import PLACE
from streams.domain.contact.contribution import Contribution
from streams.domain.experiments.partials import CellKey
from streams.domain.experiments.row_layout import GROUPED_WIDTH, OF_A_GROUP, OF_A_METRIC, SUMS, WIDTH, Ints

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


class Difference:
    """What changes of people add to cells, which may be less than nothing."""

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells: dict[CellKey, Cell] = {}

    def replace(self, before: Iterable[Contribution], after: Iterable[Contribution]) -> None:
        """One person who was counted as `before` is counted as `after`; two people may be counted alike."""
        if before is after:  # as they nearly always are
            return
        before, after = set(before), set(after)
        for given in before - after:
            self._add(given, -1)
        for given in after - before:
            self._add(given, 1)

    def _add(self, given: Contribution, sign: int) -> None:
        where = given.experiment, given.edition, given.variant, given.day
        cell = self.cells.get(where)
        if cell is None:
            cell = self.cells[where] = Cell()
        cell.n += sign
        cell.contaminated += sign * given.contaminated
        contacted = any(place == _CONTACTED and y for place, y, _, _ in given.values)
        for place, y, x, raw in given.values:
            sums = cell.sums.get(place)
            if sums is None:
                sums = cell.sums[place] = Sums()
            sums.y += sign * y
            sums.yy += sign * y * y
            sums.x += sign * x
            sums.xx += sign * x * x
            sums.xy += sign * x * y
            sums.raw += sign * raw
            if contacted:
                sums.yd += sign * y
        if given.group >= 0:
            self._add_to_group(cell, given, sign)

    def _add_to_group(self, cell: Cell, given: Contribution, sign: int) -> None:
        n, totals = cell.groups.get(given.group, (0, {}))
        for place, y, x, _ in given.values:
            was_y, was_x = totals.get(place, (0, 0))
            totals[place] = was_y + sign * y, was_x + sign * x
        cell.groups[given.group] = n + sign, totals


def row_of(cell: Cell) -> Ints:
    """As a row is kept that has room for groups."""
    row: Ints = np.zeros(GROUPED_WIDTH, np.int64)
    row[:SUMS] = cell.n, cell.contaminated
    for metric, sums in cell.sums.items():
        first = SUMS + OF_A_METRIC * metric
        row[first : first + OF_A_METRIC] = sums.y, sums.yy, sums.x, sums.xx, sums.xy, sums.yd, sums.raw
    for group, (n, totals) in cell.groups.items():
        first = WIDTH + OF_A_GROUP * group
        row[first] = n
        for metric, (y, x) in totals.items():
            row[first + 1 + 2 * metric : first + 3 + 2 * metric] = y, x
    return row
