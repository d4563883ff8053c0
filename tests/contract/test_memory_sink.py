import pytest

from events.topics import CONTACT_LINKS
from sinks.base import StoredContact
from sinks.memory import MemorySink
from tests.contract.contact_sink import (
    STALE_AFTER,
    Bench,
    ContactSinkContract,
)
from tests.contract.two_topics import (
    TwoTopicsContract,
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


class TestMemorySinkOfLinks(ContactSinkContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return MemoryBench().reading(CONTACT_LINKS)
