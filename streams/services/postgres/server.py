"""The process `harmonia sink postgres`: reads topics as a member of a group of its own until a signal ends it.

The group only shares the partitions out. Where to read on is what PostgreSQL says, so no offset is committed to Kafka.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.structs import TopicPartition
from faust.types import TP
from prometheus_client import CollectorRegistry

from events.topics import DELETE_RETENTION_MS
from sinks.base import SinkUnavailable
from sinks.postgres.database import NewerSchema, OtherPartitions, PostgresDatabase
from streams.engine.retry import BROKER_TROUBLE
from streams.engine.runs import End, Records, Run
from streams.platform.clients import KafkaClients
from streams.platform.errors import MissingTopic, Unusable
from streams.platform.health import HealthServer
from streams.platform.logs import show_errors_in_one_line
from streams.platform.settings import Settings
from streams.platform.shutdown import end_within
from streams.platform.topics import require_topics
from streams.services.postgres.connectors import TOPICS, Connector, connectors_of
from streams.services.postgres.metrics import PostgresMetrics
from streams.worker.app import wall_clock
from streams.worker.preflight import wait_for_kafka
from streams.worker.sink_monitor import CurrentValues

logger = logging.getLogger(__name__)

NOT_POLLED_MS = 600_000
"""How long a PostgreSQL that does not answer may hold the process up before others take its partitions over."""
POLL_MS = 200
RECORDS_AT_ONCE = 20_000
LOOK_EVERY_S = 1.0
COMPARE_EVERY_S = 60.0
VACUUM_EVERY_S = 3600.0
PAUSE_S = 1.0


def run_postgres_sink(settings: Settings, say: Callable[[str], None]) -> None:
    """Fill PostgreSQL until SIGINT or SIGTERM. Raises Kafka's errors, and `EngineError` that says what to do."""
    show_errors_in_one_line()
    if settings.postgres is None:
        raise Unusable("HARMONIA_POSTGRES is not set: give the URL of a database, postgresql://user@host/database")
    wait_for_kafka(settings, group_of(settings), say)
    require_topics(settings, "harmonia-postgres")
    try:
        asyncio.run(_serve(settings, database_of(settings.postgres.get_secret_value(), settings.partitions), say))
    except NewerSchema as error:
        raise Unusable(
            f"HARMONIA_POSTGRES: {error}: start that version, or drop the schema to have it made anew"
        ) from None
    except OtherPartitions as error:
        raise Unusable(
            f"HARMONIA_POSTGRES: {error}: drop the schema (DROP SCHEMA harmonia CASCADE), start again, which fills it "
            "anew, and give readers their rights again"
        ) from None


def database_of(url: str, partitions: int) -> PostgresDatabase:
    """The database at `url`, which is filled from so many partitions of each topic and keeps to them."""
    return PostgresDatabase(url, partitions=dict.fromkeys(TOPICS, partitions))


def group_of(settings: Settings) -> str:
    """The consumer group among whose members the partitions are shared out."""
    return f"{settings.app_id}-postgres"


async def _serve(settings: Settings, database: PostgresDatabase, say: Callable[[str], None]) -> None:
    metrics = PostgresMetrics(CollectorRegistry())
    kafka = KafkaClients(settings)
    connectors = connectors_of(database, kafka, settings.partitions, metrics, DELETE_RETENTION_MS / 2000)
    stopping = _stopping(settings.grace_s)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(database.close)
        consumer = kafka.group_consumer(
            group_id=group_of(settings),
            session_timeout_ms=int(settings.session_timeout_s * 1000),
            max_poll_interval_ms=NOT_POLLED_MS,
            partition_assignment_strategy=(RangePartitionAssignor,),
            **({"group_instance_id": f"{settings.instance}-postgres"} if settings.instance else {}),
        )
        filler = PostgresFiller(consumer, connectors, database, metrics)
        health = HealthServer.at(settings, metrics.registry, filler.unready, say)
        await closing.enter_async_context(health)
        closing.push_async_callback(consumer.stop)
        await consumer.start()
        await _until_stopped(stopping, filler)


async def _until_stopped(stopping: asyncio.Event, filler: "PostgresFiller") -> None:
    """Let the filler work until told to stop, or until it fails. What is in hand then is in the topics."""
    waiting = asyncio.create_task(stopping.wait())
    working = [asyncio.create_task(each) for each in filler.tasks()]
    await asyncio.wait([waiting, *working], return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, *working):
        task.cancel()
    for ended in await asyncio.gather(waiting, *working, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


class PostgresFiller(ConsumerRebalanceListener):  # type: ignore[misc]
    """Gives the connectors what is read of the partitions assigned to this process, and has them look every second."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        connectors: Mapping[str, Connector],
        database: PostgresDatabase,
        metrics: PostgresMetrics,
    ) -> None:
        self._consumer = consumer
        self._connectors = connectors
        self._database = database
        self._generation = 0
        self._handed: dict[TopicPartition, int] = {}
        self._behind_records = CurrentValues(metrics.behind_records)
        self._behind_seconds = CurrentValues(metrics.behind_seconds)

    async def read(self) -> None:
        """Read and write, a run of each partition at a time. Ends by being cancelled; raises what ends the process."""
        self._consumer.subscribe(TOPICS, listener=self)
        while True:
            generation = self._generation
            try:
                fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_AT_ONCE)
            except KafkaError as error:
                if not error.retriable:
                    raise
                await asyncio.sleep(PAUSE_S)
                continue
            self._handed |= {place: 0 for place, records in fetched.items() if records and place not in self._handed}
            if generation == self._generation:
                await asyncio.gather(*(self._take(place, fetched.get(place, ())) for place in [*self._handed]))

    def tasks(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What has to run side by side: a sink that waits for PostgreSQL holds up no other one, and no measuring."""
        yield self.read()
        yield self._keep_measuring()
        yield self._keep_vacuuming()
        yield from map(self._keep_looking, {*self._connectors.values()})
        yield from map(self._keep_comparing, {*self._connectors.values()})

    async def unready(self) -> str | None:
        """Why PostgreSQL does not follow the topics now; None: it does, or other processes have all partitions."""
        return self._database.trouble if self._generation else "waiting for partitions"

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """See aiokafka. Nothing is in hand: a run is written before the next one is read."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """See aiokafka. The first run of each generation has its connector catch up, so reading begins at the end."""
        await self._begin(assigned)

    async def _begin(self, places: Iterable[TopicPartition]) -> None:
        self._generation += 1
        self._handed.clear()
        if wanted := [*places]:
            await self._consumer.seek_to_end(*wanted)

    async def _take(self, place: TopicPartition, records: Records) -> None:
        """Hand on what was read of a partition; markers of transactions, which are no records, are passed too.

        What cannot be written since its topic is gone is read again by the sink's next catch-up, unless it is gone too.
        """
        generation = self._generation
        try:
            position = await self._consumer.position(place)
        except IllegalStateError:  # the partition was just taken away
            return
        handed = self._handed.get(place, position)
        if position == handed or generation != self._generation:
            return
        self._handed[place] = position
        connector, tp = self._connectors[place.topic], TP(*place)
        if position < handed:  # out of the range of a topic that was made anew, so that aiokafka went on at its start
            await connector.forget([tp])
            return
        try:
            await connector(Run(tp, records, position, generation))
        except MissingTopic as error:  # it may be about to be made
            logger.warning("filling PostgreSQL: %s", type(error).__name__)

    async def _keep_looking(self, connector: Connector) -> None:
        """Have a sink look every second whether it still has what it had."""
        while True:
            try:
                await connector.watch([TP(*place) for place in self._consumer.assignment()], self._ends())
            except (*BROKER_TROUBLE, MissingTopic) as error:  # it may be about to be made
                logger.warning("looking at PostgreSQL: %s", type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _keep_comparing(self, connector: Connector) -> None:
        """Have a sink ask every minute whether its topics are those that it has read."""
        while True:
            await asyncio.sleep(COMPARE_EVERY_S)
            try:
                await connector.forget_former_topics()
            except (*BROKER_TROUBLE, MissingTopic) as error:  # it may be about to be made
                logger.warning("asking whether topics are new: %s", type(error).__name__)

    async def _keep_measuring(self) -> None:
        while True:
            self._measure(self._ends())
            await asyncio.sleep(LOOK_EVERY_S)

    async def _keep_vacuuming(self) -> None:
        """Have PostgreSQL let go of dead rows each hour: its own autovacuum waits until a fifth of a table is dead."""
        while True:
            await asyncio.sleep(VACUUM_EVERY_S)
            try:
                await self._database.vacuum()
            except SinkUnavailable as trouble:
                logger.warning("vacuuming: %s", trouble)

    def _ends(self) -> dict[TP, End]:
        """Where each partition ended when its broker last said so."""
        ends = {}
        for place in self._consumer.assignment():
            with suppress(AssertionError, KafkaError):  # of a partition that was just taken away
                offset, at = self._consumer.last_stable_offset(place), self._consumer.last_poll_timestamp(place)
                if offset is not None and offset >= 0 and at:
                    ends[TP(*place)] = End(offset, at)
        return ends

    def _measure(self, ends: Mapping[TP, End]) -> None:
        owned, now = [TP(*place) for place in self._consumer.assignment()], wall_clock()
        records: dict[tuple[str, ...], float] = {}
        seconds: dict[tuple[str, ...], float] = {}
        for connector in {*self._connectors.values()}:
            for tp, distance in connector.behind.distances(owned, ends, now).items():
                where = connector.name, tp.topic, str(tp.partition)
                seconds[where] = distance.seconds
                if distance.records is not None:
                    records[where] = distance.records
        self._behind_records.show(records)
        self._behind_seconds.show(seconds)


def _stopping(grace_s: float) -> asyncio.Event:
    """An event set by SIGINT or SIGTERM; from then on the process has `grace_s` seconds."""
    stopping = asyncio.Event()

    def stop() -> None:
        if not stopping.is_set():
            end_within(grace_s, "the sink")
            stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopping
