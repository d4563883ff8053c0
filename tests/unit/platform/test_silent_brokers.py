"""Brokers that accept connections and answer nothing, as a frozen process does."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.conn import CloseReason
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest
from aiokafka.protocol.metadata import MetadataRequest

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
