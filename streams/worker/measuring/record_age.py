"""How long records wait, and since when a partition stands still, from looks at it every second."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from faust.types import TP

FORGET_MS = 120_000
"""While nothing is owned, as in a take-over, what was owned before is remembered for so long: that is no progress."""


@dataclass(frozen=True, slots=True)
class Look:
    """A partition now: records not done, the offset up to which all is done, the append time of the oldest in hand.

    `done` None: nothing yet. `oldest_at` None: nothing was fetched yet.
    """

    lag: int
    done: int | None
    oldest_at: int | None


@dataclass(slots=True)
class _Seen:
    done: int | None
    since: int
    at: int


class Waiting:
    """Remembers the last progress of each owned partition. Times in ms since 1970."""

    def __init__(self) -> None:
        self._seen: dict[TP, _Seen] = {}
        self._oldest: dict[TP, int] = {}

    def look(self, looks: Mapping[TP, Look], now: int) -> None:
        """Take what the owned partitions are like now."""
        self._seen = {
            tp: seen for tp, seen in self._seen.items() if now - seen.at <= FORGET_MS and (tp in looks or not looks)
        }
        self._oldest = {}
        for tp, look in looks.items():
            seen = self._seen.setdefault(tp, _Seen(look.done, now, now))
            seen.at = now
            if look.lag == 0 or (look.done is not None and (seen.done is None or look.done > seen.done)):
                seen.done, seen.since = look.done, now
            if look.lag:
                self._oldest[tp] = seen.since if look.oldest_at is None else look.oldest_at
        self._owned = looks
        self._now = now

    def stalled(self) -> dict[TP, float]:
        """Of each owned partition the seconds since its last progress; 0 where there is nothing to do."""
        return {tp: (self._now - self._seen[tp].since) / 1000 if look.lag else 0.0 for tp, look in self._owned.items()}

    def waiting(self) -> dict[str, float]:
        """Of each topic the seconds that its oldest record which is not done has waited; 0 where there is none."""
        longest: dict[str, float] = defaultdict(float)
        for tp in self._owned:
            age = (self._now - self._oldest[tp]) / 1000 if tp in self._oldest else 0.0
            longest[tp.topic] = max(longest[tp.topic], age)
        return dict(longest)
