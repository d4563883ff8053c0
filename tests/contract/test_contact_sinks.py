"""Every sink of contacts keeps the contract: Redis, PostgreSQL, and one in memory."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from redis.asyncio import Redis

from events.topics import CONTACT_LINKS
from sinks.base import StoredContact
from sinks.keys import position_key
from sinks.memory import MemorySink
from sinks.postgres.sink import PostgresContacts
from sinks.redis import RedisSink
from tests.contract.conftest import client_of, empty_postgres
from tests.contract.contact_sink import STALE_AFTER, Bench, ContactSinkContract
from tests.contract.profiles import contact_of, read_profile
from tests.contract.redis_server import RedisServer
from tests.contract.two_topics import TwoTopicsContract


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


HELD = """
SELECT r.version, r.profile::text AS profile, r.unreadable, r.merged_into
FROM harmonia.contact_records r
JOIN harmonia.stores s ON s.store = 'contacts' AND s.part = r.part AND s.epoch = r.epoch
WHERE r.contact_id = $1
"""
"""Of the filling that is written, which readers see once it is whole."""


class PostgresBench:
    def __init__(self, sink: PostgresContacts, reader: asyncpg.Connection) -> None:
        self.sink = sink
        self._reader = reader

    async def stored(self, contact_id: str) -> StoredContact | None:
        found = await self._reader.fetchrow(HELD, contact_id)
        if found is None:
            return None
        profile = found["unreadable"] if found["profile"] is None else found["profile"].encode()
        is_erased = profile is None and found["merged_into"] is None
        return StoredContact(int(found["version"]), profile, found["merged_into"], is_erased)

    async def contact_of(self, identity_hash: str) -> str | None:
        """A table of identities is Redis's alone; here the views say it."""
        held = await self.stored(identity_hash) if ":" in identity_hash else None
        return None if held is None or held.erased else held.merged_into or identity_hash

    async def flush(self) -> None:
        await empty_postgres(self._reader)

    async def age(self, partition: int, seconds: float) -> None:
        older = "UPDATE harmonia.positions SET written_at = written_at - $2 * interval '1 second' WHERE part = $1"
        await self._reader.execute(older, partition, seconds)


class TestPostgresSink(ContactSinkContract, TwoTopicsContract):
    @pytest.fixture
    def bench(self, contacts: PostgresContacts, reader: asyncpg.Connection) -> Bench:
        return PostgresBench(contacts, reader)


class TestPostgresSinkOfLinks(ContactSinkContract):
    @pytest.fixture
    def bench(self, contacts: PostgresContacts, reader: asyncpg.Connection) -> Bench:
        return PostgresBench(contacts.reading(CONTACT_LINKS), reader)


class MemoryBench:
    def __init__(self) -> None:
        self._now = 1_000_000.0
        self.sink = MemorySink(STALE_AFTER, lambda: self._now)

    def reading(self, topic: str) -> "MemoryBench":
        self.sink = self.sink.reading(topic)
        return self

    async def stored(self, contact_id: str) -> StoredContact | None:
        return self.sink.contacts.get(contact_id)

    async def contact_of(self, identity_hash: str) -> str | None:
        return self.sink.identities.get(identity_hash)

    async def flush(self) -> None:
        self.sink.flush()

    async def age(self, partition: int, seconds: float) -> None:
        self._now += seconds


class TestMemorySink(ContactSinkContract, TwoTopicsContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return MemoryBench()


class TestMemorySinkOfLinks(ContactSinkContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return MemoryBench().reading(CONTACT_LINKS)
