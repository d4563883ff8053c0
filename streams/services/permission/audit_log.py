"""Writes `audit-log` for the API: which team asked what about whom, recorded before the answer is given.

An answer waits until the producer holds its record, not until Kafka has it: that would cost each request a round trip.
While Kafka is away records are kept in memory up to a limit; beyond it requests are refused, since nobody could tell
any more who was answered. Kept records are lost if the process is killed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from events.outputs import AuditRecord
from events.topics import AUDIT_LOG

logger = logging.getLogger(__name__)

WRITE_S = 5.0
"""Seconds in which Kafka must have a record that is waited for."""
MOST_PENDING_BYTES = 64 << 20
A_LONG_LIST_BYTES = 1 << 20
ANSWERS_IN_A_RECORD = 2000
PAUSE_S = 0.5
LAST_WAIT_S = 5.0


class AuditUnavailable(Exception):
    """The limit of records that wait for Kafka is reached, or Kafka did not take one in time that was waited for."""


@dataclass(frozen=True, slots=True)
class _Queued:
    """A record that is to be sent; `sent` is told once Kafka has it."""

    value: bytes
    sent: asyncio.Future[None] | None = None


class AuditLog:
    """Sends records in the background. `pending` is called with the bytes that wait, `failed` at each failure."""

    def __init__(
        self,
        producer: Callable[[], AIOKafkaProducer],
        pending: Callable[[float], object],
        failed: Callable[[], object],
        most_bytes: int = MOST_PENDING_BYTES,
    ) -> None:
        self._new_producer = producer
        self._tell_pending = pending
        self._tell_failed = failed
        self._most = most_bytes
        self._pending = 0
        self._waiting: deque[_Queued] = deque()
        self._work = asyncio.Event()
        self._done = asyncio.Event()
        self._done.set()
        self._task: asyncio.Task[None] | None = None

    @property
    def has_room(self) -> bool:
        """Whether the record of a long list would still fit."""
        return not self._pending or self._pending + A_LONG_LIST_BYTES <= self._most

    def start(self) -> None:
        """Start sending. Kafka may be away."""
        self._task = asyncio.create_task(self._run())

    def hand(self, record: AuditRecord) -> None:
        """Queue a record, however many people it is about. Raises AuditUnavailable, and then has queued nothing."""
        self._queue([_Queued(orjson.dumps(part)) for part in _parts(record)])

    async def write(self, record: AuditRecord) -> None:
        """Send a record and wait until Kafka has it. Raises AuditUnavailable; it may have been written nevertheless."""
        loop = asyncio.get_running_loop()
        queued = [_Queued(orjson.dumps(part), loop.create_future()) for part in _parts(record)]
        self._queue(queued)
        try:
            async with asyncio.timeout(WRITE_S):
                await asyncio.gather(*(one.sent for one in queued if one.sent is not None))
        except TimeoutError:
            raise AuditUnavailable from None

    def _queue(self, queued: Sequence[_Queued]) -> None:
        size = sum(len(one.value) for one in queued)
        if self._pending and self._pending + size > self._most:
            raise AuditUnavailable
        self._count(size)
        self._waiting.extend(queued)
        self._work.set()

    async def stop(self) -> None:
        """Send what waits, if Kafka takes it within a few seconds."""
        try:
            async with asyncio.timeout(LAST_WAIT_S):
                await self._done.wait()
        except TimeoutError:
            logger.error("%d bytes of audit records are lost: Kafka did not take them", self._pending)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _count(self, change: int) -> None:
        self._pending += change
        self._tell_pending(self._pending)
        if self._pending:
            self._done.clear()
        else:
            self._done.set()

    async def _run(self) -> None:
        while True:
            producer = self._new_producer()
            try:
                await producer.start()
                await self._send_all(producer)
            except (KafkaError, OSError, TimeoutError) as error:
                self._tell_failed()
                logger.warning("sending audit records: %s; trying again", type(error).__name__)
                await asyncio.sleep(PAUSE_S)
            finally:
                await producer.stop()

    async def _send_all(self, producer: AIOKafkaProducer) -> None:
        """Send records as they come, at least once: where one of a batch fails, all of the batch are sent again."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), 100))]
                try:
                    sent = [await producer.send(AUDIT_LOG, one.value) for one in batch]
                    await asyncio.gather(*sent)
                except BaseException:
                    self._waiting.extendleft(reversed(batch))
                    self._work.set()
                    raise
                self._count(-sum(len(one.value) for one in batch))
                for one in batch:
                    if one.sent is not None and not one.sent.done():
                        one.sent.set_result(None)


def _parts(record: AuditRecord) -> Iterator[AuditRecord]:
    """The record in parts that fit a Kafka record; all carry the request's id."""
    answers: Sequence[object] = record["answers"]
    for at in range(0, max(1, len(answers)), ANSWERS_IN_A_RECORD):
        yield {**record, "answers": record["answers"][at : at + ANSWERS_IN_A_RECORD]}
