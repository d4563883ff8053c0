"""Rows of the experiments that change all the time, in one array: thousands of cells are added to at once.

As bytes, each with its experiment, they took a hundred milliseconds at every tick to add to and to gather.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.domain.experiments.delta_rows import STRANGE, columns_of, is_sound
from streams.domain.experiments.partials import GROUP, HEAD, IN_GROUP, CellKey, PartialCounts, without_other_cells
from streams.domain.experiments.row_layout import (
    CONTAMINATED,
    KNOWN,
    OF_A_METRIC,
    SUMS,
    WIDTH,
    Ints,
    N,
    encode_plain_row,
    fits_plain,
    row_of,
)
from streams.domain.experiments.totals import MOST_ARMS, ExperimentTotals, VariantTotals

MOST = 1 << 17
"""Rows, 75 MB."""

NO_ROWS: Ints = np.zeros((1, WIDTH), np.int64)

_LEAST = 1_024
_NOBODYS_ROW = 0
"""To which is added what is added elsewhere."""


class LiveArm(Struct, gc=False):
    """Where the rows of one variant are: of all closed days, of each open one, and of all days together."""

    closed: int
    whole: int
    days: dict[int, int]


class LiveExperiment(Struct, gc=False):
    """An experiment whose rows are in the table, by its shown edition. `first_day`: the first open one."""

    edition: str
    closed_until: int
    arms: dict[str, LiveArm]
    first_day: int | None = None


class RowTable(Mapping[str, LiveExperiment]):
    """Rows of experiments in one array, with the experiments by name."""

    def __init__(self) -> None:
        self.array: Ints = np.zeros((_LEAST, WIDTH), np.int64)
        self._whole: NDArray[np.intp] = np.zeros(_LEAST, np.intp)
        self._free = list(range(_LEAST - 1, _NOBODYS_ROW, -1))
        self._places: dict[CellKey, int] = {}
        self._live: dict[str, LiveExperiment] = {}

    def __getitem__(self, name: str) -> LiveExperiment:
        return self._live[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._live)

    def __len__(self) -> int:
        return len(self._live)

    def take(self, name: str, edition: str, totals: ExperimentTotals) -> bool:
        """Keep these sums as rows of the table from now on, if they can be.

        There has to be room, and none may be of households or turfs, or of metrics that this version does not know.
        """
        kept = [data for arm in totals.arms.values() for data in (arm.closed, *arm.days.values())]
        if len(totals.arms) >= MOST_ARMS or not all(map(fits_plain, kept)):
            return False
        if not self._has_room(len(kept) + len(totals.arms)):
            return False
        live = self._live[name] = LiveExperiment(edition, totals.closed_until, {})
        for variant, arm in totals.arms.items():
            whole = self._row(b"")
            held = live.arms[variant] = LiveArm(self._row(arm.closed), whole, {})
            for day, data in arm.days.items():
                self._open((name, edition, variant, day), live, held, self._row(data))
            self._add_up(held)
        return True

    def totals(self, name: str) -> ExperimentTotals:
        """The present sums of an experiment."""
        live, array = self._live[name], self.array
        arms = {
            variant: VariantTotals(
                encode_plain_row(array[arm.closed]),
                {day: data for day, place in arm.days.items() if (data := encode_plain_row(array[place]))},
            )
            for variant, arm in live.arms.items()
        }
        return ExperimentTotals(arms, live.closed_until)

    def drop(self, name: str) -> None:
        """Drop the rows of an experiment."""
        live = self._live.pop(name)
        for variant, arm in live.arms.items():
            for day in arm.days:
                del self._places[name, live.edition, variant, day]
            self._free += [arm.closed, arm.whole, *arm.days.values()]

    def close(self, name: str, until: int) -> None:
        """Close all days of an experiment before this one."""
        live = self._live[name]
        if until <= live.closed_until:
            return
        live.closed_until = until
        for variant, arm in live.arms.items():
            for day in [day for day in arm.days if day < until]:
                place = arm.days.pop(day)
                self.array[arm.closed] += self.array[place]
                self._free.append(place)
                del self._places[name, live.edition, variant, day]
        live.first_day = min((day for arm in live.arms.values() for day in arm.days), default=None)

    def add(self, records: Sequence[PartialCounts]) -> tuple[Collection[str], list[PartialCounts]]:
        """Add what can be added here: the experiments that were added to, and the records without that.

        Of an experiment that is counted by another edition as well nothing is: what is shown of it has to stay as it is
        before all of that (`following`).
        """
        touched: set[str] = set()
        rest: list[PartialCounts] = []
        for record, found in zip(records, self._places_of_all(records), strict=True):
            is_added = any(found) and self._add(record, np.array(found, np.intp))
            places = found if is_added else [_NOBODYS_ROW] * len(record.names)
            touched.update([cell[0] for cell, place in zip(record.names, places, strict=True) if place])
            if not all(places):
                rest.append(without_other_cells(record, [place == _NOBODYS_ROW for place in places]))
        return touched, rest

    def _places_of_all(self, records: Sequence[PartialCounts]) -> Sequence[list[int]]:
        found = [self._places_of(record) for record in records]
        apart = {
            name
            for record, places in zip(records, found, strict=True)
            if not all(places)
            for name, edition, _ in record.names
            if (live := self._live.get(name)) is not None and live.edition != edition
        }
        if not apart:
            return found
        return [
            [_NOBODYS_ROW if cell[0] in apart else place for cell, place in zip(record.names, places, strict=True)]
            for record, places in zip(records, found, strict=True)
        ]

    def _places_of(self, record: PartialCounts) -> list[int]:
        """Of each cell that of its row; that of nobody where it has none here."""
        days = record.heads[::HEAD]
        if len(days) != len(record.names):
            return [_NOBODYS_ROW] * len(record.names)
        wheres = [(*names, day) for names, day in zip(record.names, days, strict=True)]
        known = self._places
        if not record.groups and not record.in_groups:
            return [known.get(where) or self._opened(where) for where in wheres]
        wide = {*record.groups[::GROUP], *record.in_groups[::IN_GROUP]}
        return [
            _NOBODYS_ROW if cell in wide else known.get(where) or self._opened(where)
            for cell, where in enumerate(wheres)
        ]

    def _opened(self, where: CellKey) -> int:
        name, edition, variant, day = where
        live = self._live.get(name)
        if live is None or live.edition != edition or (arm := live.arms.get(variant)) is None or not self._has_room(1):
            return _NOBODYS_ROW
        if day < live.closed_until:
            return arm.closed
        return self._open(where, live, arm, self._row(b""))

    def _open(self, where: CellKey, live: LiveExperiment, arm: LiveArm, place: int) -> int:
        day = where[3]
        arm.days[day] = self._places[where] = place
        self._whole[place] = arm.whole
        live.first_day = day if live.first_day is None else min(day, live.first_day)
        return place

    def _add(self, record: PartialCounts, places: NDArray[np.intp]) -> bool:
        """Whether it could be added up: of one that could not be, nothing has been added."""
        if (record.groups or record.in_groups) and not is_sound(record):
            return False
        try:
            heads, sums = columns_of(record, KNOWN)
        except STRANGE:
            return False
        cells, metrics = sums[:, 0], sums[:, 1]
        flat = self.array.reshape(-1)
        first = SUMS + OF_A_METRIC * metrics[:, None] + np.arange(OF_A_METRIC)
        for rows in (places, self._whole[places]):
            np.add.at(flat, rows * WIDTH + N, heads[:, 1])
            np.add.at(flat, rows * WIDTH + CONTAMINATED, heads[:, 2])
            np.add.at(flat, rows[cells][:, None] * WIDTH + first, sums[:, 2:])
        return True

    def anybody(self, name: str) -> bool:
        """Whether anybody is counted in an experiment."""
        return any(self.array.item(arm.whole, N) for arm in self._live[name].arms.values())

    def _row(self, data: bytes) -> int:
        place = self._free.pop()
        self.array[place] = row_of(data)
        return place

    def _add_up(self, arm: LiveArm) -> None:
        self.array[arm.whole] = self.array[[arm.closed, *arm.days.values()]].sum(axis=0)
        self._whole[arm.closed] = arm.whole

    def _has_room(self, rows: int) -> bool:
        """Whether there is room for so many more rows; the array is doubled where it must be."""
        while len(self._free) < rows:
            size = len(self.array)
            if size * 2 > MOST:
                return False
            self.array = np.concatenate([self.array, np.zeros_like(self.array)])
            self._whole = np.concatenate([self._whole, np.zeros_like(self._whole)])
            self._free += range(size * 2 - 1, size - 1, -1)
        return True
