import asyncio
from typing import Any

import pytest

from streams.engine.store import MemoryStore
from streams.engine.writer import TransactionWriter, _send
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced
from tests.integration.engine.owner import Bench, sums, table_in
from tests.integration.engine.trouble import Trouble, troubles_come


async def test_a_former_owner_is_refused_and_writes_nothing(bench: Bench) -> None:
    async with bench.owned() as former, bench.owned() as owner:
        with pytest.raises(Fenced, match=f"{bench.changelog.topic}.*another worker owns this partition"):
            await former.apply(bench.chunk(range(3)), bench.add_up)
        await owner.apply(bench.chunk(range(3)), bench.add_up)

    assert await bench.told() == [0, 1, 2]


async def test_a_former_owner_is_refused_also_after_it_has_written(bench: Bench) -> None:
    store = MemoryStore()
    async with bench.owned(store) as former:
        await former.apply(bench.chunk(range(3)), bench.add_up)
        async with bench.owned() as owner:
            await owner.apply(bench.chunk(range(3, 6)), bench.add_up)
            with pytest.raises(Fenced):
                await former.apply(bench.chunk(range(3, 6)), bench.add_up)

    assert await bench.told() == [0, 1, 2, 3, 4, 5]
    assert table_in(store) == sums(range(3))


async def test_a_fenced_owner_is_not_tried_again(bench: Bench) -> None:
    """It would open anew, and so fence the owner in its turn."""
    async with bench.owned() as former, bench.owned() as owner:
        with pytest.raises(Fenced):
            await former.apply(bench.chunk(range(3)), bench.add_up)

        await owner.apply(bench.chunk(range(3)), bench.add_up)
        await owner.apply(bench.chunk(range(3, 6)), bench.add_up)


async def test_a_frozen_owners_commit_is_refused_once_it_wakes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen between its records and its commit, which is where a stale result would become visible."""
    frozen, thawed = asyncio.Event(), asyncio.Event()

    async def freeze(writer: TransactionWriter, *records: Any) -> object:
        await writer._producer.begin_transaction()
        written = await _send(writer._producer, *records)
        frozen.set()
        await thawed.wait()
        await writer._producer.commit_transaction()
        return written

    async with bench.owned() as former:
        with monkeypatch.context() as ice:
            ice.setattr(TransactionWriter, "write", freeze)
            applying = asyncio.create_task(former.apply(bench.chunk(range(3)), bench.add_up))
            await frozen.wait()
        async with bench.owned() as owner:
            await owner.apply(bench.chunk(range(3)), bench.add_up)
            thawed.set()
            with pytest.raises(Fenced):
                await applying

            await owner.apply(bench.chunk(range(3, 5)), bench.add_up)
    assert await bench.told() == [0, 1, 2, 3, 4]


async def test_a_worker_that_could_not_write_for_most_of_a_session_stops_instead_of_fencing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been frozen: then somebody else owns the partition by now, and must not be disturbed."""
    async with bench.owned() as former, bench.owned() as owner:
        with monkeypatch.context() as frozen:
            frozen.setattr(KafkaClients, "session_timeout_s", 0.0)
            troubles_come(frozen, iter([Trouble.NOT_SENT]))
            with pytest.raises(Fenced, match="no write for most of a session"):
                await former.apply(bench.chunk(range(3)), bench.add_up)

        await owner.apply(bench.chunk(range(3)), bench.add_up)
    assert await bench.told() == [0, 1, 2]


async def test_opening_again_does_not_fence_oneself(bench: Bench) -> None:
    """A rebalance that leaves a partition where it was opens it again."""
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(3)), bench.add_up)
        assert await owner.open() == 0
        await owner.apply(bench.chunk(range(3, 6)), bench.add_up)

    assert await bench.told() == [0, 1, 2, 3, 4, 5]


async def test_owners_that_fence_each_other_fold_nothing_twice(bench: Bench) -> None:
    """Two that both believe to own the partition: each takes it over, reads what the other did, and goes on behind."""
    owners = [bench.owner(), bench.owner()]
    for turn in range(6):
        await owners[turn % 2].open()
        await owners[turn % 2].apply(bench.chunk(range(turn, turn + 3)), bench.add_up)
    for owner in owners:
        await owner.release()

    assert await bench.told() == list(range(8))
    assert await bench.table() == sums(range(8))
