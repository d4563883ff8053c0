"""A Redis with many people in it, filled by the sink itself, that says of itself that nothing is missing."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from random import Random

from benchmarks.permit.people import email_of, phone_of, profile, van_of
from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import Change, Position, Whole
from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from streams.clients import redis_client
from streams.settings import Settings

PARTITIONS = 8
_TOPIC_ID = "lQ4nIXcVTRSTjTWnSq5aVw"
_AT_ONCE = 5_000
_STALE_AFTER_S = 86_400.0


def fill(settings: Settings, people: int, seed: int, now_ms: int) -> None:
    """Write a profile for each, and that address and phone lead to it."""
    asyncio.run(_fill(settings, people, seed, now_ms))


async def _fill(settings: Settings, people: int, seed: int, now_ms: int) -> None:
    """All in one partition of each topic: who reads contacts asks for none."""
    sink = RedisSink(redis_client(settings), stale_after=_STALE_AFTER_S, timeout=60.0)
    for topic, changes in (
        (CONTACT_STATE, _profiles(settings, people, seed, now_ms)),
        (CONTACT_LINKS, _links(settings, people)),
    ):
        view, position, offset = sink.reading(topic), None, 0
        while run := list(islice(changes, _AT_ONCE)):
            offset += len(run)
            after = Position(_TOPIC_ID, offset)
            await view.write(0, run, position, after)
            position = after
        for partition in range(PARTITIONS):
            stands = position if partition == 0 and position else Position(_TOPIC_ID, 0)
            if partition:
                await view.write(partition, (), None, stands)
            await view.whole(partition, stands, Whole(0, PARTITIONS))
    holds = HoldsSink(redis_client(settings))
    await holds.put({}, Position(_TOPIC_ID, 0), 0)
    await holds.close()
    await sink.close()


def _profiles(settings: Settings, people: int, seed: int, now_ms: int) -> Iterator[Change]:
    hasher, rng = settings.hasher, Random(seed)
    for person in range(people):
        contact_id, state = profile(person, hasher, rng, now_ms)
        yield Change(contact_id, 1, state, None, None)


def _links(settings: Settings, people: int) -> Iterator[Change]:
    hasher = settings.hasher
    for person in range(people):
        survivor = hasher.external("van", van_of(person))
        for hashed in (hasher.email(email_of(person)), hasher.phone(phone_of(person))):
            if hashed is not None:
                yield Change(hashed, 1, None, "merged", survivor)
