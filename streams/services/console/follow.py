"""`harmonia console follow`: reads topics into the desk, for as long as it runs, and lets go of what is too old.

It is no member of a consumer group: how far it has read is in the desk, written in the transaction of the records. It
reads committed records only and yields to every other process of its machine. Where Kafka is away it waits; after an
error of the desk it begins again where the desk ends. Where a copy of the desk is to take its place (`desk_wiping`), it
reads topics into both until the copy is level.
"""

import asyncio
import fcntl
import logging
import os
import signal
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple, TextIO

from aiokafka.errors import KafkaError

from streams.engine.garbage_collector import collect_rarely
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, KafkaAway, MissingTopic, Unusable
from streams.platform.health import HealthServer
from streams.platform.logs import show_errors_in_one_line
from streams.platform.settings import Settings
from streams.platform.shutdown import end_within
from streams.services.console.desk import Desk, remove_desk, replace_desk
from streams.services.console.desk_batches import Limits
from streams.services.console.desk_schema import FOLLOWED, HOUR_MS
from streams.services.console.desk_wiping import Unwiped, Wiper, beside
from streams.services.console.desk_writing import DeskWriter
from streams.services.console.follow_metrics import FollowMetrics
from streams.services.console.following import RECORDS_AT_ONCE, Described, Follower
from streams.worker.app import wall_clock

logger = logging.getLogger(__name__)

FETCH_WAIT_MS = 500
PAUSE_S = 1.0
NICENESS = 10


class TopicsChanged(Exception):
    """A topic was made anew or has more partitions: begin again, by what is there now."""


class Target(NamedTuple):
    """What is filled, how much it keeps, and which names are to be wiped from it."""

    path: Path
    limits: Limits
    unwiped: Unwiped


def run_follow(settings: Settings, say: Callable[[str], None]) -> None:
    """Follow until SIGINT or SIGTERM. Raises `EngineError` that says what to do."""
    show_errors_in_one_line()
    if settings.desk is None:
        raise Unusable("HARMONIA_DESK is not set: name the file that the console reads its figures from")
    with own_desk(settings.desk):
        os.nice(NICENESS)
        asyncio.run(_serve(settings, settings.desk, say))


def own_desk(path: Path) -> TextIO:
    """Make a desk this process's alone to write, for as long as the returned file is open. Raises `Unusable`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = path.with_name(f"{path.name}.lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Unusable(f"HARMONIA_DESK: another process writes {path}: one follows, and many may read") from error
    except OSError as error:
        raise Unusable(f"HARMONIA_DESK: {path} cannot be used: {error.strerror}") from error
    return lock


async def _serve(settings: Settings, path: Path, say: Callable[[str], None]) -> None:
    metrics = FollowMetrics()
    limits = Limits(int(settings.desk_hours * HOUR_MS), settings.desk_events, settings.desk_clock)
    target = Target(path, limits, Unwiped())
    stopping = _stopping(settings.grace_s)
    trouble: list[str] = ["it has not begun"]
    started = False

    async def unready() -> str | None:
        return trouble[0] if trouble else None

    async with AsyncExitStack() as closing:
        health = HealthServer.at(settings, metrics.registry, unready, say)
        await closing.enter_async_context(health)
        collect_rarely()
        while not stopping.is_set():
            try:
                described = await asyncio.to_thread(describe_topics, settings)
                started = True
                await _follow_once(settings, target, described, (metrics, trouble, stopping))
            except TopicsChanged:
                continue
            except (KafkaError, KafkaAway, OSError, sqlite3.Error, MissingTopic) as error:
                if isinstance(error, EngineError) and not started:
                    raise
                metrics.failures.inc()
                trouble[:] = [_why(error)]
                logger.warning("the desk: %s; trying again", trouble[0])
                await _pause(stopping)


async def _follow_once(
    settings: Settings,
    target: Target,
    described: Mapping[str, Described],
    state: tuple[FollowMetrics, list[str], asyncio.Event],
) -> None:
    """Follow with one consumer and one writer, until told to stop, something fails, or a copy took the desk's place."""
    metrics, trouble, stopping = state
    path, limits, unwiped = target
    await asyncio.to_thread(remove_desk, beside(path))
    wiper = Wiper(await asyncio.to_thread(Desk.create, path), unwiped)
    consumer = KafkaClients(settings).reader(wait_ms=FETCH_WAIT_MS)
    copy: Target | None = None
    is_level = False
    try:
        writer = await asyncio.to_thread(DeskWriter, wiper.desk, limits)
        await consumer.start()
        follower = Follower(consumer, writer, limits, metrics, unwiped.names)
        await follower.begin(described, wall_clock())
        trouble.clear()
        while not stopping.is_set() and not is_level:
            await follower.step()
            await wiper.tend()
            metrics.unwiped.set(wiper.is_pending)
            if wiper.copy is not None:
                copy = Target(wiper.copy, limits, Unwiped(forgot=False))
                is_level = await _level(settings, copy, described, follower, stopping)
            elif follower.is_time_to_describe() and await asyncio.to_thread(describe_topics, settings) != described:
                raise TopicsChanged
    finally:
        await consumer.stop()
        await wiper.close()
        if not is_level:
            await asyncio.to_thread(remove_desk, beside(path))
    if copy is not None and is_level:
        await asyncio.to_thread(replace_desk, path, copy.path)
        unwiped.become(copy.unwiped)


async def _level(
    settings: Settings,
    copy: Target,
    described: Mapping[str, Described],
    follower: Follower,
    stopping: asyncio.Event,
) -> bool:
    """Read topics into a copy of the desk too, until it is level and both journals are empty. False: told to stop."""
    desk = await asyncio.to_thread(Desk.create, copy.path)
    consumer = KafkaClients(settings).reader(wait_ms=FETCH_WAIT_MS)
    try:
        writer = await asyncio.to_thread(DeskWriter, desk, copy.limits)
        await consumer.start()
        other = Follower(consumer, writer, copy.limits, FollowMetrics(), copy.unwiped.names)
        await other.begin(described, wall_clock())
        while not stopping.is_set():
            await follower.step()
            await other.step()
            if other.behind <= RECORDS_AT_ONCE and await follower.is_written_out() and await other.is_written_out():
                return True
    finally:
        await consumer.stop()
        await asyncio.to_thread(desk.close)
    return False


def describe_topics(settings: Settings) -> dict[str, Described]:
    """The topics that are followed. Blocks; raises `KafkaAway`, and `MissingTopic` for one that is not there."""
    found = KafkaClients(settings).describe_topics(FOLLOWED)
    return {name: Described(*each) for name, each in found.items()}


def _why(error: Exception) -> str:
    if isinstance(error, sqlite3.Error):
        return f"HARMONIA_DESK cannot be written: {error}"
    return str(error) if isinstance(error, EngineError | KafkaAway) else f"{type(error).__name__}"


async def _pause(stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(PAUSE_S):
            await stopping.wait()
    except TimeoutError:
        pass


def _stopping(grace_s: float) -> asyncio.Event:
    """An event set by SIGINT or SIGTERM; from then on the process has `grace_s` seconds."""
    stopping = asyncio.Event()

    def stop() -> None:
        if not stopping.is_set():
            end_within(grace_s, "the desk")
            stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopping
