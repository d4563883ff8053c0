"""Beside the agents of a worker: what they have to do every few seconds, where nothing may come that makes them."""

import logging
from typing import Protocol

from mode import Service

from streams.engine.app import ChunkApp
from streams.engine.retry import BROKER_TROUBLE

logger = logging.getLogger(__name__)


class Ticks(Protocol):
    """An agent that is waited for; `pause`: seconds until it ticks again."""

    @property
    def pause(self) -> float: ...

    async def tick(self) -> None:
        """Send what is due. Raises one of `BROKER_TROUBLE`."""


class Ticking(Service):
    """Sends ticks for as long as the worker runs and works on its partitions."""

    def __init__(self, app: ChunkApp, agent: Ticks) -> None:
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
