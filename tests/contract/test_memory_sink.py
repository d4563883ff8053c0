import pytest
from hypothesis import given

from sinks.base import Change, Stored
from sinks.memory import MemorySink
from tests.contract.contact_sink import (
    BATCHES,
    STALE_AFTER,
    Bench,
    ContactSinkContract,
    any_batches_end_as_the_highest_versions,
    law,
)


class MemoryBench:
    def __init__(self) -> None:
        self._now = 1_000_000.0
        self.sink = MemorySink(STALE_AFTER, lambda: self._now)

    async def stored(self, contact_id: str) -> Stored | None:
        return self.sink.contacts.get(contact_id)

    async def contact_of(self, identity_hash: str) -> str | None:
        return self.sink.identities.get(identity_hash)

    async def flush(self) -> None:
        self.sink.flush()

    async def age(self, partition: int, seconds: float) -> None:
        self._now += seconds


class TestMemorySink(ContactSinkContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return MemoryBench()

    @law
    @given(batches=BATCHES)
    async def test_any_batches_in_any_order_end_as_the_highest_versions(
        self, bench: Bench, batches: list[list[Change]]
    ) -> None:
        await any_batches_end_as_the_highest_versions(bench, batches)
