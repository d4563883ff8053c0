"""Brokers that keep connections and do not answer, as a frozen process does: others are asked before them.

Both Kafka libraries choose a broker at random for whatever any broker can answer, and ask a silent one again and again,
each time for as long as a request may take. Here its address is remembered, and the next choice is among the others.
Only questions that a broker answers by itself count: with others it is late where it waits for a frozen replica.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer
from aiokafka.conn import CloseReason
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.metadata import MetadataRequest
from kafka.errors import KafkaTimeoutError, RequestTimedOutError
from kafka.net.compat import KafkaNetClient

SILENT_S = 30.0
"""Seconds for which a broker that has not answered is asked after all others."""
ANSWER_S = 2.0
"""Seconds in which a broker that is new to a tool has to take a connection and say which requests it knows."""

Broker = TypeVar("Broker")


class SilentBrokers:
    """Addresses that have not answered of late. For one process, of all its clients and threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until: dict[str, float] = {}

    def note(self, host: str, port: int) -> None:
        """Remember that this address has not answered."""
        self._until[f"{host}:{port}"] = self._now() + SILENT_S

    def last(self, addresses: Iterable[str]) -> list[str]:
        """The addresses, `HOST:PORT` each, those that are silent behind the others."""
        return sorted(addresses, key=self._is_silent)

    def others(self, brokers: Iterable[Broker]) -> list[Broker]:
        """The brokers of a library, with `host` and `port`, that are not silent; all of them where all are."""
        known: Sequence[Any] = list(brokers)
        return [one for one in known if not self._is_silent(f"{one.host}:{one.port}")] or list(known)

    def _is_silent(self, address: str) -> bool:
        return self._until.get(address, 0.0) > self._now()


class PatientNetClient(KafkaNetClient):  # type: ignore[misc]
    """The connections of a kafka-python client, which waits `ANSWER_S` for a broker and then asks another one.

    To be given as `kafka_client`. The library gives the first broker that it picks all the time of a bootstrap.
    """

    def __init__(self, silent: SilentBrokers, **configs: Any) -> None:
        super().__init__(**configs)
        cluster = self._manager.cluster
        for name in ("brokers", "bootstrap_brokers"):
            setattr(cluster, name, _others_of(silent, getattr(cluster, name)))
        self._manager.get_connection = partial(_connection, self._manager.get_connection, cluster, silent)


def _others_of(silent: SilentBrokers, brokers: Callable[[], Iterable[Broker]]) -> Callable[[], list[Broker]]:
    return lambda: silent.others(brokers())


def _connection(
    connect: Callable[..., Any],
    cluster: Any,
    silent: SilentBrokers,
    node_id: Any,
    timeout_ms: float | None = None,
    **how: Any,
) -> Any:
    limit_ms = ANSWER_S * 1000 if timeout_ms is None else min(ANSWER_S * 1000, timeout_ms)
    connection = connect(node_id, timeout_ms=limit_ms, **how)
    if not hasattr(connection, "is_watched"):
        connection.is_watched = True
        node = cluster.broker_metadata(node_id)
        connection.init_future.add_errback(partial(_note_silence, silent, node.host, node.port))
    return connection


def _note_silence(silent: SilentBrokers, host: str, port: int, error: BaseException) -> None:
    if _is_silence(error):
        silent.note(host, port)


def _is_silence(error: BaseException) -> bool:
    """Whether a connection has ended so; the library has no error of its own for a connection that is not taken."""
    return isinstance(error, KafkaTimeoutError | RequestTimedOutError) or "timed out" in str(error)


def ask_others_first(made: Any, silent: SilentBrokers) -> None:
    """Have a consumer or producer of aiokafka choose among brokers that answer, and close a connection that does not.

    aiokafka goes on with a connection on which a question for metadata was not answered.
    """
    client = made._client if isinstance(made, AIOKafkaConsumer) else made.client
    cluster, connect = client.cluster, client._get_conn
    cluster.brokers = _others_of(silent, cluster.brokers)

    async def get_connection(node_id: Any, **how: Any) -> Any:
        connection = await connect(node_id, **how)
        if connection is None:
            if (broker := cluster.broker_metadata(node_id)) is not None:
                silent.note(broker.host, broker.port)
        elif not hasattr(connection, "is_watched"):
            connection.is_watched = True
            connection.send = partial(_send, connection.send, connection, silent)
        return connection

    client._get_conn = get_connection


async def _send(
    send: Callable[..., Awaitable[Any]], connection: Any, silent: SilentBrokers, request: Any, *how: Any, **named: Any
) -> Any:
    host, port = connection.host, connection.port
    try:
        return await send(request, *how, **named)
    except TimeoutError:
        if isinstance(request, MetadataRequest | FindCoordinatorRequest):
            silent.note(host, port)
        connection.close(CloseReason.CONNECTION_TIMEOUT)
        raise
