"""Observes in a child process what blocks for seconds: one look for all who ask. `/status` sees Kafka and Redis so."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import Generic, TypeVar

from streams.operations.status.observations import Observations
from streams.platform.settings import Settings
from streams.services.processes.observing import observe_all

logger = logging.getLogger(__name__)

EVERY_S = 10.0
"""Seconds between two observations while somebody looks."""
FORGET_S = 60.0
"""Seconds after which an observation is none of now: nobody has asked meanwhile, or looking fails."""
LIMIT_S = 45.0


Seen = TypeVar("Seen")


class Observer(Generic[Seen]):
    """Looks when somebody asks, at most once in `every_s` seconds; the answer is that of the last look.

    `look` blocks, so it runs in a child process, which ends after each look unless these are frequent. `clock`: seconds
    that only grow.
    """

    every_s, forget_s = EVERY_S, FORGET_S
    called = "Kafka and Redis"
    """What is looked at, for the log."""

    def __init__(self, look: Callable[[], Seen], clock: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._clock = clock
        self._last: Seen | None = None
        self._at = float("-inf")
        self._seen_at = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._pool: ProcessPoolExecutor | None = None

    def last(self) -> Seen | None:
        """The last observation, None where there is none of late; begins the next one where it is time."""
        now = self._clock()
        if self._task is None and now - self._at >= self.every_s:
            self._at = now
            self._task = asyncio.create_task(self._observe())
        return self._last if now - self._seen_at < self.forget_s else None

    async def stop(self) -> None:
        """End the child process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._end_pool()

    async def _observe(self) -> None:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, get_context("spawn"), _begin_child)
        try:
            async with asyncio.timeout(LIMIT_S):
                self._last = await asyncio.get_running_loop().run_in_executor(self._pool, self._look)
            self._seen_at = self._clock()
        except Exception as error:  # noqa: BLE001 (whatever fails in the child is one look less)
            logger.warning("looking at %s: %s; trying again", self.called, type(error).__name__)
            self._end_pool()
        finally:
            self._task = None
            if self.every_s > FORGET_S:
                self._end_pool()

    def _end_pool(self) -> None:
        if self._pool is None:
            return
        for process in list((self._pool._processes or {}).values()):  # noqa: SLF001 (a hanging child is not waited for)
            process.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None


class StatusObserver(Observer[Observations]):
    """Looks at Kafka and Redis."""


def _begin_child() -> None:
    """Yield to other processes, and end with the parent however that ends: a killed one can end no child."""
    os.nice(10)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


class LookAt:
    """Observes the deployment of these settings; what a child process is given."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self) -> Observations:
        """One look."""
        return observe_all(self._settings, round(time.time() * 1000))
