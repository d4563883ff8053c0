"""Workers of one group that add up the input of several partitions, in transactions of a whole worker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from uuid import uuid4

from aiokafka import AIOKafkaConsumer
from faust.types import TP

from streams.engine import transport
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.group_commit import GroupCommitter, GroupedPartitions
from streams.engine.group_membership import NO_MEMBER, membership_of
from streams.engine.grouped_partition import GroupedPartition
from streams.engine.runs import Run
from streams.engine.store import MemoryStore, Store
from streams.engine.table_partition import Changelog, Fold
from tests.integration.engine.cluster import Cluster
from tests.integration.engine.owner import RECENT_BYTES, adding_up, fetched, table_in

PARTITIONS = 3


class Team:
    """The topics of a table and the group of its workers."""

    def __init__(self, cluster: Cluster) -> None:
        transport.register()
        self.cluster = cluster
        self.kafka = cluster.kafka
        self.source, self.changelog, self.outputs = cluster.make("src", "chlog", "outs", partitions=PARTITIONS)
        self.shared = cluster.make_partition("shared")
        self.topic_id = cluster.topic_id(self.changelog)
        self.group = f"team-{uuid4().hex[:12]}"
        written = {n: (TP(self.changelog, n), TP(self.outputs, n)) for n in range(PARTITIONS)}
        self.partitions = GroupedPartitions("table", f"{self.group}-table-", written, (self.shared,))

    @contextlib.asynccontextmanager
    async def member(self, instance: str | None = None) -> AsyncIterator[AIOKafkaConsumer]:
        """A member of the group, with whatever part of the source it is given."""
        consumer = self.cluster.kafka.group_consumer(
            group_id=self.group, group_instance_id=instance, session_timeout_ms=6000, heartbeat_interval_ms=200
        )
        consumer.subscribe([self.source])
        await consumer.start()
        try:
            await consumer.getmany(timeout_ms=0)
            yield consumer
        finally:
            await consumer.stop()

    async def until_committed(self, number: int, offset: int) -> None:
        """Return once the group has committed a partition of the source up to there, and no further.

        Its marker is written apart from those of the records, a moment later.
        """
        async with asyncio.timeout(10):
            while (done := await asyncio.to_thread(self._committed, number)) != offset:
                assert done < offset, f"{done} is committed, {offset} is done"

    def _committed(self, number: int) -> int:
        return self.kafka.committed_by(self.group).get((self.source, number), 0)

    async def told(self, number: int) -> list[int]:
        """The input offsets whose outputs a reader sees, in the order in which it sees them."""
        return [int(record.value or b"") for record in await self.cluster.committed(TP(self.outputs, number))]


class Worker:
    """A worker that owns some partitions, as the member that it is when it takes them over."""

    def __init__(self, team: Team, consumer: AIOKafkaConsumer) -> None:
        self.team = team
        self.consumer = consumer
        self.noted: dict[TP, int] = {}
        self.committer = GroupCommitter(team.kafka, team.partitions, self.noted.__setitem__)
        self.owned: dict[int, GroupedPartition[bytes]] = {}
        self.membership = NO_MEMBER

    async def take_over(self, *numbers: int, stores: dict[int, Store] | None = None) -> None:
        """Own exactly these."""
        self.membership = membership_of(self.consumer._coordinator)
        await self.committer.join(self.membership, numbers)
        for number in numbers:
            if number not in self.owned:
                self.owned[number] = self._partition(number, (stores or {}).get(number) or MemoryStore())
        await asyncio.gather(*(self.owned[number].open() for number in numbers))

    async def apply(self, number: int, offsets: Iterable[int], fold: Fold[bytes] | None = None) -> None:
        await self.owned[number].apply(self.chunk(number, offsets), fold or self.add_up(number))

    def chunk(self, number: int, offsets: Iterable[int]) -> Run:
        """Input records of a partition, as fetched by this member. They need not be on the broker."""
        return fetched(TP(self.team.source, number), offsets, self.membership.generation)

    def add_up(self, number: int) -> Fold[bytes]:
        return adding_up(TP(self.team.outputs, number), self.team.shared)

    async def leave(self) -> None:
        """Give everything up, in good order."""
        await self.committer.stop()

    def table(self, number: int) -> dict[bytes, int]:
        """What its store of a partition holds, without the engine's own keys."""
        return table_in(self.owned[number]._store)

    def _partition(self, number: int, store: Store) -> GroupedPartition[bytes]:
        team = self.team
        states = States(store, Codec(bytes, bytes), RecentStates(RECENT_BYTES))
        changelog = Changelog(TP(team.changelog, number), team.topic_id, "nobody")
        return GroupedPartition(team.kafka, states, changelog, self.noted.get, committer=self.committer)


@contextlib.asynccontextmanager
async def at_work(team: Team, *numbers: int, instance: str | None = None) -> AsyncIterator[Worker]:
    """A worker, the only member of the group so far, that owns these partitions."""
    async with team.member(instance) as consumer:
        worker = Worker(team, consumer)
        try:
            await worker.take_over(*numbers)
            yield worker
        finally:
            await worker.leave()


async def rejoin(consumer: AIOKafkaConsumer, behind: int) -> None:
    """Poll until the member is of a generation after this one."""
    while consumer._coordinator.generation <= behind:
        await consumer.getmany(timeout_ms=50)
