"""The agent of a sink: reads its topics, and gives what they say to the sink, whichever that is.

The sink's own position decides what it needs, not the group's: after a flush, a restored dump or a lost answer the
partition is read again from there. A sink that is away stops this agent's partitions and nothing else.

Of several topics the first says what is there. What another takes away may leave nothing behind that an older record
could be held against, so before it the sink gets all of the first topic up to then: whoever took it away has written
that before.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import ClassVar, Generic, Protocol, TypeAlias, TypeVar

from faust.types import TP
from prometheus_client import Counter, Histogram

from sinks.base import Completeness, Position, Sink, SinkUnavailable
from streams.engine.changelog import PartitionReader
from streams.engine.retry import retried
from streams.engine.runs import End, KafkaRecord, Records, Run
from streams.platform.clients import KafkaClients
from streams.worker.agents.latency_header import Clock, received_at
from streams.worker.agents.sinks.former_topics import runs_of_same_topic
from streams.worker.measuring.lag import SinkLag
from streams.worker.measuring.observations import observe_all

logger = logging.getLogger(__name__)

OVERDUE_MS = 3000
"""An end that is not reached by then, with no chunk in hand, has nothing but transactions' markers before it."""


class CompletenessMarks:
    """When a sink held all of a partition: at the moment for which it has reached what was the end then.

    Under a steady load it never stands at the end of now. So of each partition the oldest end that was not reached yet
    is noted, and told once the sink has come so far.
    """

    def __init__(self) -> None:
        self._ends: dict[TP, End] = {}

    def note(self, ends: Mapping[TP, End]) -> None:
        """Note where the owned partitions end now; an end that is waited for stays."""
        self._ends = {**ends, **{tp: end for tp, end in self._ends.items() if tp in ends}}

    def reached(self, tp: TP, offset: int) -> End | None:
        """The end that was waited for, once, if everything below `offset` is in the sink and that is far enough."""
        end = self._ends.get(tp)
        return self._ends.pop(tp) if end is not None and end.offset <= offset else None

    def is_overdue(self, tp: TP, offset: int, now: int) -> bool:
        """Whether the end that is waited for has been beyond `offset` for too long for a chunk to be on its way."""
        end = self._ends.get(tp)
        return end is not None and end.offset > offset and now - end.at > OVERDUE_MS


Answer = TypeVar("Answer")
ChangeT = TypeVar("ChangeT")

RecordReaders: TypeAlias = Mapping[str, Callable[[KafkaRecord], ChangeT | None]]
"""By topic: what a record of it says to the sink; None: nothing."""

UNKNOWN: Mapping[TP, End] = {}


class ConnectorMetrics(Protocol):
    """What a connector counts, by the name of its sink, in whichever process it is."""

    sink_errors: Counter
    sink_refills: Counter
    end_to_end_seconds: Histogram

    def chunk(self, agent: str) -> AbstractContextManager[None]:
        """Observe the seconds that a chunk takes."""
        ...


class SinkConnector(ABC, Generic[ChangeT]):
    """Handles chunks of the sink's topics, and watches over its positions while nothing comes.

    They have equally many partitions, so that the group gives those of one number to one worker.
    `name`: of the sink, in metrics.
    """

    name: ClassVar[str]

    def __init__(
        self, sink: Sink[ChangeT], kafka: KafkaClients, partitions: int, metrics: ConnectorMetrics, clock: Clock
    ) -> None:
        self._sink = sink
        self._readers = self.readers()
        self._kafka = kafka
        self._partitions = partitions
        self._metrics = metrics
        self._clock = clock
        self._views = {topic: sink.reading(topic) for topic in self._readers}
        self._first = next(iter(self._readers))
        self._positions: dict[TP, Position] = {}
        self._marks = CompletenessMarks()
        self.behind = SinkLag(self.name, self._views)
        self._generations: dict[TP, int] = {}
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    @abstractmethod
    def readers(self) -> RecordReaders[ChangeT]:
        """The sink's topics, the one that says what is there first."""

    async def __call__(self, chunk: Run) -> None:
        """Write the chunk, and before it whatever the sink is missing. Raises Kafka's errors, and `MissingTopic`.

        A chunk beyond the end of its topic was fetched from one of the same name that has been deleted. It is dropped.
        """
        with self._metrics.chunk(self.name):
            async with self._locks[chunk.tp.partition]:
                # Offsets have gaps, so only within a generation does a chunk follow the last one for certain, and only
                # where that one was written: the generation counts as known again once this one is.
                follows = self._generations.pop(chunk.tp, None) == chunk.generation and await self._may_follow(chunk)
                if not (follows and await self._write(chunk)):
                    while not await retried(lambda: self._catch_up(chunk.tp), f"{chunk.tp}: reading"):
                        pass
                if self._positions[chunk.tp].offset < chunk.next_offset:
                    return
                self._generations[chunk.tp] = chunk.generation
                await self._tell(chunk.tp)
        if chunk.tp.topic == self._first:
            self._observe(chunk.records)

    async def watch(self, partitions: Sequence[TP], ends: Mapping[TP, End] = UNKNOWN) -> None:
        """Look whether the sink still stands where it was left in these partitions; catch up where it does not.

        To be called every second or so: that is how a flush is noticed without traffic, and how readers of the sink
        hear that it holds all there was at `ends`. Raises Kafka's errors, and `MissingTopic`.
        """
        mine: dict[int, list[TP]] = defaultdict(list)
        for tp in partitions:
            if tp.topic in self._views:
                mine[tp.partition].append(tp)
        self._marks.note({tp: ends[tp] for tps in mine.values() for tp in tps if tp in ends})
        await asyncio.gather(*(self._watch(number, tps) for number, tps in mine.items()))

    async def forget_former_topics(self) -> None:
        """Forget where the sink stands in topics that were made anew since: the next look has it read the new ones.

        To be called every minute or so: the offset of a new topic's record may follow on the last one of the old topic.
        Raises Kafka's errors, and `MissingTopic`.
        """
        there = await asyncio.to_thread(self._kafka.describe_topics, [*self._views])
        await self.forget([tp for tp, stands in self._positions.items() if stands.topic_id != there[tp.topic][0]])

    async def forget(self, partitions: Iterable[TP]) -> None:
        """Count nothing as known of where the sink stands in these, as far as they are of its topics."""
        for tp in partitions:
            async with self._locks[tp.partition]:
                self._stands_at(tp, None)

    async def close(self) -> None:
        """Close the sink."""
        await self._sink.close()

    async def _watch(self, partition: int, topics: Sequence[TP]) -> None:
        """One after the other, since they share a lock: that it is held means a chunk."""
        lock = self._locks[partition]
        if lock.locked():
            return
        async with lock:
            for tp in topics:
                if not await self._still_there(tp):
                    await self._catch_up(tp)
                    await self._tell(tp)

    async def _still_there(self, tp: TP) -> bool:
        position = self._positions.get(tp)
        if position is None or self._marks.is_overdue(tp, position.offset, self._clock()):
            return False
        told = await self._tell(tp)
        return await self._asked(partial(self._views[tp.topic].touch, tp.partition, position)) if told is None else told

    async def _tell(self, tp: TP) -> bool | None:
        """Tell readers when nothing was missing, if there is news; whether the sink stands where it was left."""
        position = self._positions.get(tp)
        end = None if position is None else self._marks.reached(tp, position.offset)
        if position is None or end is None:
            return None
        view, at = self._views[tp.topic], end.at

        async def call() -> bool:
            standing = Completeness(max(0, self._clock() - at), self._partitions)
            return await view.whole(tp.partition, position, standing)

        told = await self._asked(call)
        if told:
            self.behind.whole_at(tp, at)
        return told

    async def _may_follow(self, chunk: Run) -> bool:
        if chunk.tp.topic == self._first or all(record.value is not None for record in chunk.records):
            return True
        first = TP(self._first, chunk.tp.partition)
        return await retried(lambda: self._catch_up(first), f"{first}: reading")

    async def _write(self, chunk: Run) -> bool:
        before = self._positions.get(chunk.tp)
        if before is None:
            return False
        if before.offset >= chunk.next_offset:
            return True
        after = await self._put(chunk, before, before.topic_id)
        return self._stands_at(chunk.tp, after)

    async def _catch_up(self, tp: TP) -> bool:
        """Bring the sink from where it stands, or from nothing, to the end of the partition; whether that was done.

        Until then nothing counts as known, so that a catch-up which fails half-way is begun again.
        """
        known = self._positions.get(tp)
        self._stands_at(tp, None)
        if tp.topic != self._first and not await self._catch_up(TP(self._first, tp.partition)):
            return False
        topic_id = await self._topic_id(tp.topic)
        if known is None or known.topic_id != topic_id:
            self._generations.pop(tp, None)  # a chunk that was fetched before may be of a topic that was deleted
        async with PartitionReader(self._kafka) as reader:
            position = await self._asked(lambda: self._views[tp.topic].position(tp.partition))
            end = await reader.end_of(tp)  # asked for last: other workers only ever move the position towards it
            if position is None or position.topic_id != topic_id or position.offset > end:
                position = await self._begin_anew(tp, reader)
            if position is not None:
                runs = reader.runs(tp, position.offset, end)
                async for run in runs_of_same_topic(runs, lambda: self._is_still(tp.topic, topic_id)):
                    position = await self._put(run, position, topic_id)
                    if position is None:
                        break
                if position is not None and position.offset < end:  # that end was another topic's
                    position = None
        return self._stands_at(tp, position)

    async def _is_still(self, topic: str, topic_id: str) -> bool:
        return await self._topic_id(topic) == topic_id

    def _stands_at(self, tp: TP, position: Position | None) -> bool:
        if position is None:
            self._positions.pop(tp, None)
        else:
            self._positions[tp] = position
            self.behind.stands_at(tp, position.offset)
        return position is not None

    async def _begin_anew(self, tp: TP, reader: PartitionReader) -> Position | None:
        """Clear the partition, and stand at the start of all topics; where to go on in `tp`, or None to try again.

        What the others had told is gone too, so those but the first wait until that has been read.
        """
        if not await self._cleared(tp.partition):
            return None
        begun: dict[str, Position | None] = {}
        for topic in reversed(self._views):
            start = TP(topic, tp.partition)
            run = Run(start, (), await reader.start_of(start), -1)
            begun[topic] = await self._put(run, None, await self._topic_id(topic))
        return begun[tp.topic] if tp.topic == self._first else None

    async def _topic_id(self, topic: str) -> str:
        return await asyncio.to_thread(self._kafka.topic_id, topic)

    async def _cleared(self, partition: int) -> bool:
        """Clear once: when that fails another worker may be filling the partition, so its position is asked again."""
        try:
            await self._sink.clear(partition, self._partitions)
        except SinkUnavailable as trouble:
            await self._wait_out(trouble)
            return False
        self._metrics.sink_refills.labels(self.name).inc()
        return True

    async def _put(self, run: Run, before: Position | None, topic_id: str) -> Position | None:
        """Write a run; where the sink stands then, or None when it does not stand at `before` any more."""
        after = Position(topic_id, run.next_offset)
        read = self._readers[run.tp.topic]
        changes = [change for record in run.records if (change := read(record)) is not None]
        view = self._views[run.tp.topic]
        written = await self._asked(lambda: view.write(run.tp.partition, changes, before, after))
        return after if written else None

    async def _asked(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """The sink's answer, however long it is away."""
        while True:
            try:
                return await call()
            except SinkUnavailable as trouble:
                await self._wait_out(trouble)

    async def _wait_out(self, trouble: SinkUnavailable) -> None:
        self._metrics.sink_errors.labels(self.name).inc()
        if not trouble.is_told:
            logger.warning("%s; trying again in %.1f s", trouble, trouble.retry_after)
        await asyncio.sleep(trouble.retry_after)

    def _observe(self, records: Records) -> None:
        now = self._clock()
        received = [at for record in records if (at := received_at(record.headers)) is not None]
        observe_all(self._metrics.end_to_end_seconds.labels(self.name), [max(0, now - at) / 1000 for at in received])
