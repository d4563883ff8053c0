"""Keeps the sums that pages ask for most: of five minutes by few labels, and over all hours that are kept.

They follow from `cells` and `hours`, and are written in the transactions of those.
"""

from collections.abc import Mapping, Sequence

from streams.services.console.desk import Desk
from streams.services.console.desk_names import SeriesNumbers
from streams.services.console.desk_schema import COARSE_MS, SUM_UP, SUM_UP_TOTALS

Deltas = Mapping[tuple[int, int], Sequence[int]]
"""By time and series what is added: happened, counted, amount, supporters, machine, then minutes if there are any."""

_ADD_FIVE = """INSERT INTO fives VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    happened = happened + excluded.happened, counted = counted + excluded.counted, amount = amount + excluded.amount,
    supporters = supporters + excluded.supporters, machine = machine + excluded.machine,
    last = max(last, excluded.last)"""
_ADD_TOTAL = """INSERT INTO totals VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    happened = happened + excluded.happened, counted = counted + excluded.counted, amount = amount + excluded.amount,
    supporters = supporters + excluded.supporters, machine = machine + excluded.machine,
    first = min(first, excluded.first), last = max(last, excluded.last)"""
_COUNTS = 5


def add_fives(desk: Desk, series: SeriesNumbers, cells: Deltas) -> None:
    """Add to the sums of five minutes what is added to cells."""
    found: dict[tuple[int, int], list[int]] = {}
    for (minute, number), delta in cells.items():
        place = minute // COARSE_MS * COARSE_MS, series.broad_of(number)
        known = found.get(place)
        if known is None:
            found[place] = [*delta, minute]
            continue
        for at in range(_COUNTS):
            known[at] += delta[at]
        known[_COUNTS] = max(known[_COUNTS], minute)
    desk.run_many(_ADD_FIVE, [(*place, *sums) for place, sums in found.items()])


def add_totals(desk: Desk, hours: Deltas) -> None:
    """Add to the sums over all hours what is added to hours."""
    found: dict[int, list[int]] = {}
    for (_, number), (*delta, first, last) in hours.items():
        known = found.get(number)
        if known is None:
            found[number] = [*delta, first, last]
            continue
        for at in range(_COUNTS):
            known[at] += delta[at]
        known[_COUNTS], known[_COUNTS + 1] = min(known[_COUNTS], first), max(known[_COUNTS + 1], last)
    desk.run_many(_ADD_TOTAL, [(number, *sums) for number, sums in found.items()])


def sum_up_totals(desk: Desk) -> None:
    """Make the sums over all hours anew, since hours are gone. In a transaction of the caller's."""
    for sql in SUM_UP_TOTALS:
        desk.run(sql)


def sum_up(desk: Desk) -> None:
    """Make all sums anew, of what was written without them. In a transaction of the caller's."""
    for sql in SUM_UP:
        desk.run(sql)
