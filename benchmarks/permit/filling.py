"""A Redis with many people in it, filled and looked after by the sink itself."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from random import Random

from benchmarks.permit.people import email_of, phone_of, profile, van_of
from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import Completeness, ContactChange, Position
from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from streams.platform.clients import redis_client
from streams.platform.settings import Settings

PARTITIONS = 8
_TOPIC_ID = "lQ4nIXcVTRSTjTWnSq5aVw"
_AT_ONCE = 5_000
_STALE_AFTER_S = 86_400.0
_TELL_EVERY_S = 2.0


def fill(settings: Settings, people: int, seed: int, now_ms: int) -> None:
    """Write a profile for each, and that address and phone lead to it."""
    asyncio.run(_fill(settings, people, seed, now_ms))


@contextmanager
def looked_after(settings: Settings) -> Iterator[None]:
    """In the block Redis is told again and again that nothing is missing, as a worker does."""
    over = threading.Event()
    thread = threading.Thread(target=_look_after, args=(settings, over))
    asyncio.run(_tell(settings))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _look_after(settings: Settings, over: threading.Event) -> None:
    while not over.wait(_TELL_EVERY_S):
        asyncio.run(_tell(settings))


async def _fill(settings: Settings, people: int, seed: int, now_ms: int) -> None:
    """All in one partition of each topic: who reads contacts asks for none."""
    async with _sink(settings) as sink:
        for topic, changes in (
            (CONTACT_STATE, _profiles(settings, people, seed, now_ms)),
            (CONTACT_LINKS, _links(settings, people)),
        ):
            view, position = sink.reading(topic), None
            while run := list(islice(changes, _AT_ONCE)):
                after = Position(_TOPIC_ID, len(run) + (position.offset if position else 0))
                await view.write(0, run, position, after)
                position = after
            for partition in range(1, PARTITIONS):
                await view.write(partition, (), None, Position(_TOPIC_ID, 0))


async def _tell(settings: Settings) -> None:
    async with _sink(settings) as sink:
        for topic in (CONTACT_STATE, CONTACT_LINKS):
            view = sink.reading(topic)
            for partition in range(PARTITIONS):
                if (position := await view.position(partition)) is not None:
                    await view.whole(partition, position, Completeness(0, PARTITIONS))
    holds = HoldsSink(redis_client(settings))
    await holds.put({}, Position(_TOPIC_ID, 0), 0, 0)
    await holds.close()


@asynccontextmanager
async def _sink(settings: Settings) -> AsyncIterator[RedisSink]:
    sink = RedisSink(redis_client(settings), stale_after=_STALE_AFTER_S, timeout=60.0)
    yield sink
    await sink.close()


def _profiles(settings: Settings, people: int, seed: int, now_ms: int) -> Iterator[ContactChange]:
    hasher, rng = settings.hasher, Random(seed)
    for person in range(people):
        contact_id, state = profile(person, hasher, rng, now_ms)
        yield ContactChange(contact_id, 1, state, None, None)


def _links(settings: Settings, people: int) -> Iterator[ContactChange]:
    hasher = settings.hasher
    for person in range(people):
        survivor = hasher.external("van", van_of(person))
        for hashed in (hasher.email(email_of(person)), hasher.phone(phone_of(person))):
            if hashed is not None:
                yield ContactChange(hashed, 1, None, "merged", survivor)
