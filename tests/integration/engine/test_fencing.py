import asyncio
from typing import Any

import pytest

from streams.engine.group_membership import membership_of
from streams.engine.store import MemoryStore
from streams.engine.writer import TransactionWriter, _send
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced, KafkaAway
from tests.integration.engine.cluster import Cluster
from tests.integration.engine.group import Team
from tests.integration.engine.owner import Bench, sums, table_in
from tests.integration.engine.trouble import Trouble, refused_once, troubles_come


@pytest.fixture
def team(cluster: Cluster) -> Team:
    return Team(cluster)


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


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is not written at once has taken most of a session."""
    monkeypatch.setattr(KafkaClients, "session_timeout_s", 0.0)


@pytest.mark.usefixtures("slow")
async def test_a_worker_that_is_slow_and_still_a_member_of_the_group_goes_on(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group gives a partition to nobody else while it has a member that it was given to."""
    async with team.member() as consumer:
        membership = membership_of(consumer._coordinator)
        async with bench.owned(membership=membership) as owner:
            troubles_come(monkeypatch, iter([Trouble.NOT_SENT, Trouble.NOT_COMMITTED, Trouble.ANSWER_LOST]))
            await owner.apply(bench.chunk(range(3), membership.generation), bench.add_up)
            await owner.apply(bench.chunk(range(3, 6), membership.generation), bench.add_up)

    assert await bench.told() == [0, 1, 2, 3, 4, 5]


@pytest.mark.usefixtures("slow")
async def test_a_slow_member_whose_transaction_the_broker_has_ended_writes_it_anew(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with team.member() as consumer:
        membership = membership_of(consumer._coordinator)
        async with bench.owned(membership=membership) as owner:
            with monkeypatch.context() as late:
                refused_once(late, after_seconds=bench.cluster.kafka.transaction_timeout_s)
                await owner.apply(bench.chunk(range(3), membership.generation), bench.add_up)

    assert await bench.told() == [0, 1, 2]


@pytest.mark.usefixtures("slow")
async def test_a_slow_worker_stops_at_a_chunk_of_an_earlier_generation(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The partition may have gone to another member in between."""
    async with team.member() as consumer:
        membership = membership_of(consumer._coordinator)
        async with bench.owned(membership=membership) as owner:
            troubles_come(monkeypatch, iter([Trouble.NOT_SENT]))
            with pytest.raises(Fenced, match="no write for most of a session"):
                await owner.apply(bench.chunk(range(3), membership.generation - 1), bench.add_up)


@pytest.mark.usefixtures("slow")
async def test_a_slow_worker_that_is_no_member_any_more_stops_instead_of_fencing(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with team.member() as consumer:
        membership = membership_of(consumer._coordinator)
    async with bench.owned(membership=membership) as former, bench.owned() as owner:
        with monkeypatch.context() as once:
            troubles_come(once, iter([Trouble.NOT_SENT]))
            with pytest.raises(Fenced, match="no write for most of a session"):
                await former.apply(bench.chunk(range(3), membership.generation), bench.add_up)

        await owner.apply(bench.chunk(range(3)), bench.add_up)
    assert await bench.told() == [0, 1, 2]


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("silence", [KafkaAway("no broker"), TimeoutError()])
async def test_a_slow_worker_stops_where_nobody_says_who_is_a_member(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch, silence: Exception
) -> None:
    def says_nothing(*_: object) -> set[str]:
        raise silence

    async with team.member() as consumer:
        membership = membership_of(consumer._coordinator)
        async with bench.owned(membership=membership) as owner:
            monkeypatch.setattr(KafkaClients, "member_ids_of", says_nothing)
            troubles_come(monkeypatch, iter([Trouble.NOT_SENT]))
            with pytest.raises(Fenced, match="no write for most of a session"):
                await owner.apply(bench.chunk(range(3), membership.generation), bench.add_up)


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
