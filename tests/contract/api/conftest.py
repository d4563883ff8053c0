from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from tests.contract.api.desk import Desk
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling


@pytest.fixture
async def filling(redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[Filling]:
    sink = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER)
    holds = HoldsSink(client_of(redis_server.port))
    yield Filling(sink, holds)
    await sink.close()
    await holds.close()


@pytest.fixture
def desk(redis_client: Redis) -> Desk:
    return Desk(redis_client)
