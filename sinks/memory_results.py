"""A sink of results without a server, which keeps every promise of Sink."""

import math
import time
from collections.abc import Callable, Sequence

from events.topics import EXPERIMENT_RESULTS
from sinks.base import Position, Whole
from sinks.results import ResultChange


class MemoryResults:
    """`results`: by experiment its partition and its latest record. `stale_after` is in seconds of `clock`."""

    def __init__(self, stale_after: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        self.results: dict[str, tuple[int, ResultChange]] = {}
        self.told_whole: dict[int, Whole] = {}
        self._positions: dict[int, tuple[Position, float]] = {}
        self._stale_after = stale_after
        self._clock = clock

    def reading(self, topic: str) -> "MemoryResults":
        """See Sink."""
        if topic != EXPERIMENT_RESULTS:
            raise ValueError(topic)
        return self

    async def position(self, partition: int) -> Position | None:
        """See Sink."""
        return None if self._is_stale(partition) else self._at(partition)

    async def touch(self, partition: int, position: Position) -> bool:
        """See Sink."""
        if self._at(partition) != position or self._is_stale(partition):
            return False
        self._positions[partition] = position, self._clock()
        return True

    async def whole(self, partition: int, position: Position, standing: Whole) -> bool:
        """See Sink."""
        told = await self.touch(partition, position)
        if told:
            self.told_whole[partition] = standing
        return told

    async def clear(self, partition: int, partitions: int) -> None:
        """See Sink."""
        self._positions.pop(partition, None)
        self.told_whole.pop(partition, None)
        self.results = {name: kept for name, kept in self.results.items() if kept[0] % partitions != partition}

    async def write(
        self, partition: int, changes: Sequence[ResultChange], before: Position | None, after: Position
    ) -> bool:
        """See Sink."""
        if self._at(partition) != before or self._is_stale(partition):
            return False
        for change in changes:
            if change.value:
                self.results[change.experiment_id] = partition, change
            else:
                self.results.pop(change.experiment_id, None)
        self._positions[partition] = after, self._clock()
        return True

    async def close(self) -> None:
        """Nothing to let go of."""

    def _at(self, partition: int) -> Position | None:
        known = self._positions.get(partition)
        return None if known is None else known[0]

    def _is_stale(self, partition: int) -> bool:
        known = self._positions.get(partition)
        return known is not None and abs(self._clock() - known[1]) > self._stale_after
