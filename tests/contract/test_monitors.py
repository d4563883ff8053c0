"""What Redis tells of the age of what it holds."""

import asyncio
import time
from datetime import date

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, Gauge
from redis.asyncio import Redis

from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.holds import HoldsSink
from sinks.keys import position_key
from sinks.lookup import Complete, Incomplete, Lookup
from sinks.redis import RedisSink
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.services.api import readiness
from streams.services.api.readiness import Freshness
from streams.worker.rights_monitor import erased_since
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER, erased, living
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling


class Watched(Lookup):
    """Tells what each look has found."""

    def __init__(self, client: Redis) -> None:
        super().__init__(client, 15.0)
        self.found: asyncio.Queue[Complete | Incomplete] = asyncio.Queue()

    async def standing(self) -> Complete | Incomplete:
        found = await super().standing()
        self.found.put_nowait(found)
        return found

    async def until_found(self, kind: type) -> None:
        """Until a look after one of this kind."""
        while not isinstance(await asyncio.wait_for(self.found.get(), 5), kind):
            pass
        await asyncio.wait_for(self.found.get(), 5)


async def test_the_age_of_the_data_falls_while_redis_is_complete_and_grows_while_it_is_not(
    redis_server: RedisServer, redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "INTERVAL_S", 0.01)
    registry, ahead = CollectorRegistry(), -100_000
    gauge = Gauge("age_seconds", "Age", registry=registry)
    lookup = Watched(redis_client)
    watching = Freshness(lookup, lambda: time.time_ns() // 1_000_000 + ahead, gauge)
    ahead = 0
    sink, holds = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER), HoldsSink(redis_client)

    async with watching:
        await lookup.until_found(Incomplete)
        before = registry.get_sample_value("age_seconds") or 0
        await Filling(sink, holds).all()
        await lookup.until_found(Complete)
        whole = registry.get_sample_value("age_seconds")
        await redis_client.delete(position_key(0))
        await lookup.until_found(Incomplete)
        ahead = 60_000
        missing = registry.get_sample_value("age_seconds") or 0
    await sink.close()

    assert before >= 100
    assert whole is not None
    assert whole < 15
    assert missing >= 60


CYD = RightsRequest("aa" * 10, "access", "cyd", date(2026, 1, 31), date(2026, 2, 28), ())
BO = RightsRequest("bb" * 10, "erasure", "bo", date(2026, 1, 31), date(2026, 2, 28), ())
NOBODY = RightsRequest("cc" * 10, "objection", None, date(2026, 1, 31), date(2026, 2, 28), ())
DESK = RightsDesk({one.id: one for one in (CYD, BO, NOBODY)}, {})


async def test_an_open_request_stays_while_redis_is_filled_and_goes_once_it_is_complete(
    redis_client: Redis, filling: Filling
) -> None:
    """What is filled in may be an erasure from before the person came back."""
    lookup = Lookup(redis_client, 15.0)
    assert await erased_since(lookup, DESK) == []
    await filling.write(CONTACT_STATE, [erased("cyd", 1), living("bo", 1)])
    await filling.write(CONTACT_LINKS)
    assert await erased_since(lookup, DESK) == []
    for topic in (CONTACT_STATE, CONTACT_LINKS):
        await filling.tell(topic)
    await filling.hold({})
    assert await erased_since(lookup, DESK) == [CYD]


async def test_who_is_erased_in_a_redis_as_of_before_they_asked_keeps_their_request(
    redis_client: Redis, filling: Filling
) -> None:
    await filling.all([erased("cyd", 1)])
    later = replace(CYD, opened=time.time_ns() // 1_000_000 + 3_600_000)
    assert await erased_since(Lookup(redis_client, 15.0), RightsDesk({later.id: later}, {})) == []


async def test_without_requests_redis_is_not_asked(redis_client: Redis, filling: Filling) -> None:
    await filling.all([erased("cyd", 1)])
    before = (await redis_client.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0)
    assert await erased_since(Lookup(redis_client, 15.0), RightsDesk({NOBODY.id: NOBODY}, {})) == []
    assert (await redis_client.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0) == before
