"""Which records are read where all would be too many: pieces of equal size, evenly spread over all of them."""

from collections.abc import Sequence
from typing import NamedTuple


class Piece(NamedTuple):
    """Records of a partition from an offset up to, but without, another."""

    topic: str
    partition: int
    start: int
    end: int

    @property
    def size(self) -> int:
        """How many records, markers of transactions included."""
        return max(0, self.end - self.start)


def sample(ranges: Sequence[Piece], most: int, size: int) -> list[Piece]:
    """All of the ranges if they have `most` records or fewer; else so many and a piece at most, in pieces of `size`."""
    whole = [each for each in ranges if each.size]
    total = sum(each.size for each in whole)
    if total <= most:
        return whole
    step = -(-total * size // most)
    found, before = [], 0
    for each in whole:
        first = -(-before // step) * step  # the first multiple of the step from here on
        for place in range(first, before + each.size, step):
            start = each.start + place - before
            found.append(each._replace(start=start, end=min(start + size, each.end)))
        before += each.size
    return found
