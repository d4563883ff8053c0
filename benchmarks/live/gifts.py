"""Gifts that can be told apart in a sum: in every cell each is another power of two.

So the sum of `net_amount` in a result says by itself which gifts it counts, whatever order they came in.
"""

from collections import defaultdict
from collections.abc import Iterator

from benchmarks.live.crowd import Cell, cells_of

MOST = 46
"""Gifts of one cell: 2^46 minor units are the largest power of two that a gift may have."""


class Gifts:
    """Which amounts were given in which cell."""

    def __init__(self) -> None:
        self._given: dict[Cell, int] = defaultdict(int)

    def next_of(self, person: int) -> int | None:
        """An amount that no gift has in any of the person's cells; None: there are too many there."""
        cells = cells_of(person)
        taken = 0
        for cell in cells:
            taken |= self._given[cell]
        amount = ~taken & (taken + 1)
        if amount > 1 << MOST:
            return None
        for cell in cells:
            self._given[cell] |= amount
        return amount

    @property
    def given(self) -> dict[Cell, int]:
        """By cell the sum of all gifts."""
        return {cell: amounts for cell, amounts in self._given.items() if amounts}


def amounts_in(total: int) -> Iterator[int]:
    """The gifts in a sum."""
    while total:
        least = total & -total
        yield least
        total -= least
