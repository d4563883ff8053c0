"""Erasures, transactions that hang, and what is tried again."""

import asyncio
import logging
import threading
from collections.abc import Callable

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerFenced
from faust.types import TP

from streams.engine import retry
from streams.engine.erasure_compaction import ErasureCompaction
from streams.engine.hanging_transactions import HangingTransactions
from streams.engine.retry import ATTEMPTS, retried
from streams.engine.store import MemoryStore
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced
from streams.platform.settings import Settings


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


KAFKA = KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1"))
WRITTEN = {number: (TP("changelog", number), TP("outputs", number)) for number in range(3)}


def test_another_try_remembers_how_the_transaction_ended_and_a_later_transaction_does_not() -> None:
    hanging = HangingTransactions(KAFKA, "app-", WRITTEN, ())
    first = {(TP("changelog", 0), 7, 40), (TP("outputs", 0), 7, 12)}

    leftovers = hanging._leftovers("app-one", first)

    assert hanging._leftovers("app-one", {(TP("outputs", 0), 7, 12)}) is leftovers
    assert hanging._leftovers("app-one", {(TP("outputs", 0), 7, 90)}) is not leftovers


def test_shared_partitions_count_only_where_there_are_no_others() -> None:
    hanging = HangingTransactions(KAFKA, "app-", WRITTEN, (TP("shared", 0), TP("shared", 4)))

    assert hanging._numbers_of([TP("shared", 0), TP("outputs", 2), TP("changelog", 1)]) == {1, 2}
    assert hanging._numbers_of([TP("shared", 4)]) == {1}


class Flaky:
    """Fails with each of `errors` in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.calls = 0
        self._errors = list(errors)

    async def __call__(self) -> str:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0.0001)


@pytest.mark.parametrize(
    ("errors", "calls"),
    [
        ([], 1),
        *([[trouble] * 2, 3] for trouble in (KafkaConnectionError(), ConnectionResetError(), TimeoutError())),
        ([ProducerFenced()], 2),
        ([KafkaError()] * (ATTEMPTS - 1), ATTEMPTS),
    ],
)
async def test_trouble_with_the_broker_is_tried_again(errors: list[Exception], calls: int) -> None:
    attempt = Flaky(*errors)

    assert (await retried(attempt, "writing"), attempt.calls) == ("done", calls)


@pytest.mark.parametrize(
    ("errors", "calls"),
    [
        ([*[KafkaError("an earlier one")] * (ATTEMPTS - 1), KafkaError("the last one")], ATTEMPTS),
        ([Fenced("another worker owns it")], 1),
        ([ValueError("a bug")], 1),
    ],
)
async def test_the_last_error_and_what_no_broker_can_mend_go_on_up(errors: list[Exception], calls: int) -> None:
    attempt = Flaky(*errors)

    with pytest.raises(type(errors[-1])) as raised:
        await retried(attempt, "writing")

    assert (raised.value, attempt.calls) == (errors[-1], calls)


async def test_whoever_is_stopped_does_not_try_again() -> None:
    attempt = Flaky()

    async def stopped() -> str:
        await attempt()
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await retried(stopped, "writing")

    assert attempt.calls == 1


async def test_a_broken_attempt_is_told_without_what_it_was_about(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await retried(Flaky(KafkaError("ann@example.org")), "interactions-3: writing")

    assert [record.getMessage() for record in caplog.records] == [
        f"interactions-3: writing failed (KafkaError), attempt 1 of {ATTEMPTS}"
    ]


async def test_pauses_between_attempts_double_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0.2)
    monkeypatch.setattr(asyncio, "sleep", pause)
    with pytest.raises(KafkaError):
        await retried(Flaky(*[KafkaError()] * ATTEMPTS), "writing")

    assert pauses == pytest.approx([0.2, 0.4, 0.8] + [1.6] * 7)
