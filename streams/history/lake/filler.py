"""Reads `interactions` as a member of a group and writes it into the lake.

The group shares the partitions out and nothing else: where to read on is what the lake's manifests say, so offsets are
committed nowhere. Whoever is frozen while others take its partitions over loses the race for the next manifest, throws
away what it has, and reads on behind it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.structs import ConsumerRecord, TopicPartition

from events.topics import INTERACTIONS
from streams.history.lake.buffers import Buffer, Limits, due
from streams.history.lake.errors import LakeStopped
from streams.history.lake.flush import PAUSE_S, Writing
from streams.history.lake.metrics import LakeMetrics

logger = logging.getLogger(__name__)

Fetched = Mapping[TopicPartition, list[ConsumerRecord]]

POLL_MS = 200
RECORDS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Orders:
    """What an operator wants. `skip_lost`: go on where the topic has lost what the lake does not have, and `say` so."""

    limits: Limits
    skip_lost: bool
    say: Callable[[str], None]


class Filling(ConsumerRebalanceListener):  # type: ignore[misc]
    """One process's share of the partitions."""

    def __init__(self, consumer: AIOKafkaConsumer, writing: Writing, metrics: LakeMetrics, orders: Orders) -> None:
        self._consumer = consumer
        self._writing = writing
        self._metrics = metrics
        self._orders = orders
        self._buffers: dict[int, Buffer] = {}
        self._assignments = 0
        self._failed: Exception | None = None
        self._lock = asyncio.Lock()

    async def run(self, stopping: asyncio.Event) -> None:
        """Fill until told to stop; then write what is in hand. Raises Kafka's errors, and `LakeStopped`."""
        self._consumer.subscribe([INTERACTIONS], listener=self)
        while not stopping.is_set():
            assignments = self._assignments
            fetched: Fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_AT_ONCE)
            async with self._lock:
                if self._failed is not None:
                    raise self._failed
                if assignments == self._assignments:
                    await self._take(fetched)
                else:
                    self._read_again()
                for number in list(due(self._buffers, self._orders.limits, time.monotonic())):
                    await self._write(number, stopping)
                self._tell()
        async with self._lock:
            for number in self._buffers:
                await self._write(number, stopping)

    async def unready(self) -> str | None:
        """Why the lake does not follow the topic now; None: it does, or others have all partitions."""
        return self._writing.trouble if self._assignments else "waiting for partitions"

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """See aiokafka. One attempt, so that whoever comes next has as little as possible to read again."""
        async with self._lock:
            for place in revoked:
                buffer = self._buffers.pop(place.partition, None)
                if buffer is not None and buffer.records:
                    await self._writing.write(place.partition, buffer.piece(self._orders.limits.rows))
            self._metrics.behind.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """See aiokafka. An error here would be swallowed, so `run` raises it."""
        async with self._lock:
            try:
                for place in sorted(assigned):
                    await self._begin(place)
            except Exception as error:  # noqa: BLE001
                self._failed = error
            self._assignments += 1

    async def _begin(self, place: TopicPartition) -> None:
        position = await self._writing.position(place.partition)
        start = (await self._consumer.beginning_offsets([place]))[place]
        end = (await self._consumer.end_offsets([place]))[place]
        if position is not None and position > end:
            raise LakeStopped(
                f"{INTERACTIONS} partition {place.partition}: the lake has all below {position}, and the topic ends at "
                f"{end}: the broker has lost records. Restore them, or delete the topic and make it anew: the lake "
                "keeps what it has, and begins beside it"
            )
        if position is not None and position < start:
            await self._skip(place.partition, position, start)
            position = start
        first = position or 0
        self._buffers[place.partition] = Buffer(first, max(first, start))
        self._consumer.seek(place, max(first, start))

    async def _skip(self, partition: int, position: int, start: int) -> None:
        if not self._orders.skip_lost:
            raise LakeStopped(_lost(partition, position, start))
        await self._writing.skip(partition, position, start - 1)
        self._orders.say(
            f"partition {partition}: offsets {position} to {start - 1} are gone; the lake has none of them"
        )

    async def _take(self, fetched: Fetched) -> None:
        now = time.monotonic()
        for place, records in fetched.items():
            buffer = self._buffers.get(place.partition)
            if buffer is None:
                continue
            if buffer.jumps(records):
                await self._require_nothing_lost(place, buffer.next)
            buffer.take(records, records[-1].offset + 1, now)

    async def _require_nothing_lost(self, place: TopicPartition, position: int) -> None:
        """The client jumps to the log's start when what it wants to read has been deleted."""
        start = (await self._consumer.beginning_offsets([place]))[place]
        if start > position:
            raise LakeStopped(_lost(place.partition, position, start))

    def _read_again(self) -> None:
        """Whatever was fetched while partitions came and went is of no use: it may begin anywhere."""
        for number, buffer in self._buffers.items():
            self._consumer.seek(TopicPartition(INTERACTIONS, number), buffer.next)

    async def _write(self, number: int, stopping: asyncio.Event) -> None:
        """Until it is written, by whomever; once it is told to stop, only once."""
        buffer = self._buffers[number]
        while buffer.records:
            piece = buffer.piece(self._orders.limits.rows)
            outcome = await self._writing.write(number, piece)
            if outcome == "written":
                buffer.begin_at(piece.next)
                continue
            if outcome == "failed":
                if stopping.is_set():
                    return
                await asyncio.sleep(PAUSE_S)
            self._go_on_at(number, await self._writing.position(number) or 0)
            if not buffer.records:
                self._writing.trouble = None  # it is in the lake, whoever wrote it

    def _go_on_at(self, number: int, position: int) -> None:
        """Where the lake goes on: nobody else knows what became of the last attempt."""
        buffer = self._buffers[number]
        was = buffer.next
        buffer.begin_at(position)
        if buffer.next != was:
            self._consumer.seek(TopicPartition(INTERACTIONS, number), buffer.next)

    def _tell(self) -> None:
        self._metrics.waiting.set(sum(buffer.bytes for buffer in self._buffers.values()))
        for number, buffer in self._buffers.items():
            end = self._consumer.highwater(TopicPartition(INTERACTIONS, number))
            if end is not None:
                self._metrics.behind.labels(str(number)).set(max(0, end - buffer.first))


def _lost(partition: int, position: int, start: int) -> str:
    return (
        f"{INTERACTIONS} partition {partition}: the lake ends before {position}, and the topic begins at {start}: what "
        "is between was deleted before it was in the lake. To go on without it: `harmonia lake run --skip-lost`"
    )
