"""The experiments agent: adds up partial sums of contacts; sums, position, results and alerts are one transaction."""

import logging
import time
from collections import deque
from statistics import median
from typing import get_args

from msgspec import Struct

from events.topics import EXPERIMENT_PARTIALS
from streams.domain.experiments.experiment_table import TableRecord
from streams.domain.experiments.partials import ClockTick, write_partial
from streams.engine.decoded_states import States
from streams.engine.garbage_collector import collecting_later
from streams.engine.runs import Records, Run
from streams.engine.table import ChunkTable
from streams.engine.table_partition import Effects
from streams.engine.writer import Outbox, Output
from streams.platform.errors import NotOwned
from streams.worker.agents.experiments.aggregator import STAGE, ExperimentAggregator
from streams.worker.agents.experiments.alerts import Rule
from streams.worker.agents.latency_header import Clock
from streams.worker.metrics import Metrics

logger = logging.getLogger(__name__)

SHORTEST_S = 1.0
"""Between two ticks at least."""
PART = 3.5
"""And at least so many times as long as evaluations are busy, so that those take two ninths of the worker's CPU.

Reading and writing take half as much again: in a running worker 0.31 of a core. While 5,000 experiments change all the
time, what was told just after a tick is added up at the next and, at worst, in a result by the one after: 3.8 s at most
and 1.4 s at the median when this was chosen (ADR 26). Where no more change than one tick looks at, one pause less.

Not by the clock: on a machine that is busy with other things all of it takes longer, and results would grow old twice.
By the median of the last three, since one that others held up would hold up the next.
"""
_WORK = "work"


class _Work(Struct):
    """Whether a tick would find anything to do. Kept in memory beside the table, and forgotten with it."""

    waits_since: int | None = None
    due: int | None = None


class ExperimentsAgent:
    """Handles chunks of `experiment-partials`, and sends the ticks at which they are evaluated."""

    def __init__(
        self, table: ChunkTable[TableRecord], partitions: int, metrics: Metrics, clock: Clock, outbox: Outbox
    ) -> None:
        self._table = table
        self._partitions = partitions
        self._metrics = metrics
        self._clock = clock
        self._outbox = outbox
        self._busy: deque[float] = deque([0.0], 3)
        for rule in get_args(Rule):  # else nobody could tell that the first one was added
            metrics.alerts.labels(rule)

    async def __call__(self, chunk: Run) -> None:
        """Fold the chunk in one transaction, then count what it did."""
        last: ExperimentAggregator | None = None
        took = busy = 0.0

        def fold(states: States[TableRecord], records: Records) -> Effects[TableRecord]:
            nonlocal last, took, busy
            began, before = time.perf_counter(), time.thread_time()
            last = ExperimentAggregator(states, self._partitions)
            with collecting_later():
                last.take(records)
            work: _Work | None = states.memory.get(_WORK)
            # To look through all of them for what is due takes a while, and only adding up changes it.
            if work is None or last.is_added_up:
                work = states.memory[_WORK] = _Work(due=last.next_due)
            work.waits_since = last.waits_since
            took, busy = time.perf_counter() - began, time.thread_time() - before
            return last.effects

        with self._metrics.chunk(STAGE):
            await self._table.apply(chunk, fold)
        if last is not None:
            self._count(chunk, last, took)
            if last.is_published:
                self._busy.append(busy)

    @property
    def pause(self) -> float:
        """Seconds until the next tick may be sent."""
        return max(SHORTEST_S, PART * median(self._busy))

    async def tick(self) -> None:
        """Send a tick if this worker adds up and there is anything to do. Raises one of `BROKER_TROUBLE`."""
        try:
            work: _Work | None = self._table.owned(0).memory.get(_WORK)
        except NotOwned:
            self._metrics.experiments.show_idle()
            return
        now = self._clock()
        if work is not None:
            self._metrics.experiments.waiting.set(max(0, now - (work.waits_since or now)) / 1000)
            if work.waits_since is None and (work.due is None or work.due > now):
                return
        await self._outbox.write([Output(EXPERIMENT_PARTIALS, 0, b"tick", write_partial(ClockTick()))])

    def _count(self, chunk: Run, aggregator: ExperimentAggregator, took: float) -> None:
        metrics = self._metrics.experiments
        metrics.uncounted.inc(aggregator.uncounted)
        for rule, count in aggregator.alerts.items():
            self._metrics.alerts.labels(rule).inc(count)
        for offset in aggregator.refused:
            logger.warning("%s: the record at offset %d says nothing", chunk.tp, offset)
        if aggregator.is_published:
            metrics.seconds.observe(took)
            metrics.results.inc(aggregator.results)
            metrics.show_statuses(aggregator.statuses)
