"""A Faust table whose partitions are written chunk by chunk, each in a transaction.

Faust assigns its changelog partitions beside those of the sources, which all have as many, as for any table; stores,
writing and recovery are this package's. The stock table's dict-like access is not used.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic

import faust
from faust.types import TP

from streams.engine.decoded_states import RecentStates, State, States, Storage
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
    much of the changelogs is to be read.
    """

    kafka: KafkaClients
    turns: WeightedSemaphore
    committed: Committed
    onlooker: LifecycleListener = NULL_LISTENER


class ChunkTable(faust.Table[bytes, bytes], Generic[State]):
    """Partitions of a table by number, while this worker owns them."""

    def __init__(self, *args: Any, context: TableContext, flow: Flow, storage: Storage[State], **kwargs: Any) -> None:
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

    async def release(self) -> None:
        """Give up the right to write to all partitions, but keep their stores: they may come back at once."""
        for partition in list(self._owned.values()):  # a `take_over` may be under way
            await partition.release()

    async def close(self) -> None:
        """Close all partitions."""
        while self._owned:
            await self._owned.popitem()[1].close()

    async def _open_in_turn(self, number: int) -> None:
        async with self._restoring:
            await self._open(number)

    async def _open(self, number: int) -> None:
        if number not in self._owned:
            changelog = Changelog(
                TP(self.changelog_topic_name, number),
                self._topic_ids[self.changelog_topic_name],
                f"{self.app.conf.id}-{self.name}-{number}",
                self._topic_ids.get,
                (*(TP(topic, number) for topic in self._flow.outputs), *self._flow.elsewhere),
                tuple(self._flow.shared),
            )
            self._owned[number] = TablePartition(
                self._kafka,
                States(self._storage.open_store(self.name, number), self._storage.codec, self._recent),
                changelog,
                self._committed,
                self._onlooker,
            )
        restored = await retried(self._owned[number].open, f"{self.name}: taking partition {number} over")
        logger.info("%s: partition %d is ready, %d changelog records read", self.name, number, restored)
