"""The process that fills the lake: its parts put together, until a signal ends it."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry

from events.topics import INTERACTIONS
from sinks.lake.files import Files, new_name, open_files
from sinks.lake.manifests import STAGING, begin, is_lake
from sinks.lake.writer import LakeWriter
from streams.history.lake.buffers import Limits
from streams.history.lake.errors import LakeStopped
from streams.history.lake.filler import Filling, Orders
from streams.history.lake.flush import Writing
from streams.history.lake.metrics import LakeMetrics
from streams.platform.clients import KafkaClients
from streams.platform.hard_stop import end_within
from streams.platform.health import HealthServer
from streams.platform.settings import Settings
from streams.platform.topics import require_topic
from streams.worker.preflight import wait_for_kafka

NOT_POLLED_MS = 600_000
"""A store that does not answer may hold a process up for so long before others take its partitions over."""


def files_of(settings: Settings) -> Files:
    """The lake that the settings name. Raises `LakeStopped` that names the setting and the cure."""
    files = _opened(place_of(settings), group_reads=settings.lake_group_reads)
    try:
        _require_writable(files)
    except ValueError as error:
        raise LakeStopped(f"HARMONIA_LAKE: {error}") from error
    return files


def place_of(settings: Settings) -> str:
    """Where the lake is, for who only reads it. Raises `LakeStopped`."""
    if settings.lake is None:
        raise LakeStopped("HARMONIA_LAKE is not set: name a folder, or a URI such as s3://bucket/lake")
    return settings.lake


def lake_of(settings: Settings) -> Files:
    """The same for whoever begins none. Raises `LakeStopped` also where there is none, and OSError."""
    require_lake(place_of(settings))
    return files_of(settings)


def require_lake(place: str) -> Files:
    """The lake at `place`, of HARMONIA_LAKE, to read. Raises `LakeStopped` where none has begun, and OSError."""
    files = _opened(place)
    if not is_lake(files):
        raise LakeStopped(
            f"there is no lake at {files.address('')}: set HARMONIA_LAKE to where it is; `harmonia lake run` begins one"
        )
    return files


def require_files(place: str) -> None:
    """The same for whoever reads also a folder of a lake's files that is no lake itself."""
    if not _opened(place).below(""):
        require_lake(place)


def _opened(place: str, *, group_reads: bool = False) -> Files:
    try:
        return open_files(place, group_reads=group_reads)
    except ValueError as error:
        raise LakeStopped(f"HARMONIA_LAKE: {error}") from error


def _require_writable(files: Files) -> None:
    """Create a file as manifests are created, twice, and take it away. Raises ValueError."""
    folder = f"{STAGING}/trials/{new_name()}"
    try:
        made = [files.create(f"{folder}/trial", content, f"{folder}/draft") for content in (b"1", b"2")]
        files.delete_below(folder)
    except Exception as error:  # each store has errors of its own
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise ValueError(f"cannot be written to: {why}") from error
    if made != [True, False]:
        raise ValueError("a store is needed that creates a file only where there is none, and this one overwrites it")


def run_lake(settings: Settings, say: Callable[[str], None], *, skip_lost: bool) -> None:
    """Fill the lake until SIGINT or SIGTERM. Raises Kafka's errors, and `EngineError` that says what to do."""
    files = files_of(settings)
    wait_for_kafka(settings, group_of(settings), say)
    require_topic(settings, INTERACTIONS)
    begin(files)
    writer = LakeWriter(files, KafkaClients(settings).topic_id(INTERACTIONS))
    asyncio.run(_serve(settings, writer, say, skip_lost=skip_lost))


def group_of(settings: Settings) -> str:
    """The consumer group that shares the partitions out."""
    return f"{settings.app_id}-lake"


async def _serve(settings: Settings, writer: LakeWriter, say: Callable[[str], None], *, skip_lost: bool) -> None:
    metrics = LakeMetrics(CollectorRegistry())
    limits = Limits(settings.lake_flush_rows, settings.lake_flush_bytes, settings.lake_flush_s)
    orders = Orders(limits, skip_lost, say)
    stopping = _stopping(settings.grace_s)
    async with AsyncExitStack() as closing:
        consumer = KafkaClients(settings).group_consumer(
            group_id=group_of(settings),
            session_timeout_ms=int(settings.session_timeout_s * 1000),
            max_poll_interval_ms=NOT_POLLED_MS,
            **({"group_instance_id": f"{settings.instance}-lake"} if settings.instance else {}),
        )
        filling = Filling(consumer, Writing(writer, metrics), metrics, orders)
        address = (settings.metrics_host, settings.metrics_port)
        health = HealthServer(metrics.registry, filling.unready, address, lambda url: say(f"metrics on {url}/metrics"))
        await closing.enter_async_context(health)
        closing.push_async_callback(consumer.stop)
        await consumer.start()
        await filling.run(stopping)


def _stopping(grace_s: float) -> asyncio.Event:
    """An event that a signal sets; from then on the process has so long."""
    stopping = asyncio.Event()

    def stop() -> None:
        if not stopping.is_set():
            end_within(grace_s, "the lake")
            stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopping
