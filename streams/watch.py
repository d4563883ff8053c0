"""What a worker looks after every second: its lag, and whether the sink still stands where it was left."""

import logging

from mode import Service

from streams.agents.redis_sink import ContactStateSink
from streams.engine.app import ChunkApp
from streams.engine.retry import BROKER_TROUBLE
from streams.metrics import Metrics

logger = logging.getLogger(__name__)

INTERVAL_S = 1.0


class Watch(Service):
    """Runs beside the agents while the worker owns partitions."""

    def __init__(self, app: ChunkApp, sink: ContactStateSink, metrics: Metrics) -> None:
        super().__init__()
        self._app = app
        self._sink = sink
        self._metrics = metrics

    @Service.task
    async def _measure_lag(self) -> None:
        while not self.should_stop:
            self._metrics.lag.clear()
            for tp, records in self._app.lag().items():
                self._metrics.lag.labels(tp.topic, str(tp.partition)).set(records)
            await self.sleep(INTERVAL_S)

    @Service.task
    async def _look_at_sink(self) -> None:
        while not self.should_stop:
            try:
                await self._sink.watch(self._app.owned_partitions())
            except BROKER_TROUBLE as error:
                logger.warning("looking at the sink: %s", type(error).__name__)
            except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
                self._app.fail_stop(error)
            await self.sleep(INTERVAL_S)
