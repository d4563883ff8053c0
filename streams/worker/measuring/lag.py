"""How far records and sinks are behind: age of what waits, time since the last progress, lag of sinks."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from faust.types import TP

from streams.engine.runs import End

FORGET_MS = 120_000
"""While nothing is owned, as in a take-over, what was owned before is remembered for so long: that is no progress."""


class PartitionProgress(NamedTuple):
    """How far a partition is: records not done, the offset below which all is done, append time of the oldest in hand.

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


class RecordAges:
    """How long records wait, and since when partitions stand still, by looks every second. Times in ms since 1970."""

    def __init__(self) -> None:
        self._seen: dict[TP, _Seen] = {}
        self._oldest: dict[TP, int] = {}

    def look(self, looks: Mapping[TP, PartitionProgress], now: int) -> None:
        """Take the progress of the owned partitions as it is now."""
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
        """Seconds since the last progress of each owned partition; 0 where there is nothing to do."""
        return {tp: (self._now - self._seen[tp].since) / 1000 if look.lag else 0.0 for tp, look in self._owned.items()}

    def waiting(self) -> dict[str, float]:
        """Seconds that the oldest record of each topic which is not done has waited; 0 where there is none."""
        longest: dict[str, float] = defaultdict(float)
        for tp in self._owned:
            age = (self._now - self._oldest[tp]) / 1000 if tp in self._oldest else 0.0
            longest[tp.topic] = max(longest[tp.topic], age)
        return dict(longest)


class SinkDistance(NamedTuple):
    """How far a sink is behind: records that it lacks (None: not known yet), and seconds since it lacked none."""

    records: int | None
    seconds: float


class SinkLag:
    """How far one sink is behind its topics. Where it never was whole, seconds count from this worker's first look."""

    def __init__(self, sink: str, topics: Collection[str]) -> None:
        self.sink = sink
        self._topics = topics
        self._whole_at: dict[TP, int] = {}
        self._offsets: dict[TP, int] = {}

    def whole_at(self, tp: TP, at: int) -> None:
        """Note that nothing was missing which the partition held at `at` (ms since 1970)."""
        self._whole_at[tp] = max(at, self._whole_at.get(tp, 0))

    def stands_at(self, tp: TP, offset: int) -> None:
        """Note that the sink holds all below this offset."""
        self._offsets[tp] = offset

    def distances(self, owned: Sequence[TP], ends: Mapping[TP, End], now: int) -> dict[TP, SinkDistance]:
        """How far the sink is behind in each owned partition that it reads; others are forgotten."""
        self._whole_at = {tp: self._whole_at.get(tp, now) for tp in owned if tp.topic in self._topics}
        self._offsets = {tp: offset for tp, offset in self._offsets.items() if tp in self._whole_at}
        return {tp: SinkDistance(self._lacks(tp, ends), max(0, now - at) / 1000) for tp, at in self._whole_at.items()}

    def _lacks(self, tp: TP, ends: Mapping[TP, End]) -> int | None:
        return max(0, ends[tp].offset - self._offsets[tp]) if tp in ends and tp in self._offsets else None
