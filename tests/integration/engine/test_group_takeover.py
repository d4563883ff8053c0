"""Who may write once partitions have gone to somebody else, and what becomes of what the former owner has left."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.producer import AIOKafkaProducer
from faust.types import TP

from streams.engine.aiokafka_patches.offsets_of_members import HeldOffsets
from streams.engine.group_commit import Part
from streams.engine.group_membership import Membership, membership_of
from streams.engine.hanging_transactions import HangingTransactions
from streams.engine.writer import Output, TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, Fenced
from tests.integration.engine.cluster import Cluster
from tests.integration.engine.group import PARTITIONS, Team, Worker, at_work, rejoin
from tests.integration.engine.owner import sums
from tests.integration.engine.test_group_commit import begin, stopped_before, troubles_come
from tests.integration.engine.test_lost_markers import _brokers_believe_producers, markers_lost

__all__ = ["_brokers_believe_producers"]

ALL = range(PARTITIONS)


@pytest.fixture
def team(cluster: Cluster) -> Team:
    team = Team(cluster)
    quick = {"transaction_timeout_s": 1.5, "fetch_wait_ms": 10}
    team.kafka = KafkaClients(cluster.kafka._settings.model_copy(update=quick))
    return team


@contextlib.asynccontextmanager
async def successor_of(worker: Worker) -> AsyncIterator[Worker]:
    """A member of a later generation, of which the former one is none."""
    await worker.consumer.stop()
    async with worker.team.member() as consumer:
        await rejoin(consumer, worker.membership.generation)
        successor = Worker(worker.team, consumer)
        yield successor
        await successor.leave()


async def test_a_worker_of_an_old_generation_is_refused_and_its_records_are_seen_by_nobody(team: Team) -> None:
    async with at_work(team, *ALL) as worker:
        await begin(worker)
        async with team.member() as other:
            await asyncio.gather(
                rejoin(worker.consumer, worker.membership.generation), rejoin(other, worker.membership.generation)
            )
            with pytest.raises(Fenced, match="refused its offsets"):
                await worker.apply(0, range(1, 3))

            successor = Worker(team, other)
            await successor.take_over(0)
            await successor.apply(0, range(1, 4))
            await successor.leave()

    assert await team.told(0) == [0, 1, 2, 3]
    await team.until_committed(0, 4)


async def test_a_member_of_a_later_generation_is_told_by_its_name_too(team: Team) -> None:
    """Whoever took the name has another member id in the same generation: nothing but the name tells them apart."""
    async with at_work(team, *ALL, instance="one") as worker:
        await begin(worker)
        await worker.consumer.stop()  # hears nothing any more; whoever has a name does not leave by it
        async with team.member("one") as consumer:
            assert consumer._coordinator.generation == worker.membership.generation
            assert consumer._coordinator.member_id != worker.membership.member
            with pytest.raises(Fenced):
                await worker.apply(0, range(1, 3))

            successor = Worker(team, consumer)
            await successor.take_over(*ALL)
            await successor.apply(0, range(1, 4))
            await successor.leave()

    assert await team.told(0) == [0, 1, 2, 3]


@pytest.mark.parametrize("membership", [Membership("g", -1, "m"), Membership("g", 3, "")])
async def test_without_a_generation_or_a_member_no_transaction_begins(team: Team, membership: Membership) -> None:
    """Brokers take such offsets from anybody, and aiokafka falls back to these after an error."""
    async with at_work(team, *ALL) as worker:
        await begin(worker)
        with pytest.raises(ValueError, match="not a member"):
            await worker.committer.join(membership, ALL)
        writer = TransactionWriter(team.kafka, f"{team.group}-nobody")
        await writer.start()
        with pytest.raises(ValueError, match="not a member"):
            await writer.write_as_member([Output(*team.shared, b"k", b"v")], {}, {TP(team.source, 0): 1}, membership)
        with pytest.raises(ValueError, match="without offsets"):
            await writer.write_as_member([Output(*team.shared, b"k", b"v")], {}, {}, worker.membership)
        await writer.stop()

    assert len(await team.cluster.everything(team.shared)) == len(await team.cluster.committed(team.shared))


async def test_a_worker_that_wakes_before_its_offsets_is_refused_once_others_have_taken_over(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(team, *ALL) as worker:
        await begin(worker)
        with monkeypatch.context() as ice:
            frozen, thaw = stopped_before(ice, HeldOffsets, "send")
            applying = asyncio.create_task(worker.apply(0, range(1, 4)))
            await frozen.wait()
            async with successor_of(worker) as successor:
                taking = asyncio.create_task(successor.take_over(*ALL))
                await asyncio.wait({taking}, timeout=0.2)
                thaw.set()
                with pytest.raises(Fenced):
                    await applying
                await taking
                await successor.apply(0, range(1, 6))

    assert await team.told(0) == list(range(6))


@pytest.mark.parametrize("wakes", [True, False])
async def test_whoever_takes_over_waits_for_a_transaction_whose_offsets_were_taken(
    team: Team, monkeypatch: pytest.MonkeyPatch, wakes: bool
) -> None:
    """Frozen between its offsets and its end: it may still commit, until the broker has ended it."""
    async with at_work(team, *ALL) as worker:
        await begin(worker)
        with monkeypatch.context() as ice:
            frozen, thaw = stopped_before(ice, AIOKafkaProducer, "commit_transaction")
            ice.setattr(KafkaClients, "transaction_timeout_s", 30.0)  # it does not know how long it was frozen
            applying = asyncio.create_task(worker.apply(0, range(1, 4)))
            await frozen.wait()
            async with successor_of(worker) as successor:
                taking = asyncio.create_task(successor.take_over(*ALL))
                await asyncio.wait({taking}, timeout=0.3)
                assert not taking.done()
                if wakes:
                    thaw.set()
                    await applying
                await taking
                assert successor.table(0) == sums(range(4 if wakes else 1))
                thaw.set()
                if not wakes:
                    with pytest.raises(Fenced):
                        await applying
                await successor.apply(0, range(1, 6))
                assert successor.table(0) == sums(range(6))

    assert await team.told(0) == list(range(6))


async def test_a_worker_ends_its_own_open_transaction_before_it_waits_for_others(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(team, *ALL) as worker:
        await begin(worker)
        with monkeypatch.context() as trouble:
            trouble.setattr(AIOKafkaProducer, "commit_transaction", away)
            trouble.setattr("streams.engine.retry.ATTEMPTS", 1)
            with pytest.raises(EngineError, match="KafkaConnectionError"):
                await worker.apply(0, range(1, 3))
        await worker.committer.settle()

        monkeypatch.setattr(logging.getLogger("streams.engine.retry"), "warning", pytest.fail)
        await worker.take_over(*ALL)
        await worker.apply(0, range(1, 4))

    assert await team.told(0) == [0, 1, 2, 3]


async def away(*_: object, **__: object) -> None:
    raise KafkaConnectionError


@pytest.mark.usefixtures("_brokers_believe_producers")
async def test_a_commit_of_a_former_member_whose_markers_are_lost_is_seen_once(team: Team) -> None:
    await leave_a_commit_unmarked(team)
    assert [await team.told(number) for number in ALL] == [[0]] * PARTITIONS

    async with at_work(team, *ALL) as successor:
        assert [await team.told(number) for number in ALL] == [[0, 1, 2]] * PARTITIONS
        await successor.apply(0, range(1, 5))
        assert successor.table(0) == sums(range(5))
        assert len(await team.cluster.committed(team.shared)) == 2 * PARTITIONS + 1

    assert await team.told(0) == list(range(5))


@pytest.mark.usefixtures("_brokers_believe_producers")
async def test_ending_what_a_former_member_left_is_tried_until_it_succeeds(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The coordinator forgets how the transaction ended with the first try; the second must not."""
    await leave_a_commit_unmarked(team)
    end, tries = TransactionWriter.end_what_is_open, []

    async def unlucky(writer: TransactionWriter, *args: object, **kwargs: object) -> None:
        tries.append(writer)
        if len(tries) == 1:
            raise KafkaConnectionError
        await end(writer, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(TransactionWriter, "end_what_is_open", unlucky)
    async with at_work(team, *ALL):
        assert [await team.told(number) for number in ALL] == [[0, 1, 2]] * PARTITIONS
    assert len(tries) == 2


@pytest.mark.usefixtures("_brokers_believe_producers")
async def test_what_a_former_member_left_in_several_partitions_is_ended_by_the_owner_of_the_first_of_them(
    team: Team,
) -> None:
    await leave_a_commit_unmarked(team)
    hanging = hanging_of(team)
    async with team.member() as consumer:
        me = membership_of(consumer._coordinator)
        await hanging.end(team.partitions.written[1], me, {1, 2})
        assert await team.told(1) == [0]

        await hanging.end(team.partitions.written[1], me, {0})
        assert [await team.told(number) for number in ALL] == [[0, 1, 2]] * PARTITIONS


@pytest.mark.usefixtures("_brokers_believe_producers")
async def test_what_a_former_member_left_is_ended_once_though_several_partitions_are_opened_at_the_same_time(
    team: Team,
) -> None:
    """Of two that end it the second aborts what the first is about to commit."""
    await leave_a_commit_unmarked(team)
    hanging = hanging_of(team)
    async with team.member() as consumer:
        me = membership_of(consumer._coordinator)
        await asyncio.gather(*(hanging.end(team.partitions.written[number], me, set(ALL)) for number in ALL))

    assert [await team.told(number) for number in ALL] == [[0, 1, 2]] * PARTITIONS


@pytest.mark.usefixtures("_brokers_believe_producers")
async def test_what_a_former_member_left_is_ended_once_though_all_lanes_open_their_partitions_anew(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, ended = TransactionWriter.end_what_is_open, []

    async def noted(writer: TransactionWriter, *args: object, **kwargs: object) -> None:
        ended.append(writer)
        await end(writer, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(TransactionWriter, "end_what_is_open", noted)
    async with at_work(team, *ALL) as worker:
        await begin(worker)
        former = TransactionWriter(team.kafka, f"{team.partitions.prefix}gone")
        await former.start()
        with markers_lost(team.cluster):
            await former.write([Output(team.outputs, number, b"k", b"99") for number in ALL])
        await former.stop()

        troubles_come(monkeypatch, iter(["not sent"]))
        await asyncio.gather(*(worker.apply(number, range(1, 3)) for number in ALL))

    assert [await team.told(number) for number in ALL] == [[0, 99, 1, 2]] * PARTITIONS
    assert len(ended) == 1


@pytest.mark.usefixtures("_brokers_believe_producers")
async def test_what_a_living_member_left_open_is_its_own_to_end(team: Team) -> None:
    hanging = hanging_of(team)
    async with at_work(team, *ALL) as worker:
        await begin(worker)
        with markers_lost(team.cluster):
            await asyncio.gather(*(worker.apply(number, range(1, 3)) for number in ALL))

        await hanging.end(team.partitions.written[0], worker.membership, set(ALL))
        assert await team.told(0) == [0]

        await worker.committer.settle()  # which sees no markers in time, so that it will not go on with this producer
        await worker.take_over(*ALL)
        assert [await team.told(number) for number in ALL] == [[0, 1, 2]] * PARTITIONS
        assert [worker.table(number) for number in ALL] == [sums(range(3))] * PARTITIONS


@pytest.mark.usefixtures("_brokers_believe_producers")
async def test_what_is_left_in_shared_partitions_too_is_ended_by_the_owner_of_the_first_one_that_is_not(
    team: Team,
) -> None:
    """Whoever takes that one over waits until it is ended; nobody waits for a shared one."""
    former = TransactionWriter(team.kafka, f"{team.partitions.prefix}gone")
    await former.start()
    with markers_lost(team.cluster):
        await former.write([Output(team.outputs, 2, b"k", b"99"), Output(*team.shared, b"k", b"99")])
    await former.stop()
    hanging = hanging_of(team)
    async with team.member() as consumer:
        await hanging.end(team.partitions.written[2], membership_of(consumer._coordinator), {2})

    assert await team.told(2) == [99]
    assert len(await team.cluster.committed(team.shared)) == 1


@pytest.mark.usefixtures("_brokers_believe_producers")
async def test_a_worker_that_joins_again_ends_its_own_in_partitions_to_which_others_write(team: Team) -> None:
    async with at_work(team, *ALL) as worker:
        with markers_lost(team.cluster):
            output = Output(*team.shared, b"k", b"1")
            source, generation = TP(team.source, 0), worker.membership.generation
            await worker.committer.commit(Part(TP(team.changelog, 0), {}, [output], source, 1, generation))
        await worker.committer.settle()
        assert await team.cluster.committed(team.shared) == []

        await worker.take_over(*ALL)
        assert [record.value for record in await team.cluster.committed(team.shared)] == [b"1"]


def hanging_of(team: Team) -> HangingTransactions:
    return HangingTransactions(team.kafka, team.partitions.prefix, team.partitions.written, team.partitions.shared)


async def leave_a_commit_unmarked(team: Team) -> None:
    """By a worker that is gone then."""
    async with at_work(team, *ALL) as worker:
        await begin(worker)
        with markers_lost(team.cluster):
            await asyncio.gather(*(worker.apply(number, range(1, 3)) for number in ALL))
