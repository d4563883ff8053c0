"""Finding sources that flood: refusals are counted by source and minute, and many of them are looked into.

Counting goes by append time and not by the clock: a worker that catches up after an hour sees the floods that there
were, and none that is only its own haste. Many refused records are a suspicion and no more: topics are worked on one
after the other, so what a worker has seen of a minute so far may be all that was bad in it. A suspicion is settled by
the refused share of all that was appended about then, on whatever topic and by whichever worker it is read. So the
order of topics does not matter, and a source of which 8 % is bad is no flood, though all of the 8 % is worked on
first. A look waits for a moment, so that what a source sends behind its bad records counts as well. Nothing is asked
of records that are accepted.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

MINUTE_MS = 60_000
MAX_COUNTS = 10_000
"""Counts by source and minute that are kept at most: a source that is made up for one record is no flood."""


class Suspicion(NamedTuple):
    """A source of which many records (`refused`) were refused in the minute that began `at`, ms."""

    source: str
    at: int
    refused: int


class Flood(NamedTuple):
    """A minute in which too large a share of a source's records was refused.

    `at`: the start of the minute, ms. `share`: the refused part of what the source sent then.
    """

    source: str
    at: int
    refused: int
    share: float


class RefusalCounter:
    """Counts refused records by source and minute. `letters` in one minute make a suspicion; 0: never."""

    def __init__(self, letters: int) -> None:
        self._letters = letters
        self._counts: OrderedDict[tuple[str, int], int] = OrderedDict()

    def refused(self, source: str, at_ms: int) -> Suspicion | None:
        """Count a refused record, appended at `at_ms`; the suspicion that there is by now, if any."""
        if not self._letters:
            return None
        key = source, at_ms // MINUTE_MS
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if len(self._counts) > MAX_COUNTS:
            self._counts.popitem(last=False)
        return Suspicion(source, key[1] * MINUTE_MS, count) if count >= self._letters else None

    def forget(self, source: str) -> None:
        """Drop all counts of a source."""
        for key in [key for key in self._counts if key[0] == source]:
            del self._counts[key]


MARGIN_MS = 10_000
"""How far before and after the minute records count too, and how long after it they are read."""
MAX_SUSPICIONS = 10_000


class SourceTally(NamedTuple):
    """How many records of a source were refused and accepted, of all or of a fair sample."""

    refused: int = 0
    accepted: int = 0


class SuspicionQueue:
    """Suspicions that wait to be looked into, each source and minute once. Times in ms since 1970."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, int], tuple[Suspicion, int]] = OrderedDict()
        self._settled: OrderedDict[tuple[str, int], None] = OrderedDict()

    def queue(self, suspicion: Suspicion, now: int) -> None:
        """Queue a suspicion, unless it was looked into before. One of a minute long past is due at once."""
        key = suspicion.source, suspicion.at
        if key in self._settled:
            return
        due = self._waiting[key][1] if key in self._waiting else min(now, suspicion.at + MINUTE_MS) + MARGIN_MS
        self._waiting[key] = suspicion, due
        _bound(self._waiting)

    def due(self, now: int) -> Sequence[Suspicion]:
        """Suspicions of one minute that are to be looked into now."""
        ready = [suspicion for suspicion, due in self._waiting.values() if due <= now]
        return [suspicion for suspicion in ready if suspicion.at == ready[0].at]

    def put_off(self, suspicions: Iterable[Suspicion], now: int) -> None:
        """Move suspicions that could not be looked into behind all others."""
        for suspicion in suspicions:
            key = suspicion.source, suspicion.at
            self._waiting[key] = suspicion, now + MARGIN_MS
            self._waiting.move_to_end(key)

    def forget(self, source: str) -> None:
        """Drop what waits of a source, when it is let go."""
        for key in [key for key in self._waiting if key[0] == source]:
            del self._waiting[key]

    def settle(self, suspicions: Iterable[Suspicion]) -> None:
        """Note that these were looked into: they do not come again."""
        for suspicion in suspicions:
            key = suspicion.source, suspicion.at
            self._waiting.pop(key, None)
            self._settled[key] = None
            _bound(self._settled)


def inspected_span(at: int, now: int) -> tuple[int, int]:
    """The span of append time that is read for the minute that began `at`: from, up to, in ms."""
    return at - MARGIN_MS, min(now, at + MINUTE_MS + MARGIN_MS)


def floods_in(suspicions: Iterable[Suspicion], tallies: Mapping[str, SourceTally], share: float) -> list[Flood]:
    """The suspicions that are floods: at least `share` of the source's records was refused.

    A source of which a sample shows no refused record is none.
    """
    found = []
    for source, at, refused in suspicions:
        tally = tallies.get(source, SourceTally())
        if tally.refused and tally.refused >= share * (tally.refused + tally.accepted):
            found.append(Flood(source, at, refused, tally.refused / (tally.refused + tally.accepted)))
    return found


def _bound(kept: "OrderedDict[tuple[str, int], tuple[Suspicion, int]] | OrderedDict[tuple[str, int], None]") -> None:
    if len(kept) > MAX_SUSPICIONS:
        kept.popitem(last=False)


class OffsetRange(NamedTuple):
    """Records of one partition from offset `start` up to, but without, `end`."""

    topic: str
    partition: int
    start: int
    end: int

    @property
    def size(self) -> int:
        """How many records, markers of transactions included."""
        return max(0, self.end - self.start)


def sample_ranges(ranges: Sequence[OffsetRange], most: int, size: int) -> list[OffsetRange]:
    """The ranges themselves if they have `most` records or fewer, else pieces of `size` spread evenly over them.

    The pieces have together at most `most` records and one piece.
    """
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
