"""The process `harmonia deliver`: a worker for each endpoint, and one journal in which all store how far they are."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry

from streams.domain.delivery.addresses import Network, networks_of
from streams.domain.delivery.endpoints import Endpoint
from streams.engine.retry import BROKER_TROUBLE, retried
from streams.engine.writer import retrieve_what_nobody_awaits, wait_briefly_for_markers
from streams.platform.clients import KafkaClients
from streams.platform.errors import MissingTopic, Unusable
from streams.platform.health import HealthServer
from streams.platform.logs import show_errors_in_one_line
from streams.platform.settings import Settings
from streams.platform.shutdown import end_within
from streams.platform.topics import require_topics
from streams.services.deliver.destinations import Destination, read_destinations
from streams.services.deliver.endpoint_worker import EndpointWorker
from streams.services.deliver.journal import Journal
from streams.services.deliver.leaving import changed_kind, no_longer_named, waiting_of
from streams.services.deliver.metrics import DeliveryMetrics
from streams.services.deliver.outcome_records import logs_of_let_go
from streams.services.deliver.sending import Sender
from streams.worker.preflight import wait_for_kafka

logger = logging.getLogger(__name__)

COMPARE_EVERY_S = 10.0


def run_deliver(settings: Settings, say: Callable[[str], None]) -> None:
    """Tell the endpoints until SIGINT or SIGTERM. Raises Kafka's errors, and `EngineError` that says what to do."""
    show_errors_in_one_line()
    destinations = destinations_of(settings)
    wait_for_kafka(settings, f"{settings.app_id}-deliver", say)
    require_topics(settings, "harmonia-deliver")
    wait_briefly_for_markers()
    retrieve_what_nobody_awaits()
    asyncio.run(_serve(settings, destinations, say))


def destinations_of(settings: Settings) -> list[Destination]:
    """The endpoints of the file that the settings name. Raises `Unusable`."""
    if settings.deliver is None:
        raise Unusable("HARMONIA_DELIVER is not set: name a file of endpoints (docs/deliver.md)")
    return read_destinations(settings.deliver, os.environ, listed_networks(settings))


def listed_networks(settings: Settings) -> Sequence[Network]:
    """The private networks that may be reached; the settings have checked that they are some."""
    found = networks_of(settings.deliver_private)
    return [] if isinstance(found, str) else found


async def _serve(settings: Settings, destinations: Sequence[Destination], say: Callable[[str], None]) -> None:
    kafka, metrics = KafkaClients(settings), DeliveryMetrics(CollectorRegistry())
    stopping = asyncio.Event()
    _stop_by_signals(stopping, settings.grace_s)
    workers: dict[str, EndpointWorker] = {}

    async def unready() -> str | None:
        if len(workers) < len(destinations):
            return "reading what was stored"
        return next((f"{name}: {why}" for name, each in workers.items() if (why := each.trouble)), None)

    async with AsyncExitStack() as closing:
        await closing.enter_async_context(HealthServer.at(settings, metrics.registry, unready, say))
        if not destinations:
            say("its file names no endpoint: nobody is told anything")
        journal = Journal(kafka, settings.app_id)
        closing.push_async_callback(journal.close)
        await journal.open()
        await _take_out(journal, [each.endpoint for each in destinations], metrics)
        for each in destinations:
            sender = await closing.enter_async_context(Sender(each, listed_networks(settings)))
            workers[each.endpoint.id] = EndpointWorker(each, sender, journal, kafka, metrics)
        working = [asyncio.create_task(each.run()) for each in workers.values()]
        following = asyncio.create_task(_follow(journal, workers))
        comparing = asyncio.create_task(_keep_comparing(kafka, [*workers.values()]))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait([waiting, following, comparing, *working], return_when=asyncio.FIRST_COMPLETED)
        for worker in workers.values():
            worker.stop()
        for task in (following, comparing, waiting):
            task.cancel()
        ended_early = [task for task in (following, comparing, *working) if task.done() and not task.cancelled()]
        failed = [task for task in ended_early if task.exception()]
        for task in working if failed else ():
            task.cancel()
        for ended in await asyncio.gather(waiting, following, comparing, *working, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


async def _take_out(journal: Journal, endpoints: Sequence[Endpoint], metrics: DeliveryMetrics) -> None:
    """Take out of the journal what the file no longer names. Raises `Unusable` where one has become of another kind."""
    if problem := changed_kind(endpoints, journal.statuses):
        raise Unusable(f"HARMONIA_DELIVER: {problem}")
    if not endpoints:
        for name, waiting in waiting_of(journal.standings).items():
            logger.warning("%s: the file names no endpoint, so %d records go on waiting for it", name, waiting)
    outputs, let_go = no_longer_named(endpoints, journal.names, journal.standings, time.time_ns() // 1_000_000)
    logs = [*logs_of_let_go(let_go)]
    await retried(lambda: journal.take_out(outputs, logs), "taking out what the file no longer names")
    for each in let_go:
        metrics.passed_over.labels(each.endpoint, "not_named").inc(each.records)
        where = (*each.place.tp, each.place.offset)
        logger.warning(
            "%s: the file no longer names it or this topic: %s/%d: from offset %d on %d records are not told",
            each.endpoint,
            *where,
            each.records,
        )


async def _follow(journal: Journal, workers: dict[str, EndpointWorker]) -> None:
    async for name in journal.replay_requests():
        if name in workers:
            workers[name].begin_anew()


async def _keep_comparing(kafka: KafkaClients, workers: Sequence[EndpointWorker]) -> None:
    """Have workers look anew at topics that were made anew, which may hold another record at an offset by now."""
    while True:
        await asyncio.sleep(COMPARE_EVERY_S)
        try:
            if topics := sorted({topic for worker in workers for topic in worker.topics}):
                described = await asyncio.to_thread(kafka.describe_topics, topics)
                for worker in workers:
                    if any(described[topic] != known for topic, known in worker.topics.items()):
                        worker.begin_anew()
        except (*BROKER_TROUBLE, MissingTopic) as error:  # it may be about to be made
            logger.warning("asking whether topics are new: %s", type(error).__name__)


def _stop_by_signals(stopping: asyncio.Event, grace_s: float) -> None:
    def stop() -> None:
        if not stopping.is_set():
            end_within(grace_s, "deliver")
            stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
