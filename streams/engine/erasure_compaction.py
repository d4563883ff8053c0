"""Compacts a store after an erasure, so that what was deleted is gone from the disk too, not only out of reach.

A store that writes files anew for it reads and writes all that it holds, so that is done on a thread beside the work,
for many deletions at once, and not often. Whatever is left to do when a store is closed is done then.
"""

import asyncio
import logging
import time
from contextlib import suppress

from streams.engine.store import Store

logger = logging.getLogger(__name__)

SOON_S = 2.0
"""Others of the same chunk of work are likely to follow."""

EVERY_S = 3600.0
"""Between two times; so old may be what is found on a disk though it was deleted."""


class ErasureCompaction:
    """Compacts one store soon after something was erased from it. Times in seconds."""

    def __init__(self, store: Store, soon: float = SOON_S, every: float = EVERY_S) -> None:
        self._store = store
        self._soon = soon
        self._every = every
        self._is_due = False
        self._last = -every
        self._task: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Do it soon, unless that is under way."""
        self._is_due = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._forget_when_it_is_time())

    async def pause(self) -> None:
        """Return once nothing is under way; what is due stays due until `go_on`. To be called before `wipe`."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def go_on(self) -> None:
        """Do what is due, if anything is; to be called after a pause."""
        if self._is_due:
            self.ask()

    async def finish(self) -> None:
        """Do what is due, and nothing more afterwards."""
        await self.pause()
        if self._is_due:
            await self._forget()

    async def _forget_when_it_is_time(self) -> None:
        while self._is_due:
            await asyncio.sleep(max(self._soon, self._last + self._every - time.monotonic()))
            await self._forget()

    async def _forget(self) -> None:
        self._is_due = False
        self._last = time.monotonic()
        working = asyncio.ensure_future(asyncio.to_thread(self._store.forgetting()))
        try:
            await asyncio.shield(working)
        except asyncio.CancelledError:
            await asyncio.wait({working})  # or the store would be closed meanwhile
            raise
        except Exception:
            self._is_due = True
            logger.exception("what was deleted from a store could not be removed from the disk; trying again later")
