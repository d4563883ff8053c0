"""When a suspicion is looked into, and what it comes to: the share of a source's records that was refused.

The share is that of all that was appended about then, whatever topic it came on and whichever worker has it. So it does
not matter in which order topics are worked on, and a source of which 8 % is bad is no flood, though all of the 8 % is
worked on first. A look waits for a moment, so that what a source sends behind its bad records counts as well.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.domain.quarantine.floods import MINUTE_MS, Flood, Suspicion

MARGIN_MS = 10_000
"""What was appended so long before the minute and after it counts too; and so long a look waits."""
MOST_KEPT = 10_000


class SourceTally(NamedTuple):
    """What was appended of a source, or a fair sample of it."""

    refused: int = 0
    accepted: int = 0


class Suspicions:
    """Each source and minute is looked into once. Times in ms since 1970."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, int], tuple[Suspicion, int]] = OrderedDict()
        self._settled: OrderedDict[tuple[str, int], None] = OrderedDict()

    def hear(self, suspicion: Suspicion, now: int) -> None:
        """Take one that is new. One that is older than can be told is looked into at once."""
        key = suspicion.source, suspicion.at
        if key in self._settled:
            return
        due = self._waiting[key][1] if key in self._waiting else min(now, suspicion.at + MINUTE_MS) + MARGIN_MS
        self._waiting[key] = suspicion, due
        _bound(self._waiting)

    def due(self, now: int) -> Sequence[Suspicion]:
        """Those of one minute that are to be looked into now."""
        ready = [suspicion for suspicion, due in self._waiting.values() if due <= now]
        return [suspicion for suspicion in ready if suspicion.at == ready[0].at]

    def put_off(self, suspicions: Iterable[Suspicion], now: int) -> None:
        """These could not be looked into, so the next ones come first."""
        for suspicion in suspicions:
            key = suspicion.source, suspicion.at
            self._waiting[key] = suspicion, now + MARGIN_MS
            self._waiting.move_to_end(key)

    def forget(self, source: str) -> None:
        """Begin anew with a source: it was let go."""
        for key in [key for key in self._waiting if key[0] == source]:
            del self._waiting[key]

    def settle(self, suspicions: Iterable[Suspicion]) -> None:
        """These were looked into."""
        for suspicion in suspicions:
            key = suspicion.source, suspicion.at
            self._waiting.pop(key, None)
            self._settled[key] = None
            _bound(self._settled)


def span_of(at: int, now: int) -> tuple[int, int]:
    """What is looked at: from a time up to another, around the minute that began `at`."""
    return at - MARGIN_MS, min(now, at + MINUTE_MS + MARGIN_MS)


def floods_in(suspicions: Iterable[Suspicion], tallies: Mapping[str, SourceTally], share: float) -> list[Flood]:
    """Those of which at least this share was refused. One of which a sample shows nothing is none."""
    found = []
    for source, at, refused in suspicions:
        tally = tallies.get(source, SourceTally())
        if tally.refused and tally.refused >= share * (tally.refused + tally.accepted):
            found.append(Flood(source, at, refused, tally.refused / (tally.refused + tally.accepted)))
    return found


def _bound(kept: "OrderedDict[tuple[str, int], tuple[Suspicion, int]] | OrderedDict[tuple[str, int], None]") -> None:
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
