"""Health, shutdown and brokers that say nothing."""

import logging
import queue
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.conn import CloseReason
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest
from aiokafka.protocol.metadata import MetadataRequest
from prometheus_client import CollectorRegistry

from streams.platform.health import HealthServer
from streams.platform.settings import Settings
from streams.platform.shutdown import EXIT_HARD, Clock, end_in_vain, end_within, is_of_memory
from streams.platform.silent_brokers import JOIN_S, SILENT_S, SilentBrokers, ask_others_first
from streams.worker.metrics import Metrics


@dataclass
class Worker:
    """What the server is told of its worker, and where it says that it listens."""

    metrics: Metrics = field(default_factory=lambda: Metrics(CollectorRegistry()))
    busy_with: str | None = "taking partitions over"
    said: list[str] = field(default_factory=list)

    async def unready(self) -> str | None:
        return self.busy_with

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.said[0] + path) as response:
            return response.status, await response.text()


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker()
    address = ("127.0.0.1", 0)
    async with HealthServer(worker.metrics.registry, worker.unready, address, worker.said.append):
        yield worker


async def test_a_worker_is_ready_while_it_owns_its_partitions(worker: Worker) -> None:
    before = await worker.get("/readyz")
    worker.busy_with = None
    while_it_does = await worker.get("/readyz")
    worker.busy_with = "something else"
    after = await worker.get("/readyz")

    assert before == (503, "not ready: taking partitions over\n")
    assert while_it_does == (200, "ready\n")
    assert after == (503, "not ready: something else\n")


async def test_a_stopped_server_lets_go_of_its_port(worker: Worker) -> None:
    first, second = Worker(), Worker()
    async with HealthServer(first.metrics.registry, first.unready, ("127.0.0.1", 0), first.said.append):
        port = int(first.said[0].rpartition(":")[2])

    async with HealthServer(second.metrics.registry, second.unready, ("127.0.0.1", port), second.said.append):
        assert await second.get("/livez") == (200, "alive\n")
    with pytest.raises(aiohttp.ClientConnectionError):
        await second.get("/livez")


async def test_each_metric_bears_the_deployment_where_there_is_a_prefix() -> None:
    worker = Worker()
    settings = Settings(topic_prefix="north.")
    async with HealthServer.at(settings, worker.metrics.registry, worker.unready, worker.said.append):
        worker.said = [worker.said[0].removeprefix("metrics on ").removesuffix("/metrics")]
        _, said = await worker.get("/metrics")
    samples = [line for line in said.splitlines() if not line.startswith("#")]
    assert samples
    assert all('deployment="north."' in line for line in samples)


async def test_no_metric_bears_a_deployment_without_a_prefix(worker: Worker) -> None:
    _, said = await worker.get("/metrics")
    assert "deployment" not in said


PLACES = {
    "written into the log by a library": """
try:
    bytearray(1 << 62)
except MemoryError:
    logging.getLogger("aiokafka").exception("unexpected")
""",
    "under another error": """
try:
    try:
        bytearray(1 << 62)
    except MemoryError as error:
        raise RuntimeError("unexpected") from error
except RuntimeError:
    logging.exception("unexpected")
""",
    "caught by nobody": "bytearray(1 << 62)",
    "in a thread": """
thread = threading.Thread(target=bytearray, args=(1 << 62,))
thread.start()
thread.join()
""",
    "in a task that nobody waits for": """
async def work():
    bytearray(1 << 62)
async def main():
    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    del task
    gc.collect()
asyncio.run(main())
""",
}


def test_a_process_that_takes_too_long_to_stop_ends_hard_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    ended: queue.Queue[int] = queue.Queue()
    with caplog.at_level(logging.CRITICAL):
        end_within(0.01, "the worker", ended.put)
        assert ended.get(timeout=10) == EXIT_HARD
    assert "the worker has not stopped within HARMONIA_GRACE_S (0.01 s)" in caplog.text


def test_a_process_that_stops_in_vain_ends_and_says_what_it_leaves(caplog: pytest.LogCaptureFixture) -> None:
    ended: queue.Queue[int] = queue.Queue()
    with caplog.at_level(logging.CRITICAL):
        end_in_vain(lambda: True, 0.01, lambda: "7 records are left", ended.put)
        assert ended.get(timeout=10) == EXIT_HARD
    assert caplog.messages == ["7 records are left"]


def test_a_process_goes_on_stopping_where_it_is_in_vain_for_a_moment_alone() -> None:
    """A broker that is back before the time is up."""
    ended: queue.Queue[int] = queue.Queue()
    answers = iter([True, True, False, True, True])
    asked: list[bool] = []
    passed: list[float] = []

    def is_in_vain() -> bool:
        asked.append(next(answers))
        return asked[-1]

    end_in_vain(is_in_vain, 2, lambda: "", ended.put, Clock(lambda: len(passed), passed.append)).join(10)

    assert asked == [True, True, False, True, True]
    assert ended.get(timeout=10) == EXIT_HARD


def test_a_process_that_has_ended_by_itself_is_held_up_by_nothing() -> None:
    timer = end_within(1000.0, "the worker")
    assert timer.daemon
    timer.cancel()


@pytest.mark.parametrize("place", PLACES)
def test_a_process_without_memory_ends_at_once_with_one_line(place: str) -> None:
    program = f"""
import asyncio, gc, logging, threading
from streams.platform.shutdown import end_when_memory_is_out
end_when_memory_is_out()
{PLACES[place]}
print("it went on")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout) == (EXIT_HARD, "")
    assert ended.stderr.startswith("CRITICAL: out of memory, so this process ends now")
    assert ended.stderr.count("\n") == 1


def test_errors_without_a_memory_error_behind_them_end_no_process() -> None:
    error = RuntimeError("unexpected")
    error.__cause__ = error

    assert not is_of_memory(error)
    assert not is_of_memory(None)


@dataclass
class Broker:
    host: str
    port: int


FIRST, SECOND, THIRD = (Broker("kafka", port) for port in (1, 2, 3))
JOIN = JoinGroupRequest("group", 1000, 1000, "me", None, "consumer", [])
ALL = ["kafka:1", "kafka:2", "kafka:3"]


@dataclass
class Still:
    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_broker_that_was_silent_is_asked_after_the_others_for_a_while() -> None:
    clock = Still()
    silent = SilentBrokers(clock)
    silent.add(("kafka", 1))
    assert silent.last(ALL) == ["kafka:2", "kafka:3", "kafka:1"]
    assert silent.others([FIRST, SECOND, THIRD]) == [SECOND, THIRD]
    clock.seconds += SILENT_S
    assert silent.last(ALL) == ALL
    assert silent.others([FIRST, SECOND, THIRD]) == [FIRST, SECOND, THIRD]


def test_where_all_are_silent_any_of_them_is_asked() -> None:
    silent = SilentBrokers()
    for one in (FIRST, SECOND):
        silent.add((one.host, one.port))
    assert silent.others([FIRST, SECOND]) == [FIRST, SECOND]


@dataclass
class Connection:
    """A connection of aiokafka on which nothing is answered."""

    host: str = "kafka"
    port: int = 1
    closed: CloseReason | None = None
    _request_timeout: float = 6.0
    limit: float | None = None

    def send(self, request: object) -> Awaitable[None]:
        self.limit = self._request_timeout
        return self._silence()

    async def _silence(self) -> None:
        raise TimeoutError

    def close(self, reason: CloseReason) -> None:
        self.closed = reason


async def watched(connection: Connection, silent: SilentBrokers) -> Any:
    """The connection as a client of aiokafka has it that asks others first."""
    producer = AIOKafkaProducer()

    async def connect(*_: object, **__: object) -> Connection:
        return connection

    producer.client._get_conn = connect
    ask_others_first(producer, silent)
    return await producer.client._get_conn(1)


@pytest.mark.parametrize(("request_", "limit"), [(JOIN, JOIN_S), (HeartbeatRequest("group", 1, "me"), 6.0)])
async def test_the_coordinator_has_longer_for_who_joins_since_it_waits_for_others(
    request_: object, limit: float
) -> None:
    connection = Connection()
    reached = await watched(connection, SilentBrokers())
    with pytest.raises(TimeoutError):
        await reached.send(request_)
    assert (connection.limit, connection._request_timeout) == (limit, 6.0)


@pytest.mark.parametrize(
    ("request_", "noted"),
    [
        (MetadataRequest([]), True),
        (FindCoordinatorRequest("group", 0), True),
        (HeartbeatRequest("group", 1, "me"), False),
    ],
    ids=["metadata", "coordinator", "what waits for replicas, or behind it"],
)
async def test_a_connection_without_an_answer_is_closed_and_who_answers_alone_is_noted(
    request_: object, noted: bool
) -> None:
    connection, silent = Connection(), SilentBrokers()
    reached = await watched(connection, silent)
    with pytest.raises(TimeoutError):
        await reached.send(request_)
    assert (connection.closed, ("kafka", 1) in silent) == (CloseReason.CONNECTION_TIMEOUT, noted)
