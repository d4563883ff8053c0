import asyncio
from dataclasses import replace
from typing import Any

import pytest

from streams.engine.decoded_states import States
from streams.engine.runs import Records
from streams.engine.table_partition import Effects
from streams.engine.writer import Output, TransactionWriter, _send
from tests.integration.engine.owner import Bench, sums
from tests.unit.engine.test_transactions import CountingStore


async def test_a_chunk_that_is_cut_off_leaves_no_trace(bench: Bench) -> None:
    """The writer dies between its records and its commit: nobody who reads committed records ever sees them."""
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(3)), bench.add_up)
        assert owner._writer is not None
        producer = owner._writer._producer
        await producer.begin_transaction()
        await _send(producer, [Output(*bench.outputs, b"k", b"666"), Output(*bench.changelog, b"k1", b"666")])

    assert await bench.table() == sums(range(3))
    assert await bench.told() == [0, 1, 2]
    assert b"666" in [record.value for record in await bench.cluster.everything(bench.outputs)]


async def test_a_chunk_that_is_cancelled_is_folded_by_the_next_owner_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settling cancels a chunk wherever it is; here all its records are sent and its commit is not."""
    sent = asyncio.Event()

    async def hang(writer: TransactionWriter, *records: Any) -> None:
        await writer._producer.begin_transaction()
        await _send(writer._producer, *records)
        sent.set()
        await asyncio.get_running_loop().create_future()

    async with bench.owned() as owner:
        with monkeypatch.context() as broken:
            broken.setattr(TransactionWriter, "write", hang)
            applying = asyncio.create_task(owner.apply(bench.chunk(range(3)), bench.add_up))
            await sent.wait()
            applying.cancel()
            await asyncio.wait({applying})
        await owner.release()
        async with bench.owned() as next_owner:
            await next_owner.apply(bench.chunk(range(3)), bench.add_up)

    assert await bench.told() == [0, 1, 2]
    assert await bench.table() == sums(range(3))


async def test_records_that_come_again_are_not_folded_again(bench: Bench) -> None:
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(6)), bench.add_up)
        await owner.apply(bench.chunk(range(6)), bench.add_up)
        await owner.apply(bench.chunk(range(3, 9)), bench.add_up)

    assert await bench.told() == list(range(9))
    assert await bench.table() == sums(range(9))


async def test_two_sources_of_a_table_have_a_watermark_each(bench: Bench) -> None:
    [other] = bench.cluster.make("other-source")
    there = bench.source._replace(topic=other)
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(6)), bench.add_up)
        await owner.apply(replace(bench.chunk(range(3)), tp=there), bench.add_up)

    async with bench.owned() as owner:
        assert (owner.watermark(bench.source), owner.watermark(there)) == (5, 2)
        assert owner.watermark(there._replace(partition=1)) is None


async def test_a_fold_that_raises_writes_nothing(bench: Bench) -> None:
    def broken(_: States[bytes], records: Records) -> Effects[bytes]:
        raise ValueError("a bug")

    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(2)), bench.add_up)
        with pytest.raises(ValueError, match="a bug"):
            await owner.apply(bench.chunk(range(2, 4)), broken)
        await owner.apply(bench.chunk(range(2, 4)), bench.add_up)

    assert await bench.told() == [0, 1, 2, 3]


async def test_a_chunk_without_effects_moves_the_watermark(bench: Bench) -> None:
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(3)), lambda states, records: Effects())
        assert owner.watermark(bench.source) == 2
    async with bench.owned() as owner:
        assert owner.watermark(bench.source) == 2


@pytest.mark.parametrize(
    ("effects", "forgot"),
    [(Effects({b"k1": None}), 1), (Effects({b"k1": b"1"}, forgets=True), 1), (Effects({b"k1": b"1"}), 0)],
)
async def test_what_is_deleted_is_gone_from_the_disk_once_the_store_is_closed(
    bench: Bench, effects: Effects[bytes], forgot: int
) -> None:
    store = CountingStore()
    owner = bench.owner(store)
    await owner.open()
    await owner.apply(bench.chunk(range(4)), lambda states, records: effects)

    await owner.close()

    assert store.forgot == forgot


async def test_what_was_deleted_goes_from_the_disk_also_when_the_partition_is_opened_again_first(bench: Bench) -> None:
    """As in a rebalance that leaves it where it is."""
    store = CountingStore()
    owner = bench.owner(store)
    await owner.open()
    await owner.apply(bench.chunk(range(4)), lambda states, records: Effects({b"k1": None}))

    await owner.open()
    assert owner._forgetting._task is not None
    await owner._forgetting._task
    await owner.release()

    assert store.forgot == 1


async def test_what_is_kept_beside_the_states_is_the_next_owners_too(bench: Bench) -> None:
    async with bench.owned() as owner:
        await owner.apply(bench.chunk([0]), lambda states, records: Effects({b"k": b"1"}, beside={b"a": b"x"}))
        await owner.apply(bench.chunk([1]), lambda states, records: Effects(beside={b"a": None, b"b": b"y"}))

    seen: list[object] = []

    def look(states: States[bytes], records: Records) -> Effects[bytes]:
        seen.extend((states.beside(b"a"), states.beside(b"b"), states.following(b"", 9)))
        return Effects()

    async with bench.owned() as owner:
        await owner.apply(bench.chunk([2]), look)
    assert seen == [None, b"y", [(b"k", b"1")]]
