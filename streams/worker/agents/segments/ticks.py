"""Sends the ticks by which time goes on in the partitions of a worker that has segments to judge people by.

A tick names a moment by the broker's clock and where `interactions` ended after it. The moment is when the tick before
it was appended; the end is one that the consumer has been told in answer to a question which it asked after it had that
tick. So every interaction that was appended before the moment lies before the end, whatever clock a worker has, and
nobody has to be asked anything but what the consumer asks all the time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from faust.types import TP
from msgspec import Struct

from events.topics import INTERACTIONS
from streams.engine.runs import End, Records
from streams.engine.writer import Output
from streams.worker.agents.latency_header import Clock
from streams.worker.agents.segments.records import TICK, Tick, tick_record
from streams.worker.agents.segments.registry import DEFINITIONS, SegmentRegistry, registry_in
from streams.worker.metrics import SegmentMetrics

PAUSE_S = 0.5
LOST_MS = 10_000
"""A tick that was not read after so long is sent again: a worker may have lost its partition in between."""


class OwnedPartitions(Protocol):
    """The partitions of a table that a worker owns: see `ChunkTable`."""

    def at_hand(self) -> Mapping[int, Mapping[str, Any]]: ...

    def keeps(self, partition: int, prefix: bytes) -> bool: ...


class TickSender(Protocol):
    """Writes records at least once: see `Outbox`."""

    async def write(self, outputs: Sequence[Output]) -> None: ...


class _LastTick(Struct):
    """The tick of a partition that was sent last. `sent`: when; `read`: when this worker had it, at which `moment`.

    Both by the worker's clock, and only compared with each other. `asked`: the first answer of the consumer after that,
    to a question that it may have asked before.
    """

    sent: int
    read: int | None = None
    moment: int = 0
    asked: int | None = None


class SegmentTicks:
    """Ticks for the partitions of the table of contacts. `ends`: where these ended, as far as the consumer knows."""

    def __init__(
        self,
        table: OwnedPartitions,
        ends: Callable[[], Mapping[TP, End]],
        outbox: TickSender,
        clock: Clock,
        metrics: SegmentMetrics,
    ) -> None:
        self._metrics = metrics
        self._table = table
        self._ends = ends
        self._outbox = outbox
        self._clock = clock
        self._last: dict[int, _LastTick] = {}

    @property
    def pause(self) -> float:
        """Seconds until it is worth looking again."""
        return PAUSE_S

    def note(self, partition: int, records: Records) -> None:
        """These records of `segment-work` are folded; the ticks among them may serve as moments."""
        read = [record.timestamp for record in records if record.key == TICK]
        last = self._last.get(partition)
        if read and last is not None and last.read is None:
            last.read, last.moment = self._clock(), max(read)

    async def tick(self) -> None:
        """Send the ticks that are due. Raises one of `BROKER_TROUBLE`."""
        at_hand, now = self._table.at_hand(), self._clock()
        self._last = {number: last for number, last in self._last.items() if number in at_hand}
        self._show([registry for memory in at_hand.values() if (registry := registry_in(memory)) is not None], now)
        asked = [number for number, memory in at_hand.items() if self._is_asked(number, memory)]
        if not asked:
            return
        ends, found = self._ends(), list[tuple[int, Tick]]()
        for number in asked:
            tick = self._next(number, ends.get(TP(INTERACTIONS, number)), now)
            if tick is not None:
                found.append((number, tick))
        for number, _ in found:
            self._last[number] = _LastTick(now)
        if found:
            await self._outbox.write([tick_record(number, tick) for number, tick in found])

    def _show(self, registries: Sequence[SegmentRegistry], now: int) -> None:
        times = [registry.time.now for registry in registries if registry.is_asked and registry.time.now]
        self._metrics.known.set(max((len(registry.compiled.segments) for registry in registries), default=0))
        self._metrics.sweeping.set(sum(registry.sweep.is_under_way for registry in registries))
        self._metrics.behind.set(max(0, now - min(times, default=now)) / 1000)

    def _is_asked(self, number: int, memory: Mapping[str, object]) -> bool:
        registry = registry_in(memory)
        return self._table.keeps(number, DEFINITIONS) if registry is None else registry.is_asked

    def _next(self, number: int, end: End | None, now: int) -> Tick | None:
        """The tick to be sent to a partition now, if any."""
        last = self._last.get(number)
        if last is None or (last.read is None and now - last.sent > LOST_MS):
            return Tick()
        if last.read is None or end is None or end.at <= last.read:
            return None
        if last.asked is None:
            last.asked = end.at
        return Tick(end.offset, last.moment) if end.at > last.asked else None
