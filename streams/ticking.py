"""Beside the agents of a worker: has experiments evaluated every few seconds, where they are added up."""

import logging

from mode import Service

from streams.agents.experiments import Experiments
from streams.engine.app import ChunkApp
from streams.engine.retry import BROKER_TROUBLE

logger = logging.getLogger(__name__)


class Ticking(Service):
    """Sends ticks for as long as the worker runs and works on its partitions."""

    def __init__(self, app: ChunkApp, experiments: Experiments) -> None:
        super().__init__()
        self._app = app
        self._experiments = experiments

    @Service.task
    async def _tick(self) -> None:
        while not self.should_stop:
            if self._app.is_ready:
                try:
                    await self._experiments.tick()
                except BROKER_TROUBLE as error:
                    logger.warning("sending a tick: %s", type(error).__name__)
                except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
                    self._app.fail_stop(error)
            await self.sleep(self._experiments.pause)
