"""Observes Kafka and Redis for `/status` in a child process, as that blocks for seconds: one look for all who ask."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process

from streams.operations.status.observations import Observations
from streams.operations.status.snapshot import observe
from streams.platform.settings import Settings

logger = logging.getLogger(__name__)

EVERY_S = 10.0
"""Seconds between two observations while somebody looks."""
FORGET_S = 60.0
"""Seconds after which an observation is none of now: nobody has asked meanwhile, or looking fails."""
LIMIT_S = 45.0


class StatusObserver:
    """Looks when somebody asks, at most once in ten seconds; the answer is that of the last look.

    `look` blocks, so it runs in a child process. `clock`: seconds that only grow.
    """

    def __init__(self, look: Callable[[], Observations], clock: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._clock = clock
        self._last: Observations | None = None
        self._at = float("-inf")
        self._seen_at = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._pool: ProcessPoolExecutor | None = None

    def last(self) -> Observations | None:
        """The last observation, None where there is none of late; begins the next one where it is time."""
        now = self._clock()
        if self._task is None and now - self._at >= EVERY_S:
            self._at = now
            self._task = asyncio.create_task(self._observe())
        return self._last if now - self._seen_at < FORGET_S else None

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
            logger.warning("looking at Kafka and Redis: %s; trying again", type(error).__name__)
            self._end_pool()
        finally:
            self._task = None

    def _end_pool(self) -> None:
        if self._pool is None:
            return
        for process in list((self._pool._processes or {}).values()):  # noqa: SLF001 (a hanging child is not waited for)
            process.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None


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
        return observe(self._settings, round(time.time() * 1000))
