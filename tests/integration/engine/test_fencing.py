import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import count
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from streams.engine import table_partition
from streams.engine.group_membership import membership_of
from streams.engine.table_partition import TablePartition
from streams.engine.writer import TransactionWriter, _send
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, Fenced, KafkaAway
from tests.integration.engine.cluster import Cluster
from tests.integration.engine.group import Team
from tests.integration.engine.owner import Bench, sums
from tests.integration.engine.trouble import Trouble, refused_once, troubles_come

SESSION_S = 30.0


@pytest.fixture
def team(cluster: Cluster) -> Team:
    return Team(cluster)


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
            with pytest.raises(Fenced, match=f"{bench.changelog.topic}.*another worker owns this partition"):
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


@dataclass
class Slow:
    """Whenever a worker looks at its clock, more than a session has gone by."""

    bench: Bench
    team: Team
    patch: pytest.MonkeyPatch

    @contextlib.asynccontextmanager
    async def member(self) -> AsyncIterator[tuple[TablePartition[bytes], int]]:
        """An owner of the partition that is a member of the group, and the generation in which it is one."""
        async with self.team.member() as consumer:
            membership = membership_of(consumer._coordinator)
            async with self.bench.owned(membership=membership) as owner:
                yield owner, membership.generation

    def meets(self, *troubles: Trouble) -> None:
        troubles_come(self.patch, iter(troubles))

    async def apply(self, owner: TablePartition[bytes], generation: int, offsets: Iterable[int] = range(3)) -> None:
        await owner.apply(self.bench.chunk(offsets, generation), self.bench.add_up)

    async def stops(self, owner: TablePartition[bytes], generation: int) -> None:
        """In trouble it does so instead of fencing."""
        self.meets(Trouble.NOT_SENT)
        with pytest.raises(Fenced, match="no write for most of a session"):
            await self.apply(owner, generation)


@pytest.fixture
def slow(bench: Bench, team: Team, monkeypatch: pytest.MonkeyPatch) -> Slow:
    ticks = count(step=2 * SESSION_S)
    monkeypatch.setattr(KafkaClients, "session_timeout_s", SESSION_S)
    monkeypatch.setattr(table_partition, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    return Slow(bench, team, monkeypatch)


async def test_a_worker_that_is_slow_and_still_a_member_of_the_group_goes_on(slow: Slow) -> None:
    """The group gives a partition to nobody else while it has a member that it was given to."""
    async with slow.member() as (owner, generation):
        slow.meets(Trouble.NOT_SENT, Trouble.NOT_COMMITTED, Trouble.ANSWER_LOST)
        await slow.apply(owner, generation)
        await slow.apply(owner, generation, range(3, 6))

    assert await slow.bench.told() == [0, 1, 2, 3, 4, 5]


async def test_a_slow_member_whose_transaction_the_broker_has_ended_writes_it_anew(slow: Slow) -> None:
    async with slow.member() as (owner, generation):
        refused_once(slow.patch, after_seconds=2 * SESSION_S)
        await slow.apply(owner, generation)

    assert await slow.bench.told() == [0, 1, 2]


async def test_a_slow_member_asks_again_until_its_group_answers(slow: Slow) -> None:
    """As while the coordinator moves to another broker."""
    silences = [KafkaAway("it is loaded"), ValueError("no answer at all")]
    ask = KafkaClients.member_ids_of

    def says_so_later(kafka: KafkaClients, group: str) -> set[str]:
        if silences:
            raise silences.pop()
        return ask(kafka, group)

    async with slow.member() as (owner, generation):
        slow.patch.setattr(KafkaClients, "member_ids_of", says_so_later)
        slow.meets(Trouble.NOT_SENT)
        await slow.apply(owner, generation)

    assert await slow.bench.told() == [0, 1, 2]


async def test_a_member_whose_chunk_is_never_taken_stops_after_several_attempts(slow: Slow) -> None:
    async with slow.member() as (owner, generation):
        slow.meets(*[Trouble.NOT_SENT] * 20)
        with pytest.raises(EngineError, match="Kafka has not taken a chunk in 11 attempts: KafkaConnectionError"):
            await slow.apply(owner, generation)


async def test_a_slow_worker_stops_at_a_chunk_of_an_earlier_generation(slow: Slow) -> None:
    """The partition may have gone to another member in between, and the id of this one says nothing."""
    async with slow.member() as (owner, generation):
        await slow.stops(owner, generation - 1)


async def test_a_slow_worker_that_is_no_member_any_more_stops_instead_of_fencing(slow: Slow) -> None:
    async with slow.team.member() as consumer:
        membership = membership_of(consumer._coordinator)
    async with slow.bench.owned(membership=membership) as former, slow.bench.owned() as owner:
        await slow.stops(former, membership.generation)
        await slow.apply(owner, 1)
    assert await slow.bench.told() == [0, 1, 2]


async def test_a_slow_worker_whose_name_another_process_has_stops(slow: Slow) -> None:
    """The name is still in the group, and in the same generation; the member's id is not."""
    async with slow.team.member("one") as consumer:
        membership = membership_of(consumer._coordinator)
        await consumer.stop()  # whoever has a name does not leave by it
        async with slow.team.member("one") as other, slow.bench.owned(membership=membership) as former:
            assert other._coordinator.generation == membership.generation
            await slow.stops(former, membership.generation)


async def test_a_slow_worker_stops_where_nobody_says_for_a_session_who_is_a_member(slow: Slow) -> None:
    stopped = Event()
    slow.patch.setattr(KafkaClients, "session_timeout_s", 0.1)
    async with slow.member() as (owner, generation):
        slow.patch.setattr(KafkaClients, "member_ids_of", lambda *_: stopped.wait())
        await slow.stops(owner, generation)
        stopped.set()


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
