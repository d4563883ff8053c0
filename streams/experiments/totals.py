"""Sums of experiments as rows of 64-bit integers: thousands of cells are added up at once, exactly.

A row has people, contaminated people and the seven sums of each metric; of households and turfs it goes on with people,
outcomes and covariates of each group. No sum of squares reaches 2^63 before nine million people have each given as much
as is counted at most (1,000,000 minor units); nor does a sum of whole amounts before 90,000 people gave 10^14 each,
which is the most that one person counts for. Beyond that sums go round (modulo 2^64), so they are right again once
who made such gifts up is erased; comparisons never see them.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.experiments.given import GROUPS
from streams.experiments.metrics import METRICS

N, CONTAMINATED, SUMS = 0, 1, 2
"""Where in a row people are, and where the sums of the first metric begin."""
OF_A_METRIC = 7
Y, YY, X, XX, XY, YD, RAW = range(OF_A_METRIC)
"""Places of the sums of a metric."""
WIDTH = SUMS + OF_A_METRIC * len(METRICS)
PLAIN = WIDTH * 8
"""Bytes of a row without groups."""
_PACKED = b"z"
"""Before a row with groups, once or twice, so that it has another length. No packed bytes begin with it."""
OF_A_GROUP = 1 + 2 * len(METRICS)
"""People, then outcomes and covariates of each metric."""
GROUPED_WIDTH = WIDTH + GROUPS * OF_A_GROUP
_NOTHING, _NOBODY = bytes(PLAIN), bytes(8 * GROUPED_WIDTH)

Ints: TypeAlias = NDArray[np.int64]


MOST_ARMS = 64
"""Variants of an experiment that are counted, those that came first: a definition has 32 at most, and their holdout."""


class Arm(Struct, frozen=True, array_like=True, gc=False):
    """One variant: rows as bytes, of all days that are closed together and of each one that is open."""

    closed: bytes = b""
    days: dict[int, bytes] = {}


_NO_ARM = Arm()


class Totals(Struct, frozen=True, array_like=True, gc=False):
    """What was counted of an experiment by one edition. `closed_until`: the first day that is not closed."""

    arms: dict[str, Arm] = {}
    closed_until: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nobody is counted in it."""
        return not any(arm.closed or arm.days for arm in self.arms.values())


def row_of(data: bytes) -> Ints:
    """The row that was written; of nothing all 0."""
    if not data:
        return np.zeros(WIDTH, np.int64)
    return np.frombuffer(data if len(data) == PLAIN else zlib.decompress(data.lstrip(_PACKED)), np.int64)


def _written(row: Ints) -> bytes:
    """Empty where all is 0. A row of groups is packed, being forty times as long and full of zeros.

    Bytes are compared, since to ask numpy takes several times as long, and it is asked for each cell.
    """
    data = row.tobytes()
    if data == _NOBODY[: len(data)]:
        return b""
    if row.size == WIDTH:
        return data
    packed = _PACKED + zlib.compress(data, 1)
    return packed if len(packed) != PLAIN else _PACKED + packed


def added(totals: Totals, more: Iterable[tuple[str, int, Ints]]) -> Totals:
    """The totals with rows more, each of a variant and a day of assignment.

    A variant that was counted once stays, also with nobody in it: or one that there was no room for would come in
    later, and people be taken away from it that were never added.
    """
    arms = dict(totals.arms)
    opened: dict[str, dict[int, bytes]] = {}
    for variant, day, row in more:
        days = opened.get(variant)
        if days is None:
            held = arms.get(variant, _NO_ARM)
            if held is _NO_ARM and len(arms) >= MOST_ARMS:
                continue
            days = opened[variant] = held.days.copy()
            arms[variant] = Arm(held.closed, days)
        if day < totals.closed_until:
            arms[variant] = Arm(both(arms[variant].closed, row), days)
        else:
            _put(days, day, both(days.get(day, b""), row))
    return Totals(arms, totals.closed_until)


def closed(totals: Totals, until: int) -> Totals:
    """The totals with all days before this one closed."""
    if until <= totals.closed_until:
        return totals
    return Totals({variant: _closed(arm, until) for variant, arm in totals.arms.items()}, until)


def _closed(arm: Arm, until: int) -> Arm:
    done = [day for day in arm.days if day < until]
    if not done:
        return arm
    row = arm.closed
    for day in done:
        row = both(row, row_of(arm.days[day]))
    return Arm(row, {day: held for day, held in arm.days.items() if day >= until})


def both(data: bytes, row: Ints) -> bytes:
    """The sum of two rows; empty where that is 0 throughout."""
    if len(data) == PLAIN and row.size == WIDTH:  # as nearly all are, at each tick by the ten thousand
        data = (np.frombuffer(data, np.int64) + row).tobytes()
        return b"" if data == _NOTHING else data
    if not data:
        return _written(row)
    held = row_of(data)
    if held.size == row.size:
        return _written(held + row)
    short, long = sorted((held, row), key=lambda each: each.size)
    whole = long.copy()
    whole[: short.size] += short
    return _written(whole)


def _put(days: dict[int, bytes], day: int, row: bytes) -> None:
    if row:
        days[day] = row
    else:
        days.pop(day, None)


def rows(parts: Sequence[Sequence[bytes]], width: int = WIDTH) -> Ints:
    """Of each of these the sum of its rows, cut or filled to a width. Shape [len(parts), width]."""
    found = np.zeros((len(parts), width), np.int64)
    plain = [(place, data) for place, each in enumerate(parts) for data in each if len(data) == PLAIN]
    if plain:
        held = np.frombuffer(b"".join([data for _, data in plain]), np.int64).reshape(-1, WIDTH)
        places, starts = np.unique(np.array([place for place, _ in plain], np.intp), return_index=True)
        found[places, :WIDTH] = np.add.reduceat(held, starts, axis=0)
    for place, each in enumerate(parts):
        for data in each:
            if data and len(data) != PLAIN:
                row = row_of(data)[:width]
                found[place, : row.size] += row
    return found
