"""The process `harmonia lake run`: reads Kafka, fills the lake and serves health and metrics until a signal ends it."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry

from events.topics import INTERACTIONS
from sinks.lake.manifests import begin
from sinks.lake.writer import LakeWriter
from streams.history.lake.buffers import FlushLimits
from streams.history.lake.filler import FillOptions, LakeFiller, LakeFlusher, LakeMetrics
from streams.platform.clients import KafkaClients
from streams.platform.health import HealthServer
from streams.platform.lake_files import lake_files_of
from streams.platform.settings import Settings
from streams.platform.shutdown import Deadline, end_within
from streams.platform.topics import require_topic
from streams.worker.preflight import wait_for_kafka

NOT_POLLED_MS = 600_000
"""How long a store that does not answer may hold the process up before others take its partitions over."""

WRITING_ON_S = 5.0
"""How long at most what is in hand is still written after SIGTERM: it is in the topic, so nothing is lost."""


def run_lake(settings: Settings, say: Callable[[str], None], *, skip_lost: bool) -> None:
    """Fill the lake until SIGINT or SIGTERM. Raises Kafka's errors, and `EngineError` that says what to do."""
    files = lake_files_of(settings)
    wait_for_kafka(settings, group_of(settings), say)
    require_topic(settings, INTERACTIONS)
    begin(files)
    deadline = Deadline()
    writer = LakeWriter(files, KafkaClients(settings).topic_id(INTERACTIONS), deadline.is_over)
    asyncio.run(_serve(settings, writer, deadline, say, skip_lost=skip_lost))


def group_of(settings: Settings) -> str:
    """The consumer group among whose members the partitions are shared out."""
    return f"{settings.app_id}-lake"


async def _serve(
    settings: Settings, writer: LakeWriter, deadline: Deadline, say: Callable[[str], None], *, skip_lost: bool
) -> None:
    metrics = LakeMetrics(CollectorRegistry())
    limits = FlushLimits(settings.lake_flush_rows, settings.lake_flush_bytes, settings.lake_flush_s)
    options = FillOptions(limits, skip_lost, say)
    stopping = _stopping(settings.grace_s, deadline)
    async with AsyncExitStack() as closing:
        consumer = KafkaClients(settings).group_consumer(
            group_id=group_of(settings),
            session_timeout_ms=int(settings.session_timeout_s * 1000),
            max_poll_interval_ms=NOT_POLLED_MS,
            **({"group_instance_id": f"{settings.instance}-lake"} if settings.instance else {}),
        )
        filler = LakeFiller(consumer, LakeFlusher(writer, metrics, deadline.is_over), metrics, options)
        health = HealthServer.at(settings, metrics.registry, filler.unready, say)
        await closing.enter_async_context(health)
        closing.push_async_callback(consumer.stop)
        await consumer.start()
        await filler.run(stopping)


def _stopping(grace_s: float, deadline: Deadline) -> asyncio.Event:
    """An event set by SIGINT or SIGTERM; from then on the process has `grace_s` seconds, and fewer to write."""
    stopping = asyncio.Event()

    def stop() -> None:
        if not stopping.is_set():
            end_within(grace_s, "the lake")
            deadline.begin(min(WRITING_ON_S, grace_s / 4))
            stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopping
