"""Beside the agents of a worker: counts the records that are held of sources in quarantine and were not released.

They are not read: where the topic begins and ends is enough, less what was noted as sent anew.
"""

import logging

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from mode import Service

from events.topics import DEAD_LETTERS_REQUEUED, QUARANTINE
from streams.domain.quarantine.held_records import ReleasedRecords
from streams.engine.retry import BROKER_TROUBLE
from streams.platform.clients import KafkaClients
from streams.worker.measuring.quarantined import QuarantineMetrics

logger = logging.getLogger(__name__)

NOTES = TopicPartition(DEAD_LETTERS_REQUEUED, 0)
INTERVAL_S = 10.0
_WAIT_MS = 500


class HeldRecords(Service):
    """Tells a gauge how many wait. `partitions`: of the topic `quarantine`."""

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
        while not self.should_stop:
            end = (await consumer.end_offsets([NOTES]))[NOTES]
            while await consumer.position(NOTES) < end:
                for records in (await consumer.getmany(timeout_ms=_WAIT_MS)).values():
                    for record in records:
                        released.hear(record.value)
            starts, ends = await consumer.beginning_offsets(self._places), await consumer.end_offsets(self._places)
            counted = {tp.partition: offset for tp, offset in starts.items()}
            self._metrics.waiting.set(released.waiting(counted, {tp.partition: offset for tp, offset in ends.items()}))
            self._in_trouble = False
            await self.sleep(INTERVAL_S)
