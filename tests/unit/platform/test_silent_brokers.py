"""Brokers that accept connections and answer nothing: each is asked, and none for too long."""

import socket
import threading
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.conn import CloseReason
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest
from aiokafka.protocol.metadata import MetadataRequest
from kafka.errors import KafkaConnectionError, KafkaError

from streams.platform import next_broker, reachable_broker
from streams.platform.clients import KafkaClients
from streams.platform.reachable_broker import require_reachable
from streams.platform.settings import Settings
from streams.platform.silent_brokers import JOIN_S, SILENT_S, SilentBrokers, ask_others_first


@dataclass
class Broker:
    host: str
    port: int


FIRST, SECOND, THIRD = (Broker("kafka", port) for port in (1, 2, 3))
JOIN = JoinGroupRequest("group", 1000, 1000, "me", None, "consumer", [])
ALL = ["kafka:1", "kafka:2", "kafka:3"]


@dataclass
class Clock:
    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_broker_that_was_silent_is_asked_after_the_others_for_a_while() -> None:
    clock = Clock()
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


# Of several brokers that accept connections and say nothing, each is asked before the time is up.
COUNT = 3


class SilentBroker:
    """Accepts connections, as the kernel does for a frozen process, and never answers; `asked`: how often."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.asked = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        host, port = self._server.getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.asked += 1
            self._open.append(connection)


@pytest.fixture
def silent() -> Iterator[list[SilentBroker]]:
    with ExitStack() as opened:
        yield [opened.enter_context(closing(SilentBroker())) for _ in range(COUNT)]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_broker, "FIRST_ANSWER_MS", 100)


def ask(brokers: list[SilentBroker], prefix: str = "", patience_s: float = 1.5) -> None:
    addresses = ",".join(broker.address for broker in brokers)
    with pytest.raises(KafkaError):
        KafkaClients(Settings(kafka_bootstrap=addresses, topic_prefix=prefix)).admin(patience_s)


@pytest.mark.parametrize("prefix", ["", "north."])
def test_every_broker_is_asked_before_one_is_asked_again(silent: list[SilentBroker], prefix: str) -> None:
    ask(silent, prefix)

    times = sorted(broker.asked for broker in silent)
    assert times[0] >= 1
    assert times[-1] - times[0] <= 1


def test_a_broker_that_is_asked_again_has_more_time_to_answer(silent: list[SilentBroker]) -> None:
    ask(silent)  # 0.3 s for the first round, 0.6 s for the second

    assert sum(broker.asked for broker in silent) <= 3 * COUNT


def test_one_address_alone_has_all_the_time(silent: list[SilentBroker]) -> None:
    ask(silent[:1], patience_s=0.5)

    assert silent[0].asked == 1


def test_a_client_asks_last_who_was_silent_to_the_client_before_it(silent: list[SilentBroker]) -> None:
    first, last = silent[:2]
    clients = KafkaClients(Settings(kafka_bootstrap=f"{first.address},{last.address}"))
    address = first.address.partition(":")
    clients._silent.add((address[0], int(address[2])))

    with pytest.raises(KafkaError):
        clients.admin(0.09)  # enough for the first of them alone
    assert (first.asked, last.asked) == (0, 1)


# Kafka's addresses are tried before its client is, which takes longer to say that nobody is there.
@pytest.fixture
def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_broker_that_listens_is_reached_beside_one_that_does_not(port: int, free_port: int) -> None:
    require_reachable([f"127.0.0.1:{free_port}", f"localhost:{port}"])


def test_where_nothing_listens_that_is_told_with_what_came_back(free_port: int) -> None:
    with pytest.raises(KafkaConnectionError) as told:
        require_reachable([f"127.0.0.1:{free_port}"], 0.2)
    assert isinstance(told.value.__cause__, ConnectionRefusedError)


def test_a_name_that_nobody_knows_is_told_as_that() -> None:
    with pytest.raises(KafkaConnectionError) as told:
        require_reachable(["no-such-host.invalid:9092"], 0.2)
    assert isinstance(told.value.__cause__, OSError)


def test_a_broker_that_starts_meanwhile_is_waited_for(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = threading.Event()
    connect = reachable_broker._connect

    def told(broker: str, within_s: float) -> None:
        try:
            connect(broker, within_s)
        except OSError:
            refused.set()
            raise

    monkeypatch.setattr(reachable_broker, "_connect", told)
    asked = threading.Thread(target=require_reachable, args=([f"127.0.0.1:{free_port}"], 60.0))
    asked.start()
    assert refused.wait(30)
    with closing(socket.create_server(("127.0.0.1", free_port))):
        asked.join(30)
        assert not asked.is_alive()
