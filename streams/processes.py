"""Several worker processes as children of one: each with a state directory of its own, started anew when it fails."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Mapping

from streams.settings import Settings
from streams.state_dir import TIDY_EVERY_S, child_of, tidy_for_workers

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
"""A worker that ran this long before it failed is started again without a growing pause."""


async def run_workers(
    settings: Settings, count: int, environment: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Keep `count` workers running until SIGINT or SIGTERM, which is passed on to them.

    `environment` is what each of them inherits. Returns when all have ended.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    tidy_for_workers(settings.state_dir)
    async with asyncio.TaskGroup() as group:
        group.create_task(_tidy_now_and_then(settings, stopping))
        for index in range(count):
            group.create_task(_keep_running(index, _environment(settings, index, environment), stopping, say))


def _environment(settings: Settings, index: int, inherited: Mapping[str, str]) -> dict[str, str]:
    port = settings.metrics_port + index if settings.metrics_port else 0
    return {
        **inherited,
        "HARMONIA_STATE_DIR": str(child_of(settings.state_dir, index)),
        "HARMONIA_METRICS_PORT": str(port),
        "HARMONIA_INSTANCE": f"{settings.instance}-{index}" if settings.instance else "",
    }


async def _tidy_now_and_then(settings: Settings, stopping: asyncio.Event) -> None:
    """Those that stopped for good, since there are fewer of them now, cannot do it themselves."""
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), TIDY_EVERY_S)
        tidy_for_workers(settings.state_dir)


async def _keep_running(
    index: int, environment: Mapping[str, str], stopping: asyncio.Event, say: Callable[[str], None]
) -> None:
    pause = FIRST_PAUSE_S
    while not stopping.is_set():
        started = time.monotonic()
        code = await _run_once(environment, stopping)
        if stopping.is_set():
            return
        if time.monotonic() - started > STEADY_S:
            pause = FIRST_PAUSE_S
        say(f"worker {index} ended with exit code {code}; starting it again in {pause:.0f} s")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


async def _run_once(environment: Mapping[str, str], stopping: asyncio.Event) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams.cli.main", "worker", env=dict(environment)
    )
    ended = asyncio.create_task(process.wait())
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        if not ended.done():
            process.terminate()
    return await ended
