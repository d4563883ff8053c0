"""Fills the lake: a member of a consumer group reads `interactions` and writes it into the lake in batches.

The group only assigns partitions. Where to read on is what the lake's manifests say, so no offset is committed to
Kafka. A process that was frozen while others took its partitions over loses the race for the next manifest, drops its
buffers and reads on behind what the other wrote.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.structs import ConsumerRecord, TopicPartition
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from events.topics import INTERACTIONS
from sinks.lake.writer import LakeWriter, RangeConflict, WriteGivenUp, never
from streams.domain.display_names import counted
from streams.history.lake.buffers import Buffer, FlushLimits, due_partitions
from streams.platform.errors import LakeStopped

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class LakeMetrics:
    """Prometheus metrics of one process that fills the lake, in a registry of their own. Label: a partition number."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.rows = Counter("harmonia_lake_rows_total", "Rows that were written into the lake", registry=registry)
        self.files = Counter("harmonia_lake_files_total", "Files that were written into the lake", registry=registry)
        self.bytes = Counter("harmonia_lake_bytes_total", "Bytes of those files", registry=registry)
        self.seconds = Histogram(
            "harmonia_lake_write_seconds",
            "Seconds from a range's first file to its manifest, and its files in place",
            buckets=_SECONDS,
            registry=registry,
        )
        self.failures = Counter(
            "harmonia_lake_failures_total", "Writings that failed and are tried again", registry=registry
        )
        self.overtaken = Counter(
            "harmonia_lake_overtaken_total", "Ranges that another process had written before", registry=registry
        )
        self.waiting = Gauge(
            "harmonia_lake_waiting_bytes", "Bytes of records that were read and are not in the lake", registry=registry
        )
        self.behind = Gauge(
            "harmonia_lake_behind_records",
            "Records of the partition that are not in the lake; of those that this process has",
            ["partition"],
            registry=registry,
        )


logger = logging.getLogger(__name__)

PAUSE_S = 1.0

FlushOutcome = Literal["written", "overtaken", "failed", "given up"]


class LakeFlusher:
    """Writes buffers off the event loop, counts them, and retries while the store is away.

    `trouble`: why the lake accepts nothing now, in a few words; None: it does. `is_late`: no more is tried.
    """

    def __init__(self, writer: LakeWriter, metrics: LakeMetrics, is_late: Callable[[], bool] = never) -> None:
        self._writer = writer
        self._metrics = metrics
        self._is_late = is_late
        self.trouble: str | None = None

    async def position(self, partition: int) -> int | None:
        """The offset at which the lake goes on; None: it has nothing of the partition.

        Retries until the store answers; raises OSError once that is too late.
        """
        while True:
            try:
                return await asyncio.to_thread(self._writer.position, partition)
            except OSError as error:
                self._fail(error)
                if self._is_late():
                    raise
                await asyncio.sleep(PAUSE_S)

    async def write(self, partition: int, buffer: Buffer) -> FlushOutcome:
        """One attempt to write a buffer. After any outcome but `written` only the lake knows where it goes on."""
        try:
            with self._metrics.seconds.time():
                done = await asyncio.to_thread(
                    self._writer.write, partition, buffer.first, buffer.next - 1, buffer.records
                )
        except RangeConflict:
            self._metrics.overtaken.inc()
            return "overtaken"
        except WriteGivenUp:
            return "given up"
        except OSError as error:
            self._fail(error)
            return "failed"
        self.trouble = None
        self._metrics.rows.inc(done.rows)
        self._metrics.files.inc(len(done.files))
        self._metrics.bytes.inc(sum(file.bytes for file in done.files))
        return "written"

    async def skip(self, partition: int, first: int, last: int) -> None:
        """Record a range of lost offsets as skipped. Raises OSError, and RangeConflict."""
        await asyncio.to_thread(self._writer.skip, partition, first, last)

    def _fail(self, error: OSError) -> None:
        self._metrics.failures.inc()
        self.trouble = f"the lake cannot be reached ({type(error).__name__})"
        logger.warning("the lake: %s; trying again", type(error).__name__)


Fetched = Mapping[TopicPartition, list[ConsumerRecord]]

POLL_MS = 200
RECORDS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class FillOptions:
    """An operator's choices. `skip_lost`: go on where the topic has lost records that the lake lacks, and `say` so."""

    limits: FlushLimits
    skip_lost: bool
    say: Callable[[str], None]


class LakeFiller(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads the partitions assigned to this process and flushes them into the lake."""

    def __init__(
        self, consumer: AIOKafkaConsumer, flusher: LakeFlusher, metrics: LakeMetrics, options: FillOptions
    ) -> None:
        self._consumer = consumer
        self._flusher = flusher
        self._metrics = metrics
        self._options = options
        self._buffers: dict[int, Buffer] = {}
        self._assignments = 0
        self._failed: Exception | None = None
        self._lock = asyncio.Lock()

    async def run(self, stopping: asyncio.Event) -> None:
        """Fill until `stopping` is set, then flush once more, as far as the writer still writes.

        What is left is in the topic, and whoever goes on reads it there. Raises Kafka's errors, and `LakeStopped`.
        """
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
                for number in list(due_partitions(self._buffers, self._options.limits, time.monotonic())):
                    await self._write(number, stopping)
                self._update_metrics()
        async with self._lock:
            for number in self._buffers:
                await self._write(number, stopping)
            self._say_what_is_left()

    def _say_what_is_left(self) -> None:
        left = [len(buffer.records) for buffer in self._buffers.values() if buffer.records]
        if left:
            records, partitions = counted(sum(left), "record", "records"), counted(len(left), "partition", "partitions")
            again = "it is read again" if sum(left) == 1 else "they are read again"
            self._options.say(f"stopped with {records} of {partitions} in hand that are not in the lake: {again}")

    async def unready(self) -> str | None:
        """Why the lake does not follow the topic now; None: it does, or other processes have all partitions."""
        return self._flusher.trouble if self._assignments else "waiting for partitions"

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """See aiokafka. Flushes once, so that the next owner has as little as possible to read again."""
        async with self._lock:
            for place in revoked:
                buffer = self._buffers.pop(place.partition, None)
                if buffer is not None and buffer.records:
                    await self._flusher.write(place.partition, buffer.piece(self._options.limits.rows))
            self._metrics.behind.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """See aiokafka, which would swallow an error raised here: `run` raises it."""
        async with self._lock:
            try:
                for place in sorted(assigned):
                    await self._begin(place)
            except Exception as error:  # noqa: BLE001
                self._failed = error
            self._assignments += 1

    async def _begin(self, place: TopicPartition) -> None:
        position = await self._flusher.position(place.partition)
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
        if not self._options.skip_lost:
            raise LakeStopped(_lost(partition, position, start))
        await self._flusher.skip(partition, position, start - 1)
        self._options.say(
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
        """Raise `LakeStopped` where the log's start is behind `position`: the client jumps there without a word."""
        start = (await self._consumer.beginning_offsets([place]))[place]
        if start > position:
            raise LakeStopped(_lost(place.partition, position, start))

    def _read_again(self) -> None:
        """Seek back to the buffers' ends: what was fetched during a rebalance may begin anywhere."""
        for number, buffer in self._buffers.items():
            self._consumer.seek(TopicPartition(INTERACTIONS, number), buffer.next)

    async def _write(self, number: int, stopping: asyncio.Event) -> None:
        """Flush a partition until somebody has written it; once `stopping` is set, try only once."""
        buffer = self._buffers[number]
        while buffer.records:
            piece = buffer.piece(self._options.limits.rows)
            outcome = await self._flusher.write(number, piece)
            if outcome == "written":
                buffer.begin_at(piece.next)
                continue
            if outcome == "given up" or (outcome == "failed" and stopping.is_set()):
                return
            if outcome == "failed":
                await asyncio.sleep(PAUSE_S)
            try:
                position = await self._flusher.position(number)
            except OSError:  # it is too late to ask; whoever goes on does
                return
            self._go_on_at(number, position or 0)
            if not buffer.records:
                self._flusher.trouble = None  # another process has written it

    def _go_on_at(self, number: int, position: int) -> None:
        """Continue at the lake's position, which alone tells whether the last attempt was written."""
        buffer = self._buffers[number]
        was = buffer.next
        buffer.begin_at(position)
        if buffer.next != was:
            self._consumer.seek(TopicPartition(INTERACTIONS, number), buffer.next)

    def _update_metrics(self) -> None:
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
