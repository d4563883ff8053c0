"""Brokers that accept connections and answer nothing, as a frozen process does."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.conn import CloseReason
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.metadata import MetadataRequest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.platform import silent_brokers
from streams.platform.silent_brokers import SILENT_S, PatientNetClient, SilentBrokers, ask_others_first


@dataclass
class Broker:
    host: str
    port: int


FIRST, SECOND, THIRD = (Broker("kafka", port) for port in (1, 2, 3))
ALL = ["kafka:1", "kafka:2", "kafka:3"]


@dataclass
class Clock:
    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_broker_that_was_silent_is_asked_after_the_others_for_a_while() -> None:
    clock = Clock()
    silent = SilentBrokers(clock)
    silent.note("kafka", 1)
    assert silent.last(ALL) == ["kafka:2", "kafka:3", "kafka:1"]
    assert silent.others([FIRST, SECOND, THIRD]) == [SECOND, THIRD]
    clock.seconds += SILENT_S
    assert silent.last(ALL) == ALL
    assert silent.others([FIRST, SECOND, THIRD]) == [FIRST, SECOND, THIRD]


def test_where_all_are_silent_any_of_them_is_asked() -> None:
    silent = SilentBrokers()
    for one in (FIRST, SECOND):
        silent.note(one.host, one.port)
    assert silent.others([FIRST, SECOND]) == [FIRST, SECOND]


@pytest.fixture
def frozen() -> Iterator[list[int]]:
    """The ports of three servers that take every connection and say nothing."""
    with ExitStack() as opened:
        servers = [opened.enter_context(closing(socket.create_server(("127.0.0.1", 0)))) for _ in range(3)]
        yield [server.getsockname()[1] for server in servers]


class Noting(SilentBrokers):
    def __init__(self) -> None:
        super().__init__()
        self.noted: set[int] = set()

    def note(self, host: str, port: int) -> None:
        super().note(host, port)
        self.noted.add(port)


def test_a_tool_asks_each_broker_before_it_gives_up(frozen: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silent_brokers, "ANSWER_S", 0.2)
    silent = Noting()
    with pytest.raises(KafkaError):
        KafkaAdminClient(
            bootstrap_servers=[f"127.0.0.1:{port}" for port in frozen],
            bootstrap_timeout_ms=3_000,
            kafka_client=partial(PatientNetClient, silent),
        )
    assert silent.noted == set(frozen)


@dataclass
class Connection:
    """A connection of aiokafka on which nothing is answered."""

    host: str = "kafka"
    port: int = 1
    closed: CloseReason | None = None

    async def send(self, request: object) -> None:
        raise TimeoutError

    def close(self, reason: CloseReason) -> None:
        self.closed = reason


@pytest.mark.parametrize(
    ("request_", "noted"),
    [
        (MetadataRequest([]), {1}),
        (FindCoordinatorRequest("group", 0), {1}),
        (HeartbeatRequest("group", 1, "me"), set()),
    ],
    ids=["metadata", "coordinator", "what waits for replicas, or behind it"],
)
async def test_a_connection_without_an_answer_is_closed_and_who_answers_alone_is_noted(
    request_: object, noted: set[int]
) -> None:
    producer, connection, silent = AIOKafkaProducer(), Connection(), Noting()

    async def connect(*_: object, **__: object) -> Connection:
        return connection

    producer.client._get_conn = connect
    ask_others_first(producer, silent)
    reached = await producer.client._get_conn(1)
    with pytest.raises(TimeoutError):
        await reached.send(request_)
    assert (connection.closed, silent.noted) == (CloseReason.CONNECTION_TIMEOUT, noted)
