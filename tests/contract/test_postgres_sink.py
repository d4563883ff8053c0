import asyncpg
import pytest

from events.topics import CONTACT_LINKS
from sinks.base import StoredContact
from sinks.postgres.sink import PostgresContacts
from tests.contract.conftest import empty_postgres
from tests.contract.contact_sink import (
    Bench,
    ContactSinkContract,
)
from tests.contract.two_topics import (
    TwoTopicsContract,
)

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
