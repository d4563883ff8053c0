import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import count, repeat
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import ProducerFenced
from faust.types import TP

from streams.engine import table_partition
from streams.engine.group_membership import membership_of
from streams.engine.store import MemoryStore
from streams.engine.table_partition import TablePartition
from streams.engine.writer import TransactionWriter, _send
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, Fenced, KafkaAway
from tests.integration.engine.cluster import Cluster
from tests.integration.engine.group import Team
from tests.integration.engine.owner import Bench, sums, table_in
from tests.integration.engine.trouble import Trouble, troubles_come

SESSION_S = 30.0


@pytest.fixture
def team(cluster: Cluster) -> Team:
    return Team(cluster)


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
    """Whenever a worker looks at its clock, more than a session has gone by."""
    ticks = count(step=2 * SESSION_S)
    monkeypatch.setattr(KafkaClients, "session_timeout_s", SESSION_S)
    monkeypatch.setattr(table_partition, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))


@contextlib.asynccontextmanager
async def owned_by_a_member(bench: Bench, team: Team) -> AsyncIterator[tuple[TablePartition[bytes], int]]:
    """An owner of the partition that is a member of the group, and the generation in which it is one."""
    async with team.member() as consumer:
        membership = membership_of(consumer._coordinator)
        async with bench.owned(membership=membership) as owner:
            yield owner, membership.generation


@pytest.mark.usefixtures("slow")
async def test_a_worker_that_is_slow_and_still_a_member_of_the_group_goes_on(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group gives a partition to nobody else while it has a member that it was given to."""
    async with owned_by_a_member(bench, team) as (owner, generation):
        troubles_come(monkeypatch, iter([Trouble.NOT_SENT, Trouble.NOT_COMMITTED, Trouble.ANSWER_LOST]))
        await owner.apply(bench.chunk(range(3), generation), bench.add_up)
        await owner.apply(bench.chunk(range(3, 6), generation), bench.add_up)

    assert await bench.told() == [0, 1, 2, 3, 4, 5]


@pytest.mark.usefixtures("slow")
async def test_a_slow_member_whose_transaction_the_broker_has_ended_writes_it_anew(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with owned_by_a_member(bench, team) as (owner, generation):
        write, ended = TransactionWriter.write, [ProducerFenced()]

        async def ended_once(writer: TransactionWriter, *records: Any) -> dict[TP, int]:
            if ended:
                raise ended.pop()
            return await write(writer, *records)

        monkeypatch.setattr(TransactionWriter, "write", ended_once)
        await owner.apply(bench.chunk(range(3), generation), bench.add_up)

    assert await bench.told() == [0, 1, 2]


@pytest.mark.usefixtures("slow")
async def test_a_slow_member_asks_again_until_its_group_answers(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while the coordinator moves to another broker."""
    silences = [KafkaAway("it is loaded"), ValueError("no answer at all")]
    ask = KafkaClients.member_ids_of

    def says_so_later(kafka: KafkaClients, group: str) -> set[str]:
        if silences:
            raise silences.pop()
        return ask(kafka, group)

    async with owned_by_a_member(bench, team) as (owner, generation):
        monkeypatch.setattr(KafkaClients, "member_ids_of", says_so_later)
        troubles_come(monkeypatch, iter([Trouble.NOT_SENT]))
        await owner.apply(bench.chunk(range(3), generation), bench.add_up)

    assert await bench.told() == [0, 1, 2]


@pytest.mark.usefixtures("slow")
async def test_a_member_whose_chunk_is_never_taken_stops_after_several_attempts(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with owned_by_a_member(bench, team) as (owner, generation):
        troubles_come(monkeypatch, repeat(Trouble.NOT_SENT))
        with pytest.raises(EngineError, match="Kafka has not taken a chunk in 11 attempts: KafkaConnectionError"):
            await owner.apply(bench.chunk(range(3), generation), bench.add_up)


@pytest.mark.usefixtures("slow")
async def test_a_slow_worker_stops_at_a_chunk_of_an_earlier_generation(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The partition may have gone to another member in between, and the id of this one says nothing."""
    async with owned_by_a_member(bench, team) as (owner, generation):
        troubles_come(monkeypatch, iter([Trouble.NOT_SENT]))
        with pytest.raises(Fenced, match="no write for most of a session"):
            await owner.apply(bench.chunk(range(3), generation - 1), bench.add_up)


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
async def test_a_slow_worker_whose_name_another_process_has_stops(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is still in the group, and in the same generation; the member's id is not."""
    async with team.member("one") as consumer:
        membership = membership_of(consumer._coordinator)
        await consumer.stop()  # whoever has a name does not leave by it
        async with team.member("one") as other, bench.owned(membership=membership) as former:
            assert other._coordinator.generation == membership.generation
            troubles_come(monkeypatch, iter([Trouble.NOT_SENT]))
            with pytest.raises(Fenced, match="no write for most of a session"):
                await former.apply(bench.chunk(range(3), membership.generation), bench.add_up)


@pytest.mark.usefixtures("slow")
async def test_a_slow_worker_stops_where_nobody_says_for_a_session_who_is_a_member(
    bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Event()
    monkeypatch.setattr(KafkaClients, "session_timeout_s", 0.1)
    async with owned_by_a_member(bench, team) as (owner, generation):
        monkeypatch.setattr(KafkaClients, "member_ids_of", lambda *_: stopped.wait())
        troubles_come(monkeypatch, iter([Trouble.NOT_SENT]))
        with pytest.raises(Fenced, match="no write for most of a session"):
            await owner.apply(bench.chunk(range(3), generation), bench.add_up)
        stopped.set()


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
