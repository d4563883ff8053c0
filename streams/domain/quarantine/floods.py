"""Counts what is refused of each source, by the minute in which the broker had it.

By append time and not by the clock: a worker that catches up after an hour sees the floods that there were, and none
that is only its own haste. So many refused records are a suspicion and no more: topics are worked on one after the
other, so what a worker has seen of a minute so far may be all that was bad in it. `streams.domain.quarantine.suspicions` says
what follows. Nothing is asked of records that are accepted.
"""

from collections import OrderedDict
from typing import NamedTuple

MINUTE_MS = 60_000
MOST_COUNTS = 10_000
"""Counts of a source and a minute that are kept: whoever makes up a new source for each record is nobody's flood."""


class Suspicion(NamedTuple):
    """So many records of a source were refused in the minute that began `at`, ms."""

    source: str
    at: int
    refused: int


class Flood(NamedTuple):
    """`at`: the start of the minute, ms. `share`: of what the source sent then, refused."""

    source: str
    at: int
    refused: int
    share: float


class Floods:
    """So many `letters` of one source in a minute may be a flood; 0: none ever is."""

    def __init__(self, letters: int) -> None:
        self._letters = letters
        self._counts: OrderedDict[tuple[str, int], int] = OrderedDict()

    def refused(self, source: str, at_ms: int) -> Suspicion | None:
        """Count a refused record; what is suspected by now."""
        if not self._letters:
            return None
        key = source, at_ms // MINUTE_MS
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if len(self._counts) > MOST_COUNTS:
            self._counts.popitem(last=False)
        return Suspicion(source, key[1] * MINUTE_MS, count) if count >= self._letters else None

    def forget(self, source: str) -> None:
        """Begin anew with a source."""
        for key in [key for key in self._counts if key[0] == source]:
            del self._counts[key]
