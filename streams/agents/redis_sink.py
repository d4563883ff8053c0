"""The Redis sink's agent: reads `contact-state` and gives the newest version of each contact to the sink.

The sink's own position decides what it needs, not the group's: after a flush, a restored dump or a lost answer the
partition is read again from there. A sink that is away stops this agent's partitions and nothing else.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from faust.types import TP

from events.topics import CONTACT_STATE
from sinks.base import Change, ContactSink, Position, SinkUnavailable
from streams.agents.stamps import Clock, received_at
from streams.clients import KafkaClients
from streams.engine.changelog import PartitionReader
from streams.engine.retry import retried
from streams.engine.runs import KafkaRecord, Records, Run
from streams.metrics import Metrics

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

SINK = "redis"


class ContactStateSink:
    """Handles chunks of `contact-state`, and watches over the sink's position while nothing comes."""

    def __init__(self, sink: ContactSink, kafka: KafkaClients, partitions: int, metrics: Metrics, clock: Clock) -> None:
        self._sink = sink
        self._kafka = kafka
        self._partitions = partitions
        self._metrics = metrics
        self._clock = clock
        self._positions: dict[int, Position] = {}
        self._generations: dict[int, int] = {}
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def __call__(self, chunk: Run) -> None:
        """Write the chunk, and before it whatever the sink is missing."""
        partition = chunk.tp.partition
        with self._metrics.chunk(SINK):
            async with self._locks[partition]:
                # Offsets have gaps, so only within a generation does a chunk follow the last one for certain.
                follows = self._generations.get(partition) == chunk.generation
                while not (follows and await self._write(partition, chunk)):
                    await retried(lambda: self._catch_up(partition), f"{chunk.tp}: reading")
                    follows = True
                self._generations[partition] = chunk.generation
        self._observe(chunk.records)

    async def watch(self, partitions: Sequence[int]) -> None:
        """Look whether the sink still stands where it was left in these partitions; catch up where it does not.

        To be called every second or so: that is how a flush is noticed without traffic. Raises Kafka's errors.
        """
        await asyncio.gather(*(self._watch(partition) for partition in partitions))

    async def close(self) -> None:
        """Close the sink."""
        await self._sink.close()

    async def _watch(self, partition: int) -> None:
        lock = self._locks[partition]
        if lock.locked():
            return
        async with lock:
            position = self._positions.get(partition)
            if position is None or not await self._asked(lambda: self._sink.touch(partition, position)):
                await self._catch_up(partition)

    async def _write(self, partition: int, chunk: Run) -> bool:
        before = self._positions.get(partition)
        if before is None:
            return False
        if before.offset >= chunk.next_offset:
            return True
        after = await self._put(partition, chunk, before, before.topic_id)
        return self._stands_at(partition, after)

    async def _catch_up(self, partition: int) -> None:
        """Bring the sink from where it stands, or from nothing, to the end of the partition.

        Until that is done nothing counts as known, so that a catch-up which fails half-way is begun again.
        """
        self._stands_at(partition, None)
        tp = TP(CONTACT_STATE, partition)
        topic_id = await asyncio.to_thread(self._kafka.topic_id, CONTACT_STATE)
        async with PartitionReader(self._kafka) as reader:
            position = await self._asked(lambda: self._sink.position(partition))
            end = await reader.end_of(tp)  # asked for last: other workers only ever move the position towards it
            if position is None or position.topic_id != topic_id or position.offset > end:
                if not await self._cleared(partition):
                    return
                start = Run(tp, (), await reader.start_of(tp), -1)
                position = await self._put(partition, start, None, topic_id)
            if position is not None:
                async for run in reader.runs(tp, position.offset, end):
                    position = await self._put(partition, run, position, topic_id)
                    if position is None:
                        break
        self._stands_at(partition, position)

    def _stands_at(self, partition: int, position: Position | None) -> bool:
        if position is None:
            self._positions.pop(partition, None)
        else:
            self._positions[partition] = position
        return position is not None

    async def _cleared(self, partition: int) -> bool:
        """Clear once: when that fails another worker may be filling the partition, so its position is asked again."""
        try:
            await self._sink.clear(partition, self._partitions)
        except SinkUnavailable as trouble:
            await self._wait_out(trouble)
            return False
        self._metrics.sink_refills.labels(SINK).inc()
        return True

    async def _put(self, partition: int, run: Run, before: Position | None, topic_id: str) -> Position | None:
        """Write a run; where the sink stands then, or None when it does not stand at `before` any more."""
        after = Position(topic_id, run.next_offset)
        changes = [change for record in run.records if (change := change_of(record)) is not None]
        written = await self._asked(lambda: self._sink.write(partition, changes, before, after))
        return after if written else None

    async def _asked(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """The sink's answer, however long it is away."""
        while True:
            try:
                return await call()
            except SinkUnavailable as trouble:
                await self._wait_out(trouble)

    async def _wait_out(self, trouble: SinkUnavailable) -> None:
        self._metrics.sink_errors.labels(SINK).inc()
        logger.warning("%s; trying again in %.1f s", trouble, trouble.retry_after)
        await asyncio.sleep(trouble.retry_after)

    def _observe(self, records: Records) -> None:
        now = self._clock()
        observe = self._metrics.end_to_end_seconds.labels(SINK).observe
        for record in records:
            at = received_at(record.headers)
            if at is not None:
                observe(max(0, now - at) / 1000)


def change_of(record: KafkaRecord) -> Change | None:
    """What a record of `contact-state` says; None for one that is not of Harmonia's making."""
    headers = dict(record.headers)
    version = headers.get("version")
    if record.key is None or version is None or not version.isdigit():
        return None
    reason, merged_into = headers.get("reason"), headers.get("merged_into")
    try:
        return Change(
            contact_id=record.key.decode(),
            version=int(version),
            profile=record.value,
            reason=reason.decode() if reason else None,
            merged_into=merged_into.decode() if merged_into else None,
        )
    except ValueError:  # no UTF-8, or no number that anybody counts to
        return None
