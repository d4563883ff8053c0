import pytest
from hypothesis import given

from streams.engine.store import MemoryStore, Store, open_memory_store
from tests.unit.engine.store_contract import (
    HERE,
    WRITES,
    Changes,
    StoreContract,
    any_writes_end_as_those_of_a_dict,
    law,
)


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return open_memory_store("contacts", 0)

    @law
    @given(writes=WRITES)
    def test_any_writes_end_as_those_of_a_dict(self, writes: list[Changes]) -> None:
        any_writes_end_as_those_of_a_dict(MemoryStore, writes)


def test_each_partition_has_a_store_of_its_own() -> None:
    first, second = open_memory_store("contacts", 0), open_memory_store("contacts", 1)

    first.write({b"a": b"1"}, HERE)

    assert second.get(b"a") is None


def test_memory_is_let_go_of_on_close() -> None:
    store = MemoryStore()
    store.write({b"a": b"1"}, HERE)

    store.close()

    assert list(store.items()) == []
