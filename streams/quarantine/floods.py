"""Counts what is refused of each source, by the minute in which the broker had it.

By append time and not by the clock: a worker that catches up after an hour sees the floods that there were, and none
that is only its own haste. What is accepted is counted only of sources that are half-way to a flood, so that in
ordinary times nothing is looked at twice.
"""

from collections import OrderedDict
from collections.abc import Collection
from typing import NamedTuple

from msgspec import Struct

MINUTE_MS = 60_000
MOST_COUNTS = 10_000
"""Counts of a source and a minute that are kept: whoever makes up a new source for each record is nobody's flood."""


class Flood(NamedTuple):
    """`at`: the start of the minute, ms. `share`: of what was seen of the source since it was suspected, refused."""

    source: str
    at: int
    refused: int
    share: float


class _Count(Struct):
    refused: int = 0
    refused_since: int = 0
    accepted_since: int = 0


class Floods:
    """So many `letters` of one source in a minute are a flood, if they are `share` of what it sends; 0: none is."""

    def __init__(self, letters: int, share: float) -> None:
        self._letters = letters
        self._share = share
        self._counts: OrderedDict[tuple[str, int], _Count] = OrderedDict()
        self._suspected: dict[str, int] = {}

    def suspected(self, at_ms: int) -> Collection[str]:
        """Sources of which `accepted` wants to hear of what was appended then, not those that were quiet."""
        for source, minute in [*self._suspected.items()]:
            if minute < at_ms // MINUTE_MS - 1:
                del self._suspected[source]
        return self._suspected.keys()

    def refused(self, source: str, at_ms: int) -> Flood | None:
        """Count a refused record; the flood that it is part of, if there is one by now."""
        if not self._letters:
            return None
        key = source, at_ms // MINUTE_MS
        count = self._counts.get(key)
        if count is None:
            count = self._begun(key)
        count.refused += 1
        if 2 * count.refused < self._letters:
            return None
        self._suspected[source] = key[1]
        count.refused_since += 1
        share = count.refused_since / (count.refused_since + count.accepted_since)
        if count.refused < self._letters or share < self._share:
            return None
        return Flood(source, key[1] * MINUTE_MS, count.refused, share)

    def accepted(self, source: str, at_ms: int) -> None:
        """Count an accepted record, which matters if its source is suspected."""
        count = self._counts.get((source, at_ms // MINUTE_MS))
        if count is not None and 2 * count.refused >= self._letters:
            count.accepted_since += 1

    def forget(self, source: str) -> None:
        """Begin anew with a source."""
        self._suspected.pop(source, None)
        for key in [key for key in self._counts if key[0] == source]:
            del self._counts[key]

    def _begun(self, key: tuple[str, int]) -> _Count:
        count = self._counts[key] = _Count()
        if len(self._counts) > MOST_COUNTS:
            self._counts.popitem(last=False)
        return count
