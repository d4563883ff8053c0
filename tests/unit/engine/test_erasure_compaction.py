import asyncio
import threading
from collections.abc import Callable

import pytest

from streams.engine.erasure_compaction import ErasureCompaction
from streams.engine.store import MemoryStore


class CountingStore(MemoryStore):
    """Says how often it was made to forget; holds whoever does so up while it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.forgot = 0
        self.failures = 0
        self.may_end = threading.Event()
        self.may_end.set()
        self.began = threading.Event()

    def forgetting(self) -> Callable[[], None]:
        return self._forget

    def _forget(self) -> None:
        self.began.set()
        assert self.may_end.wait(10)
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is full")
        self.forgot += 1


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


async def all_done(forgetting: ErasureCompaction) -> None:
    assert forgetting._task is not None
    await forgetting._task


async def test_compactions_asked_for_within_a_while_are_done_once(store: CountingStore) -> None:
    forgetting = ErasureCompaction(store, soon=0.01, every=60)
    for _ in range(5):
        forgetting.ask()
    await asyncio.to_thread(store.began.wait, 10)
    await forgetting.finish()

    assert store.forgot == 1


async def test_a_compaction_asked_for_meanwhile_is_done_afterwards(store: CountingStore) -> None:
    store.may_end.clear()
    forgetting = ErasureCompaction(store, soon=0, every=0)
    forgetting.ask()
    await asyncio.to_thread(store.began.wait, 10)
    forgetting.ask()
    store.may_end.set()

    await all_done(forgetting)

    assert store.forgot == 2


async def test_a_compaction_that_is_due_is_done_when_the_store_is_closed(store: CountingStore) -> None:
    forgetting = ErasureCompaction(store, soon=60)
    forgetting.ask()
    await forgetting.pause()
    assert store.forgot == 0

    await forgetting.finish()
    await forgetting.finish()

    assert store.forgot == 1


async def test_a_compaction_due_during_a_pause_is_done_after_it(store: CountingStore) -> None:
    """A rebalance pauses it, and the next deletion may be a year away."""
    forgetting = ErasureCompaction(store, soon=0, every=60)
    forgetting.ask()
    await forgetting.pause()
    assert store.forgot == 0

    forgetting.go_on()
    await all_done(forgetting)

    assert store.forgot == 1


async def test_nothing_is_compacted_where_nothing_was_erased(store: CountingStore) -> None:
    forgetting = ErasureCompaction(store)
    await forgetting.pause()
    forgetting.go_on()
    assert forgetting._task is None

    await forgetting.finish()

    assert store.forgot == 0


async def test_nobody_goes_on_before_the_thread_has_let_go_of_the_store(store: CountingStore) -> None:
    store.may_end.clear()
    forgetting = ErasureCompaction(store, soon=0)
    forgetting.ask()
    await asyncio.to_thread(store.began.wait, 10)
    pausing = asyncio.create_task(forgetting.pause())
    await asyncio.wait({pausing}, timeout=0.05)
    assert not pausing.done()

    store.may_end.set()
    await pausing

    assert store.forgot == 1


async def test_a_failed_compaction_is_tried_again(store: CountingStore) -> None:
    store.failures = 1
    forgetting = ErasureCompaction(store, soon=0, every=0)
    forgetting.ask()

    await all_done(forgetting)

    assert (store.forgot, store.failures) == (1, 0)
