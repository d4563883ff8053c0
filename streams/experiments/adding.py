"""Differences as they were told, to rows that are added to what is kept."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from streams.experiments.given import GROUPS
from streams.experiments.metrics import METRICS
from streams.experiments.partials import GROUP, HEAD, IN_GROUP, SUM, Counted, Where
from streams.experiments.totals import CONTAMINATED, GROUPED_WIDTH, OF_A_GROUP, OF_A_METRIC, SUMS, WIDTH, Ints, N

STRANGE = (ValueError, IndexError, OverflowError)
"""What comes of columns of another length, of places that are none, and of numbers that no sum has."""


def add_up(records: Sequence[Counted]) -> tuple[dict[Where, Ints], int]:
    """The rows of all the differences together, by cell; and how many records are not of Harmonia's making.

    Those are left out: kept for the next tick, they would stop whoever adds up, again and again.
    """
    try:
        return _added_up(records), 0
    except STRANGE:
        sound = [record for record in records if is_sound(record)]
        return _added_up(sound), len(records) - len(sound)


def by_experiment(found: Mapping[Where, Ints]) -> dict[str, dict[str, list[tuple[str, int, Ints]]]]:
    """The rows by experiment and edition, each with its variant and day; without nobody's."""
    rows: dict[str, dict[str, list[tuple[str, int, Ints]]]] = defaultdict(lambda: defaultdict(list))
    for (name, edition, variant, day), row in found.items():
        if name:
            rows[name][edition].append((variant, day, row))
    return rows


def is_sound(record: Counted) -> bool:
    """Whether it can be added up."""
    try:
        _added_up([record])
    except STRANGE:
        return False
    return True


def _added_up(records: Sequence[Counted]) -> dict[Where, Ints]:
    places: dict[Where, int] = {}
    where = [_places(record, places) for record in records]
    rows = np.zeros((len(places), WIDTH), np.int64)
    flat = rows.reshape(-1)
    for cells, record in zip(where, records, strict=True):
        heads, sums = columns_of(record)
        np.add.at(flat, cells * WIDTH + N, heads[:, 1])
        np.add.at(flat, cells * WIDTH + CONTAMINATED, heads[:, 2])
        first = cells[sums[:, 0]] * WIDTH + SUMS + OF_A_METRIC * sums[:, 1]
        np.add.at(flat, first[:, None] + np.arange(OF_A_METRIC), sums[:, 2:])
    found = dict(zip(places, rows, strict=True))
    return {**found, **_with_groups(found, where, records)}


def columns_of(record: Counted) -> tuple[Ints, Ints]:
    """Heads and sums, a row for each of their things. Raises one of `STRANGE`."""
    heads = np.array(record.heads, np.int64).reshape(-1, HEAD)
    sums = np.array(record.sums, np.int64).reshape(-1, SUM)
    _require(sums[:, 0], len(record.names))
    _require(sums[:, 1], len(METRICS))
    return heads, sums


def _places(record: Counted, places: dict[Where, int]) -> NDArray[np.intp]:
    days = record.heads[::HEAD]
    return np.array(
        [places.setdefault((*names, day), len(places)) for names, day in zip(record.names, days, strict=True)],
        np.intp,
    )


def _with_groups(
    found: Mapping[Where, Ints], where: Sequence[NDArray[np.intp]], records: Sequence[Counted]
) -> dict[Where, Ints]:
    wide: dict[int, Ints] = {}
    names = list(found) if any(record.groups for record in records) else []
    for cells, record in zip(where, records, strict=True):
        groups = np.array(record.groups, np.int64).reshape(-1, GROUP)
        in_groups = np.array(record.in_groups, np.int64).reshape(-1, IN_GROUP)
        for column in (groups, in_groups):
            _require(column[:, 0], len(cells))
            _require(column[:, 1], GROUPS)
        _require(in_groups[:, 2], len(METRICS))
        if in_groups.size and not groups.size:
            raise IndexError("outcomes of groups without people")  # by itself, whatever else is added up with it
        for cell, group, n in groups.tolist():
            _wide(wide, int(cells[cell]), found, names)[WIDTH + OF_A_GROUP * group] += n
        for cell, group, metric, y, x in in_groups.tolist():
            at = WIDTH + OF_A_GROUP * group + 1 + 2 * metric
            row = _wide(wide, int(cells[cell]), found, names)
            row[at] += y
            row[at + 1] += x
    return {names[place]: row for place, row in wide.items()}


def _require(places: Ints, most: int) -> None:
    if places.size and not 0 <= places.min() <= places.max() < most:
        raise IndexError(most)


def _wide(wide: dict[int, Ints], place: int, found: Mapping[Where, Ints], names: Sequence[Where]) -> Ints:
    row = wide.get(place)
    if row is None:
        row = wide[place] = np.zeros(GROUPED_WIDTH, np.int64)
        row[:WIDTH] = found[names[place]]
    return row
