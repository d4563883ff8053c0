"""What partitions of contacts tell the place where experiments are added up: the values of `experiment-partials`.

Differences come by the ten thousand, so a record of them has columns: they become arrays without a look at each.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

import msgspec
from msgspec import Struct

from streams.experiments.cells import Cell, Where

MOST_BYTES = 512 << 10
"""Of a record of differences."""
CELLS_AT_ONCE = 2_000

HEAD, SUM, GROUP, IN_GROUP = 3, 9, 3, 5
"""How many numbers each of the columns of `Counted` has for one of its things."""


class Counted(Struct, frozen=True, array_like=True, tag=1):
    """Differences of cells. Of a cell `names`: experiment, edition, variant; `heads`: day, people, contaminated.

    `sums`: of a cell and a metric: place of the cell here, place of the metric, then the seven of `Sums`. `groups`:
    cell, group, people. `in_groups`: cell, group, metric, outcomes, covariates.
    """

    names: Sequence[tuple[str, str, str]]
    heads: Sequence[int]
    sums: Sequence[int] = ()
    groups: Sequence[int] = ()
    in_groups: Sequence[int] = ()


class Stands(Struct, frozen=True, array_like=True, tag=2):
    """Whoever was counted in this partition is counted by these editions now, by experiment."""

    partition: int
    editions: Mapping[str, str]


class Defined(Struct, frozen=True, array_like=True, tag=3):
    """The value of a record of `experiment-definitions`; None: taken back."""

    experiment: str
    definition: bytes | None


class Tick(Struct, frozen=True, array_like=True, tag=4):
    """Time goes by: that of the record is now. `of`: how many ticks the sender had sent before."""

    of: int = 0


class Recounting(Struct, frozen=True, array_like=True, tag=5):
    """This partition counts everybody anew, since a restore, or has done so."""

    partition: int
    is_done: bool = False


Partial: TypeAlias = Counted | Stands | Defined | Tick | Recounting

write_partial = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(Partial).decode


def read_partial(value: bytes | None) -> Partial | None:
    """What a record says; None for one that is not of Harmonia's making."""
    try:
        return None if value is None else _read(value)
    except (msgspec.DecodeError, RecursionError):
        return None


def counted(cells: Mapping[Where, Cell]) -> Iterator[bytes]:
    """The records that tell these differences, without those that are none."""
    changed = [(where, cell) for where, cell in cells.items() if _is_any(cell)]
    for start in range(0, len(changed), CELLS_AT_ONCE):
        yield from _records(changed[start : start + CELLS_AT_ONCE])


def _records(cells: Sequence[tuple[Where, Cell]]) -> Iterator[bytes]:
    """One, or as many as it takes for none to be too large."""
    record = write_partial(_columns(cells))
    if len(record) <= MOST_BYTES or len(cells) == 1:
        yield record
        return
    half = len(cells) // 2
    yield from _records(cells[:half])
    yield from _records(cells[half:])


def _columns(cells: Sequence[tuple[Where, Cell]]) -> Counted:
    heads: list[int] = []
    sums: list[int] = []
    groups: list[int] = []
    in_groups: list[int] = []
    for place, (where, cell) in enumerate(cells):
        heads += where[3], cell.n, cell.contaminated
        for metric, each in cell.sums.items():
            sums += place, metric, each.y, each.yy, each.x, each.xx, each.xy, each.yd, each.raw
        for group, (n, totals) in cell.groups.items():
            groups += place, group, n
            in_groups += chain.from_iterable((place, group, metric, y, x) for metric, (y, x) in totals.items())
    return Counted([where[:3] for where, _ in cells], heads, sums, groups, in_groups)


def _is_any(cell: Cell) -> bool:
    """What was added and taken away again is nothing; and most cells are something by their first metric."""
    if cell.n or cell.contaminated:
        return True
    for sums in cell.sums.values():
        if sums.y or sums.yy or sums.raw or sums.x or sums.xx or sums.xy or sums.yd:
            return True
    return any(n or any(map(any, totals.values())) for n, totals in cell.groups.values())
