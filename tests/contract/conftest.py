import sys
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from sinks.holds import HoldsSink
from sinks.postgres.database import PostgresDatabase
from sinks.postgres.sink import PostgresContacts
from sinks.redis import RedisSink
from streams.local.postgres import PostgresServer, running_postgres
from streams.platform import clients, prefixed_redis
from streams.platform.prefixed_redis import prefix_redis
from tests.contract.busy_sink import BusySink
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling

PREFIX = ""
"""What clients put before each key; the fixture `prefix` sets it for a test."""


def client_of(port: int, retries: int = 0, patience_s: float = 5.0) -> Redis:
    """A client that waits so long for a connection and for each answer."""
    client = Redis(
        host="127.0.0.1",
        port=port,
        retry=Retry(NoBackoff(), retries),
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
    )
    return prefix_redis(client, PREFIX) if PREFIX else client


@pytest.fixture(autouse=True)
def _no_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none in these tests: who writes to it is told so at once."""
    monkeypatch.setattr(clients, "BOOTSTRAP_TIMEOUT_S", 0.1)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["", "north."], ids=["alone", "behind a prefix"])
def prefix(request: pytest.FixtureRequest, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Has all clients of a test work behind a prefix, or none; no key may be written beside it."""
    with SyncRedis(port=redis_server.port) as server:
        server.flushall()
    monkeypatch.setattr(sys.modules[__name__], "PREFIX", request.param)
    monkeypatch.setattr(prefixed_redis, "WITHOUT_KEYS", prefixed_redis.WITHOUT_KEYS | {"FLUSHALL"})
    yield request.param
    with SyncRedis(port=redis_server.port) as server:
        beside = [key for key in server.scan_iter() if not key.startswith(request.param.encode())]
    assert not beside


@pytest.fixture
async def redis_client(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """A client that sees behind the sink's back, on an empty database."""
    with SyncRedis(port=redis_server.port) as server:
        server.flushall()
    async with client_of(redis_server.port, retries=2) as client:
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


@pytest.fixture
async def filling(redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[Filling]:
    sink = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER)
    holds = HoldsSink(client_of(redis_server.port))
    yield Filling(sink, holds)
    await sink.close()
    await holds.close()


POSTGRES_TABLES = "stores", "positions", "contact_records", "topic_records", "topic_partitions"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
async def reader(postgres: PostgresServer) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees behind the sink's back."""
    connection = await asyncpg.connect(postgres.url)
    yield connection
    await connection.close()


@pytest.fixture
async def database(postgres: PostgresServer, reader: asyncpg.Connection) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(postgres.url)
    await database.call("SELECT 1")
    await empty_postgres(reader)
    yield database
    await database.close()


@pytest.fixture
def contacts(database: PostgresDatabase) -> PostgresContacts:
    return PostgresContacts(database, stale_after=STALE_AFTER)


async def empty_postgres(reader: asyncpg.Connection) -> None:
    await reader.execute("".join(f"DELETE FROM harmonia.{table};" for table in POSTGRES_TABLES))
