"""How far a sink is behind its topics, as its agent learns of it while it works."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from faust.types import TP

from streams.engine.runs import End


class Distance(NamedTuple):
    """Records that the sink lacks (None: it was not asked yet), and seconds ago at which it lacked none."""

    records: int | None
    seconds: float


class Behind:
    """Notes of one sink. One that never was whole since this worker looks after it counts from the first look."""

    def __init__(self, sink: str, topics: Collection[str]) -> None:
        self.sink = sink
        self._topics = topics
        self._whole_at: dict[TP, int] = {}
        self._offsets: dict[TP, int] = {}

    def whole_at(self, tp: TP, at: int) -> None:
        """Nothing that the partition held at `at` (ms since 1970) was missing."""
        self._whole_at[tp] = max(at, self._whole_at.get(tp, 0))

    def stands_at(self, tp: TP, offset: int) -> None:
        """The sink holds what is below this offset."""
        self._offsets[tp] = offset

    def distances(self, owned: Sequence[TP], ends: Mapping[TP, End], now: int) -> dict[TP, Distance]:
        """Of each of the owned partitions that the sink reads; what is not owned any more is forgotten."""
        self._whole_at = {tp: self._whole_at.get(tp, now) for tp in owned if tp.topic in self._topics}
        self._offsets = {tp: offset for tp, offset in self._offsets.items() if tp in self._whole_at}
        return {tp: Distance(self._lacks(tp, ends), max(0, now - at) / 1000) for tp, at in self._whole_at.items()}

    def _lacks(self, tp: TP, ends: Mapping[TP, End]) -> int | None:
        return max(0, ends[tp].offset - self._offsets[tp]) if tp in ends and tp in self._offsets else None
