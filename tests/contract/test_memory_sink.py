import pytest
from hypothesis import given

from events.topics import CONTACT_LINKS
from sinks.base import ContactChange, StoredContact
from sinks.memory import MemorySink
from tests.budgets import shares_fixtures
from tests.contract.contact_sink import (
    BATCHES,
    STALE_AFTER,
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


class TestMemorySinkOfLinks(ContactSinkContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return MemoryBench().reading(CONTACT_LINKS)
