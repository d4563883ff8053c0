from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from events.topics import CONTACT_LINKS
from sinks.base import StoredContact
from sinks.keys import position_key
from sinks.redis import RedisSink
from tests.contract.conftest import client_of
from tests.contract.contact_sink import (
    STALE_AFTER,
    Bench,
    ContactSinkContract,
)
from tests.contract.profiles import contact_of, read_profile
from tests.contract.redis_server import RedisServer
from tests.contract.two_topics import (
    TwoTopicsContract,
)


class RedisBench:
    def __init__(self, sink: RedisSink, client: Redis) -> None:
        self.sink = sink
        self._client = client

    async def stored(self, contact_id: str) -> StoredContact | None:
        return await read_profile(self._client, contact_id)

    async def contact_of(self, identity_hash: str) -> str | None:
        return await contact_of(self._client, identity_hash)

    async def flush(self) -> None:
        await self._client.flushall()

    async def age(self, partition: int, seconds: float) -> None:
        await self._client.hincrby(position_key(partition, self.sink.topic), "written_at", -round(seconds * 1000))


class TestRedisSink(ContactSinkContract, TwoTopicsContract):
    @pytest.fixture
    async def bench(self, redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[Bench]:
        sink = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER)
        yield RedisBench(sink, redis_client)
        await sink.close()


class TestRedisSinkOfLinks(ContactSinkContract):
    @pytest.fixture
    async def bench(self, redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[Bench]:
        sink = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER)
        yield RedisBench(sink.reading(CONTACT_LINKS), redis_client)
        await sink.close()
