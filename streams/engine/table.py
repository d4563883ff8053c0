"""A Faust table whose partitions are written chunk by chunk, in transactions.

Faust assigns its changelog partitions beside those of the sources, which all have as many, as for any table; stores,
writing and recovery are this package's. The stock table's dict-like access is not used.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic

import faust
from faust.types import TP

from streams.engine.decoded_states import RecentStates, State, States, Storage
from streams.engine.group_commit import GroupCommitter, GroupedPartitions
from streams.engine.group_membership import Membership
from streams.engine.grouped_partition import GroupedPartition
from streams.engine.lifecycle_listener import NULL_LISTENER, LifecycleListener
from streams.engine.retry import retried
from streams.engine.runs import Run
from streams.engine.store_restore import RESTORED_AT_ONCE
from streams.engine.table_partition import Changelog, Committed, Fold, TablePartition
from streams.engine.weighted_semaphore import WeightedSemaphore
from streams.platform.clients import KafkaClients
from streams.platform.errors import NotOwned

logger = logging.getLogger(__name__)


CHUNKS_AT_ONCE = 4
"""Enough to fold while others wait for the broker, few enough that none of them waits long for the folds of others."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What is folded into a table, and where its folding writes.

    `sources`: topics, each partition folded into the table's of the same number. `outputs`: topics that are written to
    in the partition of the same number; `elsewhere`: partitions to which a table of one partition writes alone;
    `shared`: those to which any partition's folding may write.
    """

    sources: Sequence[str]
    outputs: Sequence[str] = ()
    elsewhere: Sequence[TP] = ()
    shared: Sequence[TP] = ()


@dataclass(frozen=True, slots=True)
class TableContext:
    """What all tables of one worker share.

    `turns`: those of all its transactions. `committed`: how far its group has committed a source. `onlooker`: hears how
    much of the changelogs is to be read, and of transactions. `membership`: in the group, as it was when partitions
    were handed out. `note`: told of offsets that a transaction has committed.
    """

    kafka: KafkaClients
    turns: WeightedSemaphore
    committed: Committed
    membership: Callable[[], Membership]
    note: Callable[[TP, int], None]
    onlooker: LifecycleListener = NULL_LISTENER


class ChunkTable(faust.Table[bytes, bytes], Generic[State]):
    """Partitions of a table by number, while this worker owns them.

    `as_group`: all of them are written in the same transactions, fenced by the group's generation; else each in its
    own, fenced by the epoch of its transactional id.
    """

    def __init__(
        self,
        *args: Any,
        context: TableContext,
        flow: Flow,
        storage: Storage[State],
        as_group: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._kafka = context.kafka
        self._storage = storage
        self._recent: RecentStates[State] = RecentStates(storage.recent_bytes)
        self._flow = flow
        self._topic_ids: dict[str, str] = {}
        self._turns = context.turns
        self._committed = context.committed
        self._onlooker = context.onlooker
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._owned: dict[int, TablePartition[State]] = {}
        self._restoring = asyncio.Semaphore(RESTORED_AT_ONCE)
        self._membership = context.membership
        self._committer = self._new_committer(context.note) if as_group else None

    @property
    def commits_offsets(self) -> Sequence[str]:
        """The sources whose offsets its transactions commit; of all others Faust does."""
        return self._flow.sources if self._committer is not None else ()

    def owned(self, partition: int) -> TablePartition[State]:
        """The partition of this number. Raises `NotOwned` when it belongs to another worker."""
        try:
            return self._owned[partition]
        except KeyError:
            raise NotOwned(f"{self.name}: partition {partition} is not this worker's") from None

    async def apply(self, chunk: Run, fold: Fold[State]) -> None:
        """`TablePartition.apply` of the chunk's partition, once it is its turn. Raises `NotOwned` too.

        A partition has one writer, so chunks of its several sources follow each other, and wait for that before they
        take up a turn.
        """
        async with self._locks[chunk.tp.partition], self._turns.of(len(chunk.records)):
            await self.owned(chunk.tp.partition).apply(chunk, fold)

    async def lacks(self, source: TP) -> int:
        """`TablePartition.lacks` of the source's partition, tried several times. Raises `NotOwned` too."""
        partition = self.owned(source.partition)
        return await retried(lambda: partition.lacks(source), f"{self.name}: looking where {source} ends")

    def at_hand(self) -> dict[int, Mapping[str, Any]]:
        """What folds have at hand of what is kept beside the states, of each partition that is this worker's."""
        return {number: partition.memory for number, partition in self._owned.items()}

    def keeps(self, partition: int, prefix: bytes) -> bool:
        """Whether anything beside the states of a partition has a key that begins so. Raises `NotOwned` too."""
        return self.owned(partition).keeps(prefix)

    async def take_over(self, partitions: Iterable[int]) -> None:
        """Own exactly these partitions: close others, fence former owners, read what is new in the changelogs.

        A few at once, since restoring takes memory. A stop or a further rebalance may cancel it at any point; it is
        called again with the new partitions.
        """
        mine = set(partitions)
        for partition in self._owned.keys() - mine:
            await self._owned.pop(partition).close()
        if mine:
            await self._learn_topic_ids()
        if self._committer is not None:
            await self._committer.join(self._membership(), mine)
        async with asyncio.TaskGroup() as group:
            for partition in mine:
                group.create_task(self._open_in_turn(partition))

    async def _learn_topic_ids(self) -> None:
        """Each time, since a topic that is made anew is another one, and what is held of the old one worth nothing."""
        for topic in (self.changelog_topic_name, *self._flow.sources):
            ask = partial(asyncio.to_thread, self._kafka.topic_id, topic)
            found = await retried(ask, f"{self.name}: asking for {topic}")
            if topic == self.changelog_topic_name and self._topic_ids.get(topic, found) != found:
                await self.close()
            self._topic_ids[topic] = found

    async def settle(self) -> None:
        """Begin no more transactions; return once the one in flight has ended and readers see how."""
        if self._committer is not None:
            await self._committer.settle()

    async def release(self) -> None:
        """Give up the right to write to all partitions, but keep their stores: they may come back at once."""
        for partition in list(self._owned.values()):  # a `take_over` may be under way
            await partition.release()

    async def close(self) -> None:
        """Close all partitions."""
        if self._committer is not None:
            await self._committer.stop()
        while self._owned:
            await self._owned.popitem()[1].close()

    def _new_committer(self, note: Callable[[TP, int], None]) -> GroupCommitter:
        count = self.partitions or 0
        written = {number: self._written_by(number) for number in range(count)}
        partitions = GroupedPartitions(self.name, self._writes_as(""), written, tuple(self._flow.shared))
        return GroupCommitter(self._kafka, partitions, note, self._onlooker)

    def _written_by(self, number: int) -> tuple[TP, ...]:
        """Its changelog partition, and those of other topics to which only its owner writes."""
        changelog = TP(self.changelog_topic_name, number)
        return (changelog, *(TP(topic, number) for topic in self._flow.outputs), *self._flow.elsewhere)

    def _writes_as(self, who: object) -> str:
        return f"{self.app.conf.id}-{self.name}-{who}"

    async def _open_in_turn(self, number: int) -> None:
        async with self._restoring:
            await self._open(number)

    async def _open(self, number: int) -> None:
        if number not in self._owned:
            tp, *outputs = self._written_by(number)
            changelog = Changelog(
                tp,
                self._topic_ids[self.changelog_topic_name],
                self._writes_as(number),
                self._topic_ids.get,
                tuple(outputs),
                tuple(self._flow.shared),
            )
            states = States(self._storage.open_store(self.name, number), self._storage.codec, self._recent)
            self._owned[number] = self._new_partition(states, changelog)
        restored = await retried(self._owned[number].open, f"{self.name}: taking partition {number} over")
        logger.info("%s: partition %d is ready, %d changelog records read", self.name, number, restored)

    def _new_partition(self, states: States[State], changelog: Changelog) -> TablePartition[State]:
        if self._committer is None:
            return TablePartition(
                self._kafka, states, changelog, self._committed, self._onlooker, membership=self._membership
            )
        return GroupedPartition(
            self._kafka, states, changelog, self._committed, self._onlooker, committer=self._committer
        )
