"""Partial counts of partitions, added up to rows by cell that are added to the totals."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from streams.domain.contact.contribution import GROUPS
from streams.domain.experiments.partials import GROUP, HEAD, IN_GROUP, SUM, CellKey, PartialCounts
from streams.domain.experiments.row_layout import (
    CONTAMINATED,
    KNOWN,
    MOST_METRICS,
    OF_A_METRIC,
    SUMS,
    Ints,
    N,
    metrics_in,
    width_of,
    width_of_group,
    width_with_groups,
    with_metrics,
)

STRANGE = (ValueError, IndexError, OverflowError)
"""What comes of columns of another length, of places that are none, and of numbers that no sum has."""


def add_up(records: Sequence[PartialCounts]) -> tuple[dict[CellKey, Ints], int]:
    """The rows of all the differences together, by cell; and how many records are not of Harmonia's making.

    Those are left out: kept for the next tick, they would stop whoever adds up, again and again.
    """
    try:
        return _added_up(records), 0
    except STRANGE:
        sound = [record for record in records if is_sound(record)]
        return _added_up(sound), len(records) - len(sound)


def by_experiment(found: Mapping[CellKey, Ints]) -> dict[str, dict[str, list[tuple[str, int, Ints]]]]:
    """The rows by experiment and edition, each with its variant and day; without nobody's."""
    rows: dict[str, dict[str, list[tuple[str, int, Ints]]]] = defaultdict(lambda: defaultdict(list))
    for (name, edition, variant, day), row in found.items():
        if name:
            rows[name][edition].append((variant, day, row))
    return rows


def is_sound(record: PartialCounts) -> bool:
    """Whether it can be added up."""
    try:
        _added_up([record])
    except STRANGE:
        return False
    return True


def _added_up(records: Sequence[PartialCounts]) -> dict[CellKey, Ints]:
    places: dict[CellKey, int] = {}
    where = [_places(record, places) for record in records]
    columns = [columns_of(record) for record in records]
    metrics = max([_metrics_named(sums[:, 1]) for _, sums in columns], default=KNOWN)
    width = width_of(metrics)
    rows = np.zeros((len(places), width), np.int64)
    flat = rows.reshape(-1)
    for cells, (heads, sums) in zip(where, columns, strict=True):
        np.add.at(flat, cells * width + N, heads[:, 1])
        np.add.at(flat, cells * width + CONTAMINATED, heads[:, 2])
        first = cells[sums[:, 0]] * width + SUMS + OF_A_METRIC * sums[:, 1]
        np.add.at(flat, first[:, None] + np.arange(OF_A_METRIC), sums[:, 2:])
    found = dict(zip(places, rows, strict=True))
    return {**found, **_with_groups(found, where, records)}


def columns_of(record: PartialCounts, most: int = MOST_METRICS) -> tuple[Ints, Ints]:
    """Heads and sums, a row for each of their things. Raises one of `STRANGE`, also beyond so many metrics."""
    heads = np.array(record.heads, np.int64).reshape(-1, HEAD)
    sums = np.array(record.sums, np.int64).reshape(-1, SUM)
    _require(sums[:, 0], len(record.names))
    _require(sums[:, 1], most)
    return heads, sums


def _metrics_named(places: Ints) -> int:
    """How many metrics a row has to have for these; those of this version at least."""
    return max(KNOWN, int(places.max(initial=-1)) + 1)


def _places(record: PartialCounts, places: dict[CellKey, int]) -> NDArray[np.intp]:
    days = record.heads[::HEAD]
    return np.array(
        [places.setdefault((*names, day), len(places)) for names, day in zip(record.names, days, strict=True)],
        np.intp,
    )


def _with_groups(
    found: Mapping[CellKey, Ints], where: Sequence[NDArray[np.intp]], records: Sequence[PartialCounts]
) -> dict[CellKey, Ints]:
    wide: dict[int, _Grouped] = {}
    names = list(found) if any(record.groups for record in records) else []
    for cells, record in zip(where, records, strict=True):
        groups = np.array(record.groups, np.int64).reshape(-1, GROUP)
        in_groups = np.array(record.in_groups, np.int64).reshape(-1, IN_GROUP)
        for column in (groups, in_groups):
            _require(column[:, 0], len(cells))
            _require(column[:, 1], GROUPS)
        _require(in_groups[:, 2], MOST_METRICS)
        if in_groups.size and not groups.size:
            raise IndexError("outcomes of groups without people")  # by itself, whatever else is added up with it
        metrics = _metrics_named(in_groups[:, 2])
        for cell, group, n in groups.tolist():
            _wide(wide, int(cells[cell]), found, names).at(metrics)[group, 0] += n
        for cell, group, metric, y, x in in_groups.tolist():
            held = _wide(wide, int(cells[cell]), found, names).at(metrics)
            held[group, 1 + 2 * metric] += y
            held[group, 2 + 2 * metric] += x
    return {names[place]: held.row for place, held in wide.items()}


def _require(places: Ints, most: int) -> None:
    if places.size and not 0 <= places.min() <= places.max() < most:
        raise IndexError(most)


class _Grouped:
    """A row that is being given groups."""

    def __init__(self, row: Ints) -> None:
        metrics = metrics_in(row)
        self.row: Ints = np.zeros(width_with_groups(metrics), np.int64)
        self.row[: row.size] = row

    def at(self, metrics: int) -> Ints:
        """Its groups, with room for so many metrics at least. Shape [GROUPS, width of a group]."""
        held = metrics_in(self.row)
        if held < metrics:
            self.row, held = with_metrics(self.row, metrics), metrics
        return self.row[width_of(held) :].reshape(GROUPS, width_of_group(held))


def _wide(wide: dict[int, _Grouped], place: int, found: Mapping[CellKey, Ints], names: Sequence[CellKey]) -> _Grouped:
    held = wide.get(place)
    if held is None:
        held = wide[place] = _Grouped(found[names[place]])
    return held
