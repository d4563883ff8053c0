"""The age of what permissions rest on: it falls while Redis is whole, and grows while something is missing."""

import asyncio
import time

import pytest
from prometheus_client import CollectorRegistry, Gauge
from redis.asyncio import Redis

from sinks.holds import HoldsSink
from sinks.keys import position_key
from sinks.lookup import Complete, Incomplete, Lookup
from sinks.redis import RedisSink
from streams.services.api import readiness
from streams.services.api.readiness import Freshness
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER
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
