"""The agent of `campaign-holds`: reads the whole topic whenever something is new, and gives it to Redis as a whole.

Holds are few and rarely said, and so are the marks of until when reservations were given out. A flush takes them away
together with their position, so that nobody is allowed anything until the next look, a second later, has put them back.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from faust.types import TP

from events.topics import CAMPAIGN_HOLDS, Sink
from sinks.base import Position, SinkUnavailable
from sinks.holds import HoldsSink
from streams.domain.campaigns.holds import read_hold_record, read_reservation_mark
from streams.engine.changelog import PartitionReader
from streams.engine.retry import retried
from streams.engine.runs import End, Run
from streams.platform.clients import KafkaClients
from streams.worker.agents.latency_header import Clock
from streams.worker.agents.sinks.former_topics import runs_of_same_topic
from streams.worker.measuring.lag import SinkLag
from streams.worker.metrics import Metrics

logger = logging.getLogger(__name__)

SINK: Sink = "holds"
PLACE = TP(CAMPAIGN_HOLDS, 0)
"""The topic's one partition."""


class CampaignHoldsAgent:
    """Handles chunks of the topic, and watches over what Redis has of it while nothing comes."""

    def __init__(self, sink: HoldsSink, kafka: KafkaClients, metrics: Metrics, clock: Clock) -> None:
        self._sink = sink
        self._kafka = kafka
        self._metrics = metrics
        self._clock = clock
        self._holds: dict[str, int | None] = {}
        self._reserved_until = 0
        self._lost = False
        self._position: Position | None = None
        self._lock = asyncio.Lock()
        self.behind = SinkLag(SINK, [CAMPAIGN_HOLDS])

    async def __call__(self, chunk: Run) -> None:
        """Read the whole topic, this chunk included, and write it to Redis. Raises as `watch`."""
        with self._metrics.chunk(SINK):
            async with self._lock:
                while not await self._put(await retried(self._read, f"{PLACE}: reading")):
                    pass

    async def watch(self, partitions: Sequence[TP], ends: Mapping[TP, End]) -> None:
        """Put back what Redis has lost, and tell readers that it has all. Raises Kafka's errors, and `MissingTopic`."""
        if PLACE not in partitions or self._lock.locked():
            return
        async with self._lock:
            end = ends.get(PLACE)
            if self._position is None or end is None or end.offset > self._position.offset:
                end = await self._read()
            if not await self._put(end) and not (self._lost and await self._put(await self._read())):
                self._position = None  # another worker knows more: so will this one, the next time

    async def forget_former_topics(self) -> None:
        """Have the next look read the topic if it was made anew since. Raises Kafka's errors, and `MissingTopic`."""
        topic_id = await self._topic_id()
        async with self._lock:
            if self._position is not None and self._position.topic_id != topic_id:
                self._position = None

    async def close(self) -> None:
        """Close the sink."""
        await self._sink.close()

    async def _read(self) -> End:
        """Read all that is in the topic; returns its end. Until then nothing counts as known."""
        self._position = None
        while (end := await self._read_once()) is None:
            pass
        return end

    async def _read_once(self) -> End | None:
        """The same; None where the topic was made anew meanwhile, and may never get to the end of the former one."""
        topic_id = await self._topic_id()
        holds: dict[str, int | None] = {}
        reserved_until = 0

        async def is_same() -> bool:
            return await self._topic_id() == topic_id

        async with PartitionReader(self._kafka) as reader:
            asked = self._clock()
            offset, end = await reader.start_of(PLACE), await reader.end_of(PLACE)
            async for run in runs_of_same_topic(reader.runs(PLACE, offset, end), is_same):
                for record in run.records:
                    read_hold_record(record.key, record.value, holds)
                    reserved_until = max(reserved_until, read_reservation_mark(record.key, record.value))
                offset = run.next_offset
        if offset < end:
            return None
        self._holds, self._reserved_until = holds, reserved_until
        self._position = Position(topic_id, offset)
        return End(end, asked)

    async def _topic_id(self) -> str:
        return await asyncio.to_thread(self._kafka.topic_id, CAMPAIGN_HOLDS)

    async def _put(self, end: End) -> bool:
        """Write the holds to Redis, however long it is away; returns whether it has them now.

        Of one that was flushed it is only said what it has lost by what was read after the loss was seen: until then,
        something might have been reserved.
        """
        position, lost_until = self._position, self._reserved_until if self._lost else None
        while position is not None:
            try:
                put = await self._sink.put(self._holds, position, max(0, self._clock() - end.at), lost_until)
                self._lost, told = put == "lost", put == "written"
            except SinkUnavailable as trouble:
                lost_until = None
                self._metrics.sink_errors.labels(SINK).inc()
                logger.warning("%s; trying again in %.1f s", trouble, trouble.retry_after)
                await asyncio.sleep(trouble.retry_after)
                continue
            if told:
                self.behind.stands_at(PLACE, position.offset)
                self.behind.whole_at(PLACE, end.at)
            return told
        return False
