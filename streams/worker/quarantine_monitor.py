"""Quarantine of sources, beside the agents of a worker: sees floods of refused records and declares quarantines.

Quarantines are a topic, so that all workers hold the same and a new one knows; each reads all of it, outside of any
group. Whoever sees a flood opens the one transactional id there is for this, which fences the others, reads the topic
once more and only then writes: so of two workers that see a flood at once one says so, and there is one alert.

What is refused of a source is a suspicion. It is a flood if what was appended about then, on whatever topic, bears it
out.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping

import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from faust.types import TP
from mode import Service

from events.identifiers import Hasher
from events.refusal import Refusal
from events.requeued import was_requeued
from events.topics import DEAD_LETTERS_REQUEUED, INPUT_TOPICS, QUARANTINE, SOURCE_QUARANTINES, SYSTEM_ALERTS
from sinks.keys import partition_of
from streams.domain.dead_letter_repair.letters import read_declared_type
from streams.domain.quarantine.flood_detection import (
    MINUTE_MS,
    Flood,
    OffsetRange,
    SourceTally,
    SuspicionQueue,
    floods_in,
    inspected_span,
    sample_ranges,
)
from streams.domain.quarantine.guard import QuarantineGuard
from streams.domain.quarantine.held_records import ReleasedRecords
from streams.domain.quarantine.quarantines import (
    Quarantine,
    alert_of,
    begins_quarantine,
    quarantine_after,
    quarantine_record,
    read_quarantine_record,
)
from streams.engine.aiokafka_patches.fetch_requests import rest_longer
from streams.engine.changelog import PartitionReader
from streams.engine.dangling_transactions import DanglingTransactions
from streams.engine.retry import BROKER_TROUBLE
from streams.engine.runs import KafkaRecord
from streams.engine.writer import Output, TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.cooperative import map_cooperatively
from streams.platform.settings import Settings
from streams.worker.agents.intake.agent import Remarks, judge
from streams.worker.agents.latency_header import Clock
from streams.worker.metrics import QuarantineMetrics

logger = logging.getLogger(__name__)

MOST_RECORDS = 40_000
"""Opening one to see whose it is takes 5 µs; only a suspect's are judged."""
PIECE = 2_000


class RefusalSurvey:
    """Reads what was appended to the input topics about a time, to learn how much of a source was refused.

    All partitions are read, also those that other workers have. Of a busy minute it is a fair sample. `partitions`: of
    each input topic.
    """

    def __init__(self, kafka: KafkaClients, hasher: Hasher, partitions: int) -> None:
        self._kafka = kafka
        self._hasher = hasher
        self._places = [TP(topic.name, number) for topic in INPUT_TOPICS for number in range(partitions)]

    async def tallies(self, sources: Collection[str], since: int, until: int) -> Mapping[str, SourceTally]:
        """Refused and taken records of these sources that were appended from `since` up to `until`, ms.

        Raises one of `BROKER_TROUBLE`.
        """
        counts: Counter[tuple[str, bool]] = Counter()
        async with PartitionReader(self._kafka) as reader:
            first, last = await reader.offsets_at(self._places, since), await reader.offsets_at(self._places, until)
            ranges = [OffsetRange(*tp, first[tp], last[tp]) for tp in self._places]
            for piece in sample_ranges(ranges, MOST_RECORDS, PIECE):
                async for run in reader.runs(TP(piece.topic, piece.partition), piece.start, piece.end):
                    mine = [record for record in run.records if record.offset < piece.end]
                    counts.update(
                        filter(None, await map_cooperatively(lambda record: self._seen(record, sources), mine))
                    )
        return {source: SourceTally(counts[source, True], counts[source, False]) for source in sources}

    def _seen(self, record: KafkaRecord, sources: Collection[str]) -> tuple[str, bool] | None:
        """The source of a record, and whether it is refused; None: it is of none of these sources, or an operator's."""
        source = read_declared_type(record.value, record.headers).source
        if source is None or source not in sources or was_requeued(record.value, record.headers, self._hasher):
            return None
        return source, isinstance(judge(record, self._hasher, Remarks.none()), Refusal)


NOTES = TopicPartition(DEAD_LETTERS_REQUEUED, 0)
INTERVAL_S = 10.0
_WAIT_MS = 500


class HeldRecordsCounter(Service):
    """Counts the records that are held of sources in quarantine and were not released, for a gauge.

    They are not read: where the topic begins and ends is enough, less what was noted as sent anew. `partitions`: of the
    topic `quarantine`.
    """

    def __init__(self, kafka: KafkaClients, partitions: int, metrics: QuarantineMetrics) -> None:
        super().__init__()
        self._kafka = kafka
        self._places = [TopicPartition(QUARANTINE, number) for number in range(partitions)]
        self._metrics = metrics
        self._in_trouble = False

    @Service.task
    async def _count(self) -> None:
        while not self.should_stop:
            consumer = self._kafka.reader(wait_ms=_WAIT_MS)
            try:
                await consumer.start()
                rest_longer(consumer)
                await self._follow(consumer)
            except BROKER_TROUBLE as error:
                if not self._in_trouble:
                    logger.warning("counting held records: %s; trying again", type(error).__name__)
                self._in_trouble = True
            finally:
                await consumer.stop()
            await self.sleep(INTERVAL_S)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        released = ReleasedRecords()
        consumer.assign([NOTES])
        await consumer.seek_to_beginning(NOTES)
        consumer.pause(NOTES)
        while not self.should_stop:
            end = (await consumer.end_offsets([NOTES]))[NOTES]
            consumer.resume(NOTES)
            while await consumer.position(NOTES) < end:
                for records in (await consumer.getmany(timeout_ms=_WAIT_MS)).values():
                    for record in records:
                        released.take(record.value)
            consumer.pause(NOTES)  # until the next look: nobody waits for what comes
            starts, ends = await consumer.beginning_offsets(self._places), await consumer.end_offsets(self._places)
            counted = {tp.partition: offset for tp, offset in starts.items()}
            self._metrics.waiting.set(released.waiting(counted, {tp.partition: offset for tp, offset in ends.items()}))
            self._in_trouble = False
            await self.sleep(INTERVAL_S)


PLACE = TP(SOURCE_QUARANTINES, 0)
_LISTEN_MS = 500
_LATE_MS = 10 * MINUTE_MS
"""How late a record may be read that was appended before its source was let go, and still be held."""
_PAUSE_S = 1.0


class QuarantineMonitor(Service):
    """Keeps the guard of this worker up to date with the topic of quarantines, and declares those that it sees."""

    def __init__(
        self, guard: QuarantineGuard, kafka: KafkaClients, settings: Settings, clock: Clock, metrics: QuarantineMetrics
    ) -> None:
        super().__init__()
        self._metrics = metrics
        self._guard = guard
        self._kafka = kafka
        self._clock = clock
        self._id = f"{settings.app_id}-quarantine"
        self._partitions = settings.partitions
        self._calm_ms = settings.quarantine_minutes * MINUTE_MS
        self._share = settings.quarantine_share
        self._looks = RefusalSurvey(kafka, settings.hasher, settings.partitions)
        self._suspicions = SuspicionQueue()
        self._known: dict[str, Quarantine] = {}

    @Service.task
    async def _keep(self) -> None:
        while not self.should_stop:
            consumer = self._kafka.reader(wait_ms=self._kafka.quiet_fetch_ms)
            try:
                await consumer.start()
                rest_longer(consumer)
                await self._begin(consumer)
                while not self.should_stop:
                    await self._hear(consumer)
                    self._tell()
                    await self._declare()
            except BROKER_TROUBLE as error:
                logger.warning("quarantines: %s; trying again", type(error).__name__)
            finally:
                await consumer.stop()
            await self.sleep(_PAUSE_S)

    async def _begin(self, consumer: AIOKafkaConsumer) -> None:
        """Read all that is in the topic before the guard is told: half of it would let sources go that are held."""
        place = TopicPartition(*PLACE)
        end = (await consumer.end_offsets([place]))[place]  # first: a broker would answer a fetch before it
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        self._known = {}
        while not self.should_stop and await consumer.position(place) < end:
            await self._hear(consumer)

    async def _hear(self, consumer: AIOKafkaConsumer) -> None:
        for records in (await consumer.getmany(timeout_ms=_LISTEN_MS)).values():
            for record in records:
                read_quarantine_record(record.key, record.value, self._known)

    def _tell(self) -> None:
        """Tell the guard of quarantines that are new or over; in between it costs nothing."""
        ended = self._clock() - _LATE_MS
        held = {source: each for source, each in self._known.items() if each.until > ended}
        if held != self._guard.held:
            for source in self._guard.held.keys() - held.keys():
                self._suspicions.forget(source)
            self._guard.replace_quarantines(held)
        self._metrics.tell(held, self._clock())

    async def _look(self) -> list[Flood]:
        """The floods among what is suspected, looked into one minute at a time."""
        now = self._clock()
        for suspicion in self._guard.take_found():
            before = self._known.get(suspicion.source)
            if quarantine_after(Flood(*suspicion, share=1.0), before, self._calm_ms) is not None:
                self._suspicions.queue(suspicion, now)
        if not (due := self._suspicions.due(now)):
            return []
        try:
            tallies = await self._looks.tallies({each.source for each in due}, *inspected_span(due[0].at, now))
        except BROKER_TROUBLE:
            self._suspicions.put_off(due, now)
            raise
        self._suspicions.settle(due)
        return floods_in(due, tallies, self._share)

    async def _declare(self) -> None:
        """Write quarantines of floods that were seen. After a failure one will be seen again, if it goes on."""
        floods = await self._look()
        if not floods:
            return
        where = {partition_of(flood.source, self._partitions) for flood in floods}
        written = [PLACE, *(TP(SYSTEM_ALERTS, number) for number in where)]
        leftovers = DanglingTransactions(self._kafka, self._id, written)
        await leftovers.look()
        writer = TransactionWriter(self._kafka, self._id, written)
        try:
            await writer.start()
            await leftovers.end(writer)
            known = await self._read()
            outputs = [output for flood in floods for output in self._say(flood, known.get(flood.source))]
            if outputs:
                await writer.write(outputs)
        finally:
            await writer.stop()

    async def _read(self) -> dict[str, Quarantine]:
        """The quarantines that are in the topic by now, by source."""
        known: dict[str, Quarantine] = {}
        async with PartitionReader(self._kafka) as reader:
            start, end = await reader.start_of(PLACE), await reader.end_of(PLACE)
            async for run in reader.runs(PLACE, start, end):
                for record in run.records:
                    read_quarantine_record(record.key, record.value, known)
        return known

    def _say(self, flood: Flood, before: Quarantine | None) -> list[Output]:
        """The record of a quarantine, and the alert if it begins; nothing if it is known."""
        held = quarantine_after(flood, before, self._calm_ms)
        if held is None:
            return []
        key, value = quarantine_record(held)
        outputs = [Output(*PLACE, key, value)]
        if begins_quarantine(held, before):
            alert = alert_of(held, flood.share)
            where = partition_of(flood.source, self._partitions)
            outputs.append(Output(SYSTEM_ALERTS, where, alert["subject"].encode(), orjson.dumps(alert)))
        return outputs
