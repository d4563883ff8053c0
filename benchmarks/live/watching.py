"""Looks at results as they appear, in the topic and in Redis, and notes when each gift is first counted.

A moment is when a result was read here, so it is late by the way of one message, never early. Of Redis every tenth
experiment is looked at: whoever looked at all of them would take the processor from those who are measured.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct
from redis.asyncio import Redis

from benchmarks.live.crowd import Cell
from benchmarks.live.gifts import amounts_in
from benchmarks.suites import BenchmarkFailed
from events.topics import EXPERIMENT_RESULTS
from sinks.keys import experiment_key
from streams.platform.clients import KafkaClients, redis_client
from streams.platform.settings import Settings

_NOTICES = "notify-keyspace-events"
_LOOK_AGAIN_S = 0.1


class NotCounted(BenchmarkFailed):
    """What was sent did not come to the results."""


class _Metric(Struct):
    sum: int


class _Variant(Struct):
    assigned: int
    metrics: dict[str, _Metric]


class Result(Struct):
    """What is looked at of a result."""

    experiment: str
    status: str
    variants: dict[str, _Variant]


_read = msgspec.json.Decoder(Result).decode

Counted = dict[tuple[Cell, int], float]
"""By cell and gift when it was first seen to be counted: seconds since 1970."""


class Seen:
    """`counted`: see there. `results`: how many were seen.

    Parameters:
        must_run: raises when whoever makes results has ended.
    """

    def __init__(self, must_run: Callable[[], None]) -> None:
        self._must_run = must_run
        self._sums: dict[Cell, int] = {}
        self._assigned: dict[str, int] = {}
        self.counted: Counted = {}
        self.results = 0

    def note(self, value: bytes, at: float) -> None:
        """Look at one result."""
        result = _read(value)
        self.results += 1
        people = sum(each.assigned for each in result.variants.values())
        self._assigned[result.experiment] = people if result.status == "running" else 0
        for name, variant in result.variants.items():
            cell = Cell(result.experiment, name)
            total = variant.metrics["net_amount"].sum
            for amount in amounts_in(total & ~self._sums.get(cell, 0)):
                self.counted.setdefault((cell, amount), at)
            self._sums[cell] = total

    @property
    def assigned(self) -> int:
        """People, each as often as they are in an experiment that is not being counted anew."""
        return sum(self._assigned.values())

    @property
    def sums(self) -> dict[Cell, int]:
        """By cell the last sum, where anybody gave."""
        return {cell: total for cell, total in self._sums.items() if total}

    async def until(self, is_so: Callable[[], bool], what: str, patience_s: float) -> None:
        """Return once it is so. Raises `NotCounted`, or what `must_run` does."""
        since = time.monotonic()
        while not is_so():
            self._must_run()
            if time.monotonic() - since > patience_s:
                raise NotCounted(f"{what}: not within {patience_s:.0f} s; {self.assigned:,} assignments are counted")
            await asyncio.sleep(_LOOK_AGAIN_S)


@asynccontextmanager
async def topic_watched(settings: Settings, must_run: Callable[[], None]) -> AsyncIterator[Seen]:
    """Every result that is committed, for the length of a block."""
    seen = Seen(must_run)
    reader = KafkaClients(settings).reader()
    await reader.start()
    try:
        reader.assign([TopicPartition(EXPERIMENT_RESULTS, number) for number in range(settings.partitions)])
        await reader.seek_to_beginning()

        async def read() -> None:
            while True:
                for records in (await reader.getmany(timeout_ms=100)).values():
                    at = time.time()
                    for record in records:
                        if record.value is not None:
                            seen.note(record.value, at)

        async with _task(read()):
            yield seen
    finally:
        await reader.stop()


@asynccontextmanager
async def redis_watched(settings: Settings, must_run: Callable[[], None]) -> AsyncIterator[Seen]:
    """Every tenth experiment in Redis, told by Redis itself, for the length of a block."""
    seen = Seen(must_run)
    redis = redis_client(settings)
    before = (await redis.config_get(_NOTICES))[_NOTICES] or ""
    await redis.config_set(_NOTICES, "K$")
    try:
        async with redis.pubsub(ignore_subscribe_messages=True) as notices:
            await notices.psubscribe(f"__keyspace@*__:{experiment_key('')}*0")

            async def read() -> None:
                while True:
                    if notice := await notices.get_message(timeout=1.0):
                        await _look(redis, notice["channel"].decode().partition(":")[2], seen)

            async with _task(read()):
                yield seen
    finally:
        await redis.config_set(_NOTICES, before)
        await redis.aclose()


async def _look(redis: Redis, key: str, seen: Seen) -> None:
    value = await redis.get(key)
    if isinstance(value, bytes):
        seen.note(value, time.time())


@asynccontextmanager
async def _task(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """For the length of a block; what it has failed with is raised at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
