"""Records in `campaign-holds` until when reservations may last, before any is taken; once in five minutes at most."""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from events.topics import CAMPAIGN_HOLDS
from streams.domain.campaigns.holds import reservation_mark_record, round_up_to_slot

PATIENCE_S = 5.0


class ReservationLogUnavailable(Exception):
    """Kafka does not take the record, so nothing may be reserved."""


class ReservationLog:
    """Writes the records; connects to Kafka when it first has to. To be closed by its owner."""

    def __init__(self, producer: Callable[[], AIOKafkaProducer]) -> None:
        self._new_producer = producer
        self._producer: AIOKafkaProducer | None = None
        self._until = 0
        self._lock = asyncio.Lock()

    async def keep(self, until: int) -> None:
        """Return once Kafka has a record that covers `until`, ms since 1970. Raises ReservationLogUnavailable."""
        if until <= self._until:
            return
        async with self._lock:
            if until > self._until:
                await self._write(round_up_to_slot(until))

    async def close(self) -> None:
        """Close the connection to Kafka."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _write(self, until: int) -> None:
        key, value = reservation_mark_record(until)
        try:
            async with asyncio.timeout(PATIENCE_S):
                if self._producer is None:
                    self._producer = self._new_producer()
                    await self._producer.start()
                await self._producer.send_and_wait(CAMPAIGN_HOLDS, value, key, partition=0)
        except (KafkaError, OSError, TimeoutError):
            await self.close()
        else:
            self._until = until
            return
        raise ReservationLogUnavailable
