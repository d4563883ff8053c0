from random import Random

import pytest

from streams.engine.retry import ATTEMPTS
from streams.engine.store import MemoryStore
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, Fenced
from tests.integration.engine.owner import Bench, sums, table_in
from tests.integration.engine.trouble import Trouble, refused_once, troubles_come

TRANSACTION_S = 0.3
BROKEN = [trouble for trouble in Trouble if trouble is not Trouble.NONE]


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KafkaClients, "transaction_timeout_s", TRANSACTION_S)


@pytest.mark.parametrize("trouble", BROKEN, ids=lambda trouble: trouble.name)
async def test_whatever_befalls_a_write_the_chunk_is_folded_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, trouble: Trouble
) -> None:
    """Also the first of a table: there is no watermark yet that could say what happened."""
    store = MemoryStore()
    async with bench.owned(store) as owner:
        for chunk in (range(4), range(4, 8)):
            with monkeypatch.context() as troubled:
                troubles_come(troubled, iter([trouble]))
                await owner.apply(bench.chunk(chunk), bench.add_up)

        assert owner.watermark(bench.source) == 7
    assert await bench.told() == list(range(8))
    assert await bench.table() == table_in(store) == sums(range(8))


async def test_trouble_without_an_end_goes_on_up_and_leaves_no_trace(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(2)), bench.add_up)
        with monkeypatch.context() as broken:
            troubles_come(broken, iter([Trouble.NOT_SENT] * ATTEMPTS))
            with pytest.raises(EngineError, match="in 11 attempts: KafkaConnectionError"):
                await owner.apply(bench.chunk(range(2, 4)), bench.add_up)

    assert await bench.told() == [0, 1]
    assert await bench.table() == sums(range(2))


@pytest.mark.parametrize("seed", range(2))
async def test_state_position_and_outputs_agree_through_any_troubles(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Chunks of any size, some given again, to owners that come and go."""
    chance = Random(seed)
    kinds = [Trouble.NONE, Trouble.NONE, Trouble.NOT_SENT, Trouble.NOT_COMMITTED, Trouble.ANSWER_LOST]
    monkeypatch.setattr("streams.engine.retry.FIRST_PAUSE_S", 0.001)
    troubles_come(monkeypatch, iter(chance.choices(kinds, k=16)))
    store, done = MemoryStore(), 0
    owner = bench.owner(store)
    await owner.open()
    for _ in range(8):
        start, end = max(0, done - chance.randint(0, 3)), done + chance.randint(0, 9)
        await owner.apply(bench.chunk(range(start, end)), bench.add_up)
        done = end
        if chance.random() < 0.3:
            await owner.release()
            store = chance.choice([store, MemoryStore()])
            owner = bench.owner(store)
            await owner.open()
        assert table_in(store) == sums(range(done))
        assert (owner.watermark(bench.source) or 0) == max(0, done - 1)
    await owner.release()

    assert await bench.told() == list(range(done))
    assert await bench.table() == sums(range(done))


async def test_a_transaction_that_the_broker_timed_out_is_no_proof_of_another_owner(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine: aiokafka has one exception for that and for a real fence."""
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(2)), bench.add_up)
        with monkeypatch.context() as slow:
            refused_once(slow, after_seconds=TRANSACTION_S)
            await owner.apply(bench.chunk(range(2, 4)), bench.add_up)

    assert await bench.told() == [0, 1, 2, 3]


async def test_a_fence_that_comes_at_once_is_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(2)), bench.add_up)
        refused_once(monkeypatch, after_seconds=0)
        with pytest.raises(Fenced):
            await owner.apply(bench.chunk(range(2, 4)), bench.add_up)
