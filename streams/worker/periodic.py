"""What a worker does from time to time beside its agents: their ticks, and deleting abandoned stores every hour."""

import logging
from pathlib import Path
from typing import Protocol

from mode import Service

from streams.engine.app import ChunkApp
from streams.engine.retry import BROKER_TROUBLE
from streams.worker.state_dir import TIDY_EVERY_S, remove_old_stores

logger = logging.getLogger(__name__)


class TickingAgent(Protocol):
    """An agent that has something to do from time to time; `pause`: seconds until its next tick."""

    @property
    def pause(self) -> float: ...

    async def tick(self) -> None:
        """Send the records that are due. Raises one of `BROKER_TROUBLE`."""


class PeriodicTicks(Service):
    """Has an agent tick for as long as the worker runs and works on its partitions."""

    def __init__(self, app: ChunkApp, agent: TickingAgent) -> None:
        super().__init__()
        self._app = app
        self._agent = agent

    @Service.task
    async def _tick(self) -> None:
        while not self.should_stop:
            if self._app.is_ready:
                try:
                    await self._agent.tick()
                except BROKER_TROUBLE as error:
                    logger.warning("sending a tick: %s", type(error).__name__)
                except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
                    self._app.fail_stop(error)
            await self.sleep(self._agent.pause)


class StateCleanup(Service):
    """Deletes abandoned stores in the worker's own directory, or of several workers below it, every hour.

    Nobody who was erased may stay in files that a worker has left behind.
    """

    def __init__(self, state_dir: Path) -> None:
        super().__init__()
        self._state_dir = state_dir

    @Service.task
    async def _tidy(self) -> None:
        while not self.should_stop:
            remove_old_stores(
                self._state_dir
            )  # not on a thread: a store that is opened meanwhile would seem to be somebody else's
            await self.sleep(TIDY_EVERY_S)
