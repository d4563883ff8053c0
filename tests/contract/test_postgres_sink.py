import asyncpg
import pytest
from hypothesis import given

from events.topics import CONTACT_LINKS
from sinks.base import ContactChange, StoredContact
from sinks.postgres.sink import PostgresContacts
from tests.budgets import shares_fixtures
from tests.contract.conftest import empty_postgres
from tests.contract.contact_sink import (
    BATCHES,
    Bench,
    ContactSinkContract,
    any_batches_end_as_the_highest_versions,
)
from tests.contract.two_topics import (
    INTERLEAVINGS,
    Step,
    TwoTopicsContract,
    any_interleaving_of_two_topics_ends_the_same,
    histories,
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

    @shares_fixtures
    @given(batches=BATCHES)
    async def test_any_batches_in_any_order_end_as_the_highest_versions(
        self, bench: Bench, batches: list[list[ContactChange]]
    ) -> None:
        await any_batches_end_as_the_highest_versions(bench, batches)

    @shares_fixtures
    @given(history=histories(), first=INTERLEAVINGS)
    async def test_any_interleaving_of_the_two_topics_ends_the_same(
        self, bench: Bench, history: list[Step], first: list[bool]
    ) -> None:
        await any_interleaving_of_two_topics_ends_the_same(bench, history, first)


class TestPostgresSinkOfLinks(ContactSinkContract):
    @pytest.fixture
    def bench(self, contacts: PostgresContacts, reader: asyncpg.Connection) -> Bench:
        return PostgresBench(contacts.reading(CONTACT_LINKS), reader)
