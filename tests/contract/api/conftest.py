from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from sinks.results import ResultsSink
from sinks.segments import SegmentsSink
from tests.contract.api.desk import Desk
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer


@pytest.fixture
def desk(redis_client: Redis) -> Desk:
    return Desk(redis_client)


@pytest.fixture
async def results(redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[ResultsSink]:
    sink = ResultsSink(client_of(redis_server.port), stale_after=STALE_AFTER)
    yield sink
    await sink.close()


@pytest.fixture
async def segments(redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[SegmentsSink]:
    sink = SegmentsSink(client_of(redis_server.port), stale_after=STALE_AFTER, most_pairs=1000)
    yield sink
    await sink.close()
