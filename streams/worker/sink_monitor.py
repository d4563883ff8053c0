"""Measures every second how far records and sinks are behind, and has each sink check that it has lost nothing."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Protocol

from faust.types import TP
from mode import Service
from prometheus_client import Gauge

from streams.engine.app import ChunkApp
from streams.engine.retry import BROKER_TROUBLE
from streams.engine.runs import End
from streams.platform.errors import MissingTopic
from streams.worker.measuring.lag import PartitionProgress, RecordAges, SinkLag
from streams.worker.measuring.teams import TeamSchedule
from streams.worker.metrics import Metrics

logger = logging.getLogger(__name__)

INTERVAL_S = 1.0
COMPARE_EVERY_S = 60.0


class CurrentValues:
    """The values of a gauge that hold now, by labels; those that held before are removed from it.

    Labels are looked up once: most stay for as long as a worker owns its partitions.
    """

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._children: dict[tuple[str, ...], Gauge] = {}
        self._shown: Mapping[tuple[str, ...], float] = {}

    def show(self, values: Mapping[tuple[str, ...], float]) -> None:
        """Replace all values."""
        for labels in self._children.keys() - values.keys():
            self._gauge.remove(*labels)
            del self._children[labels]
        for labels, value in values.items():
            child = self._children.get(labels)
            if child is None:
                child = self._children[labels] = self._gauge.labels(*labels)
            elif self._shown.get(labels) == value:
                continue
            child.set(value)
        self._shown = dict(values)


class MonitoredSink(Protocol):
    """An agent that writes to a sink and checks what the sink has of it."""

    @property
    def behind(self) -> SinkLag:
        """How far the sink is behind."""
        ...

    async def watch(self, partitions: Sequence[TP], ends: Mapping[TP, End]) -> None:
        """Check the sink, and refill it, in the owned partitions; `ends`: where they end.

        May raise Kafka's errors, and `MissingTopic`.
        """
        ...

    async def forget_former_topics(self) -> None:
        """Have the next look read topics that were made anew. May raise Kafka's errors, and `MissingTopic`."""
        ...


class SinkMonitor(Service):
    """Measures lag and watches the sinks, beside the agents, for as long as the worker runs."""

    def __init__(
        self,
        app: ChunkApp,
        sinks: Sequence[MonitoredSink],
        metrics: Metrics,
        clock: Callable[[], int],
        schedule: TeamSchedule,
    ) -> None:
        super().__init__()
        self._app = app
        self._sinks = sinks
        self._metrics = metrics
        self._clock = clock
        self._schedule = schedule
        self._waiting = RecordAges()
        operations = metrics.operations
        self._lag, self._stalled = CurrentValues(metrics.lag), CurrentValues(operations.stalled)
        self._oldest = CurrentValues(operations.waiting)
        self._behind_records = CurrentValues(operations.sink_behind_records)
        self._behind_seconds = CurrentValues(operations.sink_behind_seconds)

    @Service.task
    async def _measure(self) -> None:
        while not self.should_stop:
            now = self._clock()
            self._measure_lag(self._app.lag(), now)
            self._measure_sinks(now)
            for team, is_expected in self._schedule.expected(now).items():
                self._metrics.operations.team_expected.labels(team).set(is_expected)
            await self.sleep(INTERVAL_S)

    def _measure_lag(self, lags: Mapping[TP, int], now: int) -> None:
        lanes = self._app.lanes
        self._waiting.look(
            {tp: PartitionProgress(records, lanes.done_to(tp), lanes.oldest_at(tp)) for tp, records in lags.items()},
            now,
        )
        self._lag.show({_labels(tp): records for tp, records in lags.items()})
        self._stalled.show({_labels(tp): seconds for tp, seconds in self._waiting.stalled().items()})
        self._oldest.show({(topic,): seconds for topic, seconds in self._waiting.waiting().items()})

    def _measure_sinks(self, now: int) -> None:
        owned, ends = self._app.owned_partitions(), self._app.ends()
        records: dict[tuple[str, ...], float] = {}
        seconds: dict[tuple[str, ...], float] = {}
        for behind in (sink.behind for sink in self._sinks):
            for tp, distance in behind.distances(owned, ends, now).items():
                where = behind.sink, *_labels(tp)
                seconds[where] = distance.seconds
                if distance.records is not None:
                    records[where] = distance.records
        self._behind_records.show(records)
        self._behind_seconds.show(seconds)

    @Service.task
    async def _look_at_sinks(self) -> None:
        await asyncio.gather(*map(self._look_at, self._sinks))

    async def _look_at(self, sink: MonitoredSink) -> None:
        """Check one sink every second, by itself: while it waits for its server, the others go on."""
        while not self.should_stop:
            try:
                await sink.watch(self._app.owned_partitions(), self._app.ends())
            except (*BROKER_TROUBLE, MissingTopic) as error:  # it may be about to be made
                logger.warning("looking at the sink: %s", type(error).__name__)
            except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
                self._app.fail_stop(error)
            await self.sleep(INTERVAL_S)

    @Service.task
    async def _compare_topics(self) -> None:
        await asyncio.gather(*map(self._compare_topics_of, self._sinks))

    async def _compare_topics_of(self, sink: MonitoredSink) -> None:
        """Have one sink ask every minute whether its topics are those that it has read."""
        while not self.should_stop:
            await self.sleep(COMPARE_EVERY_S)
            try:
                await sink.forget_former_topics()
            except (*BROKER_TROUBLE, MissingTopic) as error:  # it may be about to be made
                logger.warning("asking whether topics are new: %s", type(error).__name__)
            except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
                self._app.fail_stop(error)


@cache
def _labels(tp: TP) -> tuple[str, str]:
    return tp.topic, str(tp.partition)
