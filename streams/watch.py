"""What a worker looks after every second: its lag, and whether the sink still stands where it was left."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from faust.types import TP
from mode import Service

from streams.engine.app import ChunkApp
from streams.engine.retry import BROKER_TROUBLE
from streams.engine.runs import End
from streams.metrics import Metrics

logger = logging.getLogger(__name__)

INTERVAL_S = 1.0


class Watched(Protocol):
    """An agent that looks after what it has written elsewhere."""

    async def watch(self, partitions: Sequence[TP], ends: Mapping[TP, End]) -> None:
        """Look, and put right, in the owned partitions; `ends`: where they ended. May raise Kafka's errors."""
        ...


class Watch(Service):
    """Runs beside the agents while the worker owns partitions."""

    def __init__(self, app: ChunkApp, sinks: Sequence[Watched], metrics: Metrics) -> None:
        super().__init__()
        self._app = app
        self._sinks = sinks
        self._metrics = metrics

    @Service.task
    async def _measure_lag(self) -> None:
        while not self.should_stop:
            self._metrics.lag.clear()
            for tp, records in self._app.lag().items():
                self._metrics.lag.labels(tp.topic, str(tp.partition)).set(records)
            await self.sleep(INTERVAL_S)

    @Service.task
    async def _look_at_sinks(self) -> None:
        await asyncio.gather(*map(self._look_at, self._sinks))

    async def _look_at(self, sink: Watched) -> None:
        """Each by itself: while one of them waits for its server, the others go on."""
        while not self.should_stop:
            try:
                await sink.watch(self._app.owned_partitions(), self._app.ends())
            except BROKER_TROUBLE as error:
                logger.warning("looking at the sink: %s", type(error).__name__)
            except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
                self._app.fail_stop(error)
            await self.sleep(INTERVAL_S)
