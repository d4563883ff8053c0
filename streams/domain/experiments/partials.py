"""Partial counts of experiments that partitions of contacts send to be added up: values of `experiment-partials`.

Differences come by the ten thousand, so a record of them has columns: they become arrays without a look at each.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from events.json_types import UNREADABLE

MOST_BYTES = 512 << 10
"""The most bytes of a record of differences."""

HEAD, SUM, GROUP, IN_GROUP = 3, 9, 3, 5
"""How many numbers each of the columns of `PartialCounts` has for one of its things."""


CellKey: TypeAlias = tuple[str, str, str, int]
"""A cell, which is a set of people: experiment, edition, variant, and day of assignment in days since 1970, UTC."""


class PartialCounts(Struct, frozen=True, array_like=True, tag=1):
    """Differences of cells. Of a cell `names`: experiment, edition, variant; `heads`: day, people, contaminated.

    `sums`: of a cell and a metric: place of the cell here, place of the metric, then outcomes (y), their squares,
    covariates (x), their squares, x times y, the outcomes of the contacted, and outcomes before winsorising. `groups`:
    cell, group, people. `in_groups`: cell, group, metric, outcomes, covariates.
    """

    names: Sequence[tuple[str, str, str]]
    heads: Sequence[int]
    sums: Sequence[int] = ()
    groups: Sequence[int] = ()
    in_groups: Sequence[int] = ()


class EncodedPartialCounts(Struct, frozen=True, array_like=True, tag=1):
    """`PartialCounts` to be encoded, with `names` of which each is encoded already."""

    names: Sequence[Raw]
    heads: Sequence[int]
    sums: Sequence[int]
    groups: Sequence[int]
    in_groups: Sequence[int]


NO_CELL = "", "", ""
"""The names of a cell that is not to be added: no experiment has them."""


def without_other_cells(record: PartialCounts, wanted: Sequence[bool]) -> PartialCounts:
    """The record with all cells that are not `wanted` taken out, as `NO_CELL`."""
    names = [cell if is_wanted else NO_CELL for cell, is_wanted in zip(record.names, wanted, strict=True)]
    return replace(record, names=names)


class PartitionEditions(Struct, frozen=True, array_like=True, tag=2):
    """Whoever was counted in this partition is counted by these editions now, by experiment."""

    partition: int
    editions: Mapping[str, str]


class RelayedDefinition(Struct, frozen=True, array_like=True, tag=3):
    """The value of a record of `experiment-definitions`; None: taken back."""

    experiment: str
    definition: bytes | None


class ClockTick(Struct, frozen=True, array_like=True, tag=4):
    """Time goes by: that of the record is now. `of`: how many ticks the sender had sent before."""

    of: int = 0


class RecountProgress(Struct, frozen=True, array_like=True, tag=5):
    """This partition counts everybody anew, since a restore, or has done so."""

    partition: int
    is_done: bool = False


Partial: TypeAlias = PartialCounts | PartitionEditions | RelayedDefinition | ClockTick | RecountProgress

write_partial = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(Partial).decode


_TICK = b"\x04"
"""The second byte of a `ClockTick` as `write_partial` has it; others write none."""


def is_tick(value: bytes) -> bool:
    """Whether a record is a `ClockTick`, told without a look at thousands of differences."""
    return value[1:2] == _TICK and isinstance(read_partial(value), ClockTick)


def read_partial(value: bytes | None) -> Partial | None:
    """What a record says; None for one that is not of Harmonia's making."""
    try:
        return None if value is None else _read(value)
    except UNREADABLE:
        return None
