"""Sums of experiments, exactly: by variant, of all days that are closed together and of each one that is open.

No sum of squares reaches 2^63 before nine million people have each given as much as is counted at most (1,000,000
minor units); nor does a sum of whole amounts before 90,000 people gave 10^14 each, which is the most that one person
counts for. Beyond that sums go round (modulo 2^64), so they are right again once who made such gifts up is erased;
comparisons never see them.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from streams.domain.experiments.row_layout import (
    KNOWN,
    WIDTH,
    Ints,
    encode_plain_row,
    encode_row,
    plain_bytes_of,
    row_of,
    sum_of,
    with_metrics,
)

MOST_ARMS = 64
"""Variants of an experiment that are counted, those that came first: a definition has 32 at most, and their holdout."""


class VariantTotals(Struct, frozen=True, array_like=True, gc=False):
    """Totals of one variant: rows as bytes, one of all closed days together and one of each open day."""

    closed: bytes = b""
    days: dict[int, bytes] = {}


_NO_ARM = VariantTotals()


class ExperimentTotals(Struct, frozen=True, array_like=True, gc=False):
    """Totals of an experiment by one edition of its rule. `closed_until`: the first day that is not closed."""

    arms: dict[str, VariantTotals] = {}
    closed_until: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nobody is counted in it."""
        return not any(arm.closed or arm.days for arm in self.arms.values())


def with_rows(totals: ExperimentTotals, more: Iterable[tuple[str, int, Ints]]) -> ExperimentTotals:
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
            arms[variant] = VariantTotals(held.closed, days)
        if day < totals.closed_until:
            arms[variant] = VariantTotals(add_row(arms[variant].closed, row), days)
        else:
            _put(days, day, add_row(days.get(day, b""), row))
    return ExperimentTotals(arms, totals.closed_until)


def with_closed_days(totals: ExperimentTotals, until: int) -> ExperimentTotals:
    """The totals with all days before this one closed."""
    if until <= totals.closed_until:
        return totals
    return ExperimentTotals({variant: _closed(arm, until) for variant, arm in totals.arms.items()}, until)


def _closed(arm: VariantTotals, until: int) -> VariantTotals:
    done = [day for day in arm.days if day < until]
    if not done:
        return arm
    row = arm.closed
    for day in done:
        row = add_row(row, row_of(arm.days[day]))
    return VariantTotals(row, {day: held for day, held in arm.days.items() if day >= until})


def add_row(data: bytes, row: Ints) -> bytes:
    """A stored row plus another; empty where the sum is 0 throughout."""
    if row.size == WIDTH and (held := plain_bytes_of(data)) is not None:  # as nearly all are
        return encode_plain_row(np.frombuffer(held, np.int64) + row)
    return encode_row(sum_of(row_of(data), row)) if data else encode_row(row)


def _put(days: dict[int, bytes], day: int, row: bytes) -> None:
    if row:
        days[day] = row
    else:
        days.pop(day, None)


def sum_rows(parts: Sequence[Sequence[bytes]], width: int = WIDTH) -> Ints:
    """The sum of the rows of each part, cut or filled to a width. Shape [len(parts), width].

    Of the metrics of this version: `width` is that of their rows, without groups or with them.
    """
    found = np.zeros((len(parts), width), np.int64)
    plain: list[tuple[int, bytes]] = []
    for place, each in enumerate(parts):
        for data in each:
            if (held := plain_bytes_of(data)) is not None:
                plain.append((place, held))
            elif data:
                row = with_metrics(row_of(data), KNOWN)[:width]
                found[place, : row.size] += row
    if plain:
        places, starts = np.unique(np.array([place for place, _ in plain], np.intp), return_index=True)
        held_rows = np.frombuffer(b"".join([data for _, data in plain]), np.int64).reshape(-1, WIDTH)
        found[places, :WIDTH] += np.add.reduceat(held_rows, starts, axis=0)
    return found
