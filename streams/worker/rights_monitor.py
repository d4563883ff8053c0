"""The rights desk beside the agents of a worker: tells how many requests wait, and forgets those of erased people.

The topic is small, so each worker reads all of it, outside of any group. Whoever was erased, by whatever command, is
`erased` in Redis under every identifier, until something new is heard of them; a request of theirs becomes a count. A
Redis that is being filled may say so of somebody who has come back, and so is not asked. Of several workers that see
an erasure each writes the same records, which is as good as once.

It shares its event loop with the agents, so it folds the requests anew only where a record came, and asks Redis at each
look of those that are open and of some that are closed, for which nobody waits.
"""

import logging
from datetime import date, datetime
from zoneinfo import ZoneInfo

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from mode import Service
from redis.asyncio import Redis

from events.topics import RIGHTS_REQUESTS
from sinks.base import SinkUnavailable
from sinks.lookup import ErasedContact, Incomplete, Lookup
from streams.domain.rights.forgetting import forgetting_records, requests_of, waiting_by_kind
from streams.domain.rights.requests import RightsDesk, RightsRequest, desk_of
from streams.domain.rights.steps import RightsRecord, read_rights_record
from streams.engine.aiokafka_patches.fetch_requests import rest_longer
from streams.engine.retry import BROKER_TROUBLE
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.worker.agents.latency_header import Clock
from streams.worker.measuring.rights_requests import RightsMetrics

logger = logging.getLogger(__name__)

PLACE = TopicPartition(RIGHTS_REQUESTS, 0)
LOOK_S = 5.0
CLOSED_AT_ONCE = 1_000
"""Closed requests of which Redis is asked in one look."""
_WAIT_MS = 500


class FollowedDesk:
    """The requests as records come."""

    def __init__(self) -> None:
        self._there: dict[str, RightsRecord] = {}
        self._desk: RightsDesk | None = None

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Hear of a record of the topic, the later one after the earlier."""
        name = (key or b"").decode(errors="replace")
        if value is None:
            self._there.pop(name, None)
        elif (said := read_rights_record(key, value)) is not None:
            self._there[name] = said
        self._desk = None

    def desk(self) -> RightsDesk:
        """All requests as they stand; the same object until a record comes."""
        if self._desk is None:
            self._desk = desk_of(self._there.items())
        return self._desk


def ids_to_ask(desk: RightsDesk, turn: int) -> list[str]:
    """Under which ids Redis is asked for people in a look: those of all open requests, and of closed ones in turn.

    `turn`: which look it is.
    """
    there = desk.requests.values()
    closed = [one for one in there if one.closed is not None]
    begin = turn % max(1, -(-len(closed) // CLOSED_AT_ONCE)) * CLOSED_AT_ONCE
    asked = [*(one for one in there if one.closed is None), *closed[begin : begin + CLOSED_AT_ONCE]]
    return sorted({one.contact_id for one in asked if one.contact_id is not None})


async def erased_since(lookup: Lookup, desk: RightsDesk, turn: int = 0) -> list[RightsRequest]:
    """The requests whose person has been erased since they were written down; none while Redis is not complete.

    Nor while Redis is as of before that: what it says is then not yet of whom was known. `turn`: which look it is.
    Raises SinkUnavailable.
    """
    ids = ids_to_ask(desk, turn)
    found = await lookup.ids([[each] for each in ids]) if ids else None
    if found is None or isinstance(found, Incomplete):
        return []
    erased = {id_ for id_, contact in zip(ids, found.contacts, strict=True) if isinstance(contact, ErasedContact)}
    return [one for one in requests_of(desk, erased) if one.opened <= found.as_of]


class RightsMonitor(Service):
    """Follows the topic of requests. Takes `redis` over and closes it."""

    def __init__(
        self, kafka: KafkaClients, redis: Redis, settings: Settings, clock: Clock, metrics: RightsMetrics
    ) -> None:
        super().__init__()
        self._kafka = kafka
        self._redis = redis
        self._lookup = Lookup(redis, settings.profiles_oldest_s, settings.key_ids)
        self._zone = ZoneInfo(settings.time_zone)
        self._clock = clock
        self._metrics = metrics
        self._looks = 0
        self._in_trouble = False

    async def on_stop(self) -> None:
        await self._redis.aclose()

    @Service.task
    async def _keep(self) -> None:
        while not self.should_stop:
            consumer = self._kafka.reader(wait_ms=_WAIT_MS)
            try:
                await consumer.start()
                rest_longer(consumer)
                await self._follow(consumer)
            except (*BROKER_TROUBLE, SinkUnavailable) as error:
                if not self._in_trouble:
                    logger.warning("requests of people: %s; trying again", type(error).__name__)
                self._in_trouble = True
            finally:
                await consumer.stop()
            await self.sleep(LOOK_S)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        consumer.assign([PLACE])
        await consumer.seek_to_beginning(PLACE)
        consumer.pause(PLACE)
        followed = FollowedDesk()
        told: tuple[RightsDesk, date] | None = None
        while not self.should_stop:
            end = (await consumer.end_offsets([PLACE]))[PLACE]
            consumer.resume(PLACE)
            while not self.should_stop and await consumer.position(PLACE) < end:
                for records in (await consumer.getmany(timeout_ms=_WAIT_MS)).values():
                    for record in records:
                        followed.take(record.key, record.value)
            consumer.pause(PLACE)  # until the next look: nobody waits for what comes
            desk, today = followed.desk(), self._today()
            if told is None or told[0] is not desk or told[1] != today:
                self._metrics.tell(waiting_by_kind(desk, today))
                told = desk, today
            await self._forget_erased(desk)
            self._in_trouble = False
            await self.sleep(LOOK_S)

    async def _forget_erased(self, desk: RightsDesk) -> None:
        """Leave nothing but counts of requests whose person was erased. Raises SinkUnavailable, Kafka's errors."""
        self._looks += 1
        erased = await erased_since(self._lookup, desk, self._looks)
        records = [*forgetting_records(erased, desk.left, self._today())]
        if not records:
            return
        producer = self._kafka.idempotent_producer()
        try:
            await producer.start()
            for key, value in records:
                await producer.send_and_wait(RIGHTS_REQUESTS, value, key, partition=PLACE.partition)
        finally:
            await producer.stop()

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock() / 1000, self._zone).date()
