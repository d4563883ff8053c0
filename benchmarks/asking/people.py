"""A Redis full of people with a history, written by the sinks themselves, and questions about them."""

import random
import time
from collections import defaultdict
from collections.abc import Iterator

import orjson

from events.interactions.base import Channel, Purpose
from events.outputs import ContactProfile, Touch
from events.times import render_time
from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import Completeness, ContactChange, Position
from sinks.holds import HoldsSink
from sinks.keys import partition_of
from sinks.redis import RedisSink
from streams.domain.contact import ContactState, profile
from streams.platform.clients import redis_client
from streams.platform.settings import Settings

DAY_MS = 86_400_000
NOON = (time.time_ns() // 1_000_000 // DAY_MS + 1) * DAY_MS + 17 * 3_600_000
"""Tomorrow, noon in New York: times that are past may not be asked about, and mail is open then."""
TOUCHES = 8
_TOPIC = "benchmark"
_CHANNELS: tuple[Channel, ...] = ("email", "email", "email", "text", "letter", "door")
_PURPOSES: tuple[Purpose, ...] = ("fundraising", "informational")
_ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")


def address_of(number: int) -> str:
    """The e-mail address of a person."""
    return f"person.{number}@example.org"


async def fill(settings: Settings, count: int, seed: int) -> None:
    """Write so many people, each found by contact_id and by address."""
    chance, hasher = random.Random(seed), settings.hasher
    states: dict[int, list[ContactChange]] = defaultdict(list)
    links: dict[int, list[ContactChange]] = defaultdict(list)
    for number in range(count):
        name, hashed = f"c{number}", hasher.email(address_of(number)) or ""
        change = ContactChange(name, 1, orjson.dumps(known(name, hashed, chance)), None, None)
        states[partition_of(name, settings.partitions)].append(change)
        links[partition_of(hashed, settings.partitions)].append(ContactChange(hashed, 1, None, None, name))
    sink = _sink(settings)
    try:
        for topic, changes in ((CONTACT_STATE, states), (CONTACT_LINKS, links)):
            view = sink.reading(topic)
            for partition in range(settings.partitions):
                after = Position(_TOPIC, count)
                await view.write(partition, changes[partition], None, after)
    finally:
        await sink.close()


async def tell_whole(settings: Settings, count: int) -> None:
    """Say that nothing is missing of so many people, as a worker does every second."""
    sink, holds, after = _sink(settings), HoldsSink(redis_client(settings)), Position(_TOPIC, count)
    try:
        for topic in (CONTACT_STATE, CONTACT_LINKS):
            for partition in range(settings.partitions):
                await sink.reading(topic).whole(partition, after, Completeness(0, settings.partitions))
        await holds.put({}, Position(_TOPIC, 0), 0, 0)
    finally:
        await sink.close()
        await holds.close()


def _sink(settings: Settings) -> RedisSink:
    return RedisSink(redis_client(settings), stale_after=DAY_MS)


def questions(count: int, size: int, seed: int) -> Iterator[bytes]:
    """Bodies about `size` people each, without an end; every other one is asked about by address."""
    chance = random.Random(seed)
    while True:
        whom = [_named(chance.randrange(count)) for _ in range(size)]
        yield orjson.dumps({"channel": "email", "purpose": "informational", "at": render_time(NOON), "contacts": whom})


def _named(number: int) -> dict[str, str]:
    return {"email": address_of(number)} if number % 2 else {"contact_id": f"c{number}"}


def known(name: str, hashed: str, chance: random.Random, region: str | None = None) -> ContactProfile:
    """The profile of somebody with a history. `hashed`: the hash of their e-mail address."""
    said = profile(name, ContactState())
    said["zones"] = {"time_zone": chance.choice(_ZONES), "region": region, "postal_code": None}
    said["addresses"] = [{"ref": hashed.partition(":")[2][:16], "channel": "email", "status": "ok"}]
    said["touches"] = _touches(chance)
    return said


def _touches(chance: random.Random) -> list[Touch]:
    times = sorted((NOON - chance.randrange(30 * DAY_MS) for _ in range(chance.randrange(2 * TOUCHES))), reverse=True)
    return [
        {
            "channel": chance.choice(_CHANNELS),
            "purpose": chance.choice(_PURPOSES),
            "at": render_time(at),
            "team": chance.choice(("digital", "field")),
            "source": "digital/mailer",
            "id": f"{at:x}",
        }
        for at in times
    ]
