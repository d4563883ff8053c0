"""Beside the agents of a worker: hears which sources are in quarantine, and says so when it sees a flood.

Quarantines are a topic, so that all workers hold the same and a new one knows; each reads all of it, outside of any
group. Whoever sees a flood opens the one transactional id there is for this, which fences the others, reads the topic
once more and only then writes: so of two workers that see a flood at once one says so, and there is one alert.

What is refused of a source is a suspicion. It is a flood if what was appended about then, on whatever topic, bears it
out.
"""

import logging

import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from faust.types import TP
from mode import Service

from events.topics import SOURCE_QUARANTINES, SYSTEM_ALERTS
from sinks.keys import partition_of
from streams.domain.quarantine.flood_detection import MINUTE_MS, Flood, SuspicionQueue, floods_in, inspected_span
from streams.domain.quarantine.guard import QuarantineGuard
from streams.domain.quarantine.quarantines import (
    Quarantine,
    alert_of,
    begins_quarantine,
    quarantine_after,
    quarantine_record,
    read_quarantine_record,
)
from streams.engine.changelog import PartitionReader
from streams.engine.dangling_transactions import Leftovers
from streams.engine.retry import BROKER_TROUBLE
from streams.engine.writer import Output, TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.worker.agents.latency_header import Clock
from streams.worker.measuring.quarantined import QuarantineMetrics
from streams.worker.refusal_survey import LookBack

logger = logging.getLogger(__name__)

PLACE = TP(SOURCE_QUARANTINES, 0)
_LISTEN_MS = 500
_LATE_MS = 10 * MINUTE_MS
"""How late a record may be read that was appended before its source was let go, and still be held."""
_PAUSE_S = 1.0


class Quarantining(Service):
    """Keeps a guard up to date, for as long as the worker runs."""

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
        self._looks = LookBack(kafka, settings.hasher, settings.partitions)
        self._suspicions = SuspicionQueue()
        self._known: dict[str, Quarantine] = {}

    @Service.task
    async def _keep(self) -> None:
        while not self.should_stop:
            consumer = self._kafka.reader(wait_ms=_LISTEN_MS)
            try:
                await consumer.start()
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
        """Hear all that is there before anything is told: half of it would let sources go that are held."""
        place = TopicPartition(*PLACE)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        self._known = {}
        end = (await consumer.end_offsets([place]))[place]
        while not self.should_stop and await consumer.position(place) < end:
            await self._hear(consumer)

    async def _hear(self, consumer: AIOKafkaConsumer) -> None:
        for records in (await consumer.getmany(timeout_ms=_LISTEN_MS)).values():
            for record in records:
                read_quarantine_record(record.key, record.value, self._known)

    def _tell(self) -> None:
        """Tell the guard what is new, and what has come to its end: nothing is asked of records then."""
        ended = self._clock() - _LATE_MS
        held = {source: each for source, each in self._known.items() if each.until > ended}
        if held != self._guard.held:
            for source in self._guard.held.keys() - held.keys():
                self._suspicions.forget(source)
            self._guard.told(held)
        self._metrics.tell(held, self._clock())

    async def _look(self) -> list[Flood]:
        """Look into what is suspected, one minute of it at a time: the floods."""
        now = self._clock()
        for suspicion in self._guard.take_found():
            before = self._known.get(suspicion.source)
            if quarantine_after(Flood(*suspicion, share=1.0), before, self._calm_ms) is not None:
                self._suspicions.hear(suspicion, now)
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
        """Say what was seen. After a failure it will be seen again, if it goes on."""
        floods = await self._look()
        if not floods:
            return
        where = {partition_of(flood.source, self._partitions) for flood in floods}
        written = [PLACE, *(TP(SYSTEM_ALERTS, number) for number in where)]
        leftovers = Leftovers(self._kafka, self._id, written)
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
        """All that is in the topic by now."""
        known: dict[str, Quarantine] = {}
        async with PartitionReader(self._kafka) as reader:
            start, end = await reader.start_of(PLACE), await reader.end_of(PLACE)
            async for run in reader.runs(PLACE, start, end):
                for record in run.records:
                    read_quarantine_record(record.key, record.value, known)
        return known

    def _say(self, flood: Flood, before: Quarantine | None) -> list[Output]:
        """The record, and the alert if it begins; nothing if it is known."""
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
