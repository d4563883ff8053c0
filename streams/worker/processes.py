"""Runs several worker processes as children of one: each has its own state directory and is restarted when it fails."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Mapping

from streams.platform.settings import Settings
from streams.platform.shutdown import EXIT_HARD
from streams.worker.state_dir import TIDY_EVERY_S, child_of, remove_old_stores

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
AFTER_GRACE_S = 5.0
"""A worker that has not even ended hard by then is killed."""
STEADY_S = 60.0
"""A worker that ran this long before it failed is started again without a growing pause."""


async def run_workers(
    settings: Settings, count: int, environment: Mapping[str, str], say: Callable[[str], None]
) -> int:
    """Keep `count` workers running until SIGINT or SIGTERM, which is passed on to them.

    `environment` is what each of them inherits; the directory of the settings is the caller's own. Returns when all
    have ended: 0, or 70 when one did not end well.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    remove_old_stores(settings.state_dir)
    async with asyncio.TaskGroup() as group:
        group.create_task(_tidy_now_and_then(settings, stopping))
        running = [
            group.create_task(_Place(settings, index, environment, stopping, say).keep_running())
            for index in range(count)
        ]
    return EXIT_HARD if any(task.result() for task in running) else 0


def _environment(settings: Settings, index: int, inherited: Mapping[str, str]) -> dict[str, str]:
    port = settings.metrics_port + index if settings.metrics_port else 0
    return {
        **inherited,
        "HARMONIA_STATE_DIR": str(child_of(settings.state_dir, index)),
        "HARMONIA_METRICS_PORT": str(port),
        "HARMONIA_INSTANCE": f"{settings.instance}-{index}" if settings.instance else "",
    }


async def _tidy_now_and_then(settings: Settings, stopping: asyncio.Event) -> None:
    """Delete abandoned stores, also of workers that stopped for good, since there are fewer of them now."""
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), TIDY_EVERY_S)
        remove_old_stores(settings.state_dir)


class _Place:
    """The place of one worker among several: its directory, in which one process runs after the other."""

    def __init__(
        self,
        settings: Settings,
        index: int,
        environment: Mapping[str, str],
        stopping: asyncio.Event,
        say: Callable[[str], None],
    ) -> None:
        self._index = index
        self._environment = _environment(settings, index, environment)
        self._grace_s = settings.grace_s + AFTER_GRACE_S
        self._stopping = stopping
        self._say = say

    async def keep_running(self) -> int:
        """Returns the exit code of the worker that was told to stop; 0 when there was none just then."""
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._run_once()
            if self._stopping.is_set():
                return code
            if time.monotonic() - started > STEADY_S:
                pause = FIRST_PAUSE_S
            self._say(f"worker {self._index} ended with exit code {code}; starting it again in {pause:.0f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        return 0

    async def _run_once(self) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "streams.cli.main", "worker", "--child", env=self._environment
        )
        ended = asyncio.create_task(process.wait())
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            if not ended.done():
                process.terminate()
        await asyncio.wait({ended}, timeout=self._grace_s)
        if not ended.done():
            self._say(f"worker {self._index} has not stopped within {self._grace_s:.0f} s and is killed")
            process.kill()
        return await ended
