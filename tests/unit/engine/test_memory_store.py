import pytest

from streams.engine.store import MemoryStore
from tests.unit.engine.store_contract import HERE, OpenStore, StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def open_store(self) -> OpenStore:
        return MemoryStore


def test_memory_is_let_go_of_on_close() -> None:
    store = MemoryStore()
    store.write({b"a": b"1"}, HERE)

    store.close()

    assert list(store.items()) == []
