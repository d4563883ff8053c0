from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from sinks.redis import RedisSink
from tests.contract.busy_sink import BusySink
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer


def client_of(port: int, retries: int = 0) -> Redis:
    return Redis(host="127.0.0.1", port=port, retry=Retry(NoBackoff(), retries))


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def redis_client(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """A client that sees behind the sink's back, on an empty database."""
    async with client_of(redis_server.port, retries=2) as client:
        await client.flushall()
        yield client


@pytest.fixture
async def sink(redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[BusySink]:
    sink = BusySink(client_of(redis_server.port), stale_after=STALE_AFTER, timeout=2.0)
    yield sink
    await sink.close()


@pytest.fixture
async def other(redis_server: RedisServer) -> AsyncIterator[RedisSink]:
    """The sink of another owner of the same partition."""
    sink = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER)
    yield sink
    await sink.close()
