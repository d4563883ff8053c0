"""Profiles of many people as records of `contact-state`, and of some of them in Redis as well, for their pages."""

import random
from collections.abc import Iterator
from random import Random
from typing import Any

import orjson

from benchmarks.asking.people import known
from benchmarks.desk.load import PROFILE, REGIONS, fragment_of
from events.times import render_time
from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import ContactChange, Position
from sinks.keys import partition_of
from sinks.redis import RedisSink
from streams.platform.clients import redis_client
from streams.platform.settings import Settings
from streams.services.console.desk_batches import TopicRecord

ELECTIONS = ("2026-general", "2026-primary")
LIMIT = 350_000
"""Minor units that a person may give to a committee in an election."""
COMMITTEES = ("C0", "C1", "C2", "C3")
_TEMPLATES = 997
"""Different profiles, one of which each person has; with regions and times of their own."""
_BALLOTS = (*["requested"] * 30, *["sent"] * 40, *["returned"] * 15, "rejected", "cured", *["voted"] * 12)
_WHO, _REGION, _AT = b"<who>", b"<region>", b"<at>"
_VERSION = b'"version":0'


class ProfileWriter:
    """Writes profiles of people: always the same of one, but for the version and when they were last heard of."""

    def __init__(self, seed: int) -> None:
        chance = Random(seed)
        self._bodies = [orjson.dumps(_profile(chance)) for _ in range(_TEMPLATES)]

    def record(self, person: int, version: int, at: int) -> TopicRecord:
        """The record of `contact-state` of somebody, appended at `at` (ms)."""
        name = fragment_of(person).encode()
        said = ((_WHO, name), (_REGION, REGIONS[person % len(REGIONS)].encode()), (_AT, render_time(at).encode()))
        value = self._bodies[person % _TEMPLATES].replace(_VERSION, b'"version":%d' % version)
        for place, word in said:
            value = value.replace(place, word)
        return TopicRecord(CONTACT_STATE, 0, person, name, value, (), at)

    def everybody(self, contacts: int, at: int) -> Iterator[TopicRecord]:
        """The profiles of so many people."""
        return (self.record(person, 1, at) for person in range(contacts))


def _profile(chance: Random) -> dict[str, Any]:
    said = {**PROFILE, "last_seen": _AT.decode(), "zones": {**PROFILE["zones"], "region": _REGION.decode()}}
    said["canvass"] = {**PROFILE["canvass"], "support": chance.choice((None, 1, 2, 3, 4, 5))}
    said["ballot"] = {"2026-general": {**PROFILE["ballot"]["2012-general"], "status": chance.choice(_BALLOTS)}}
    gave = chance.sample(COMMITTEES, chance.choice((0, 0, 1, 1, 2)))
    said["donations"] = {**PROFILE["donations"], "by_committee": {name: _given(chance) for name in gave}}
    if chance.random() < 0.01:
        said["donations"]["pledges"] = [{"status": "failing"}]
    return said


def _given(chance: Random) -> dict[str, Any]:
    near = chance.random() < 0.003
    net = LIMIT - chance.randrange(20_000) if near else chance.randrange(500, 20_000)
    return {"net": {"USD": net}, "last_at": _AT.decode(), "elections": {chance.choice(ELECTIONS): {"USD": net}}}


async def fill_redis(settings: Settings, contacts: int, seed: int) -> None:
    """Write so many people into Redis, as workers would have."""
    chance = random.Random(seed)
    changes: dict[int, list[ContactChange]] = {number: [] for number in range(settings.partitions)}
    for person in range(contacts):
        name = fragment_of(person)
        said = orjson.dumps(known(name, name, chance, REGIONS[person % len(REGIONS)]))
        changes[partition_of(name, settings.partitions)].append(ContactChange(name, 1, said, None, None))
    sink = RedisSink(redis_client(settings), stale_after=86_400_000)
    try:
        for topic, each in ((CONTACT_STATE, changes), (CONTACT_LINKS, {})):
            view = sink.reading(topic)
            for partition in range(settings.partitions):
                await view.write(partition, each.get(partition, []), None, Position("benchmark", contacts))
    finally:
        await sink.close()
