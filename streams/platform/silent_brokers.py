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
from aiokafka.protocol.group import JoinGroupRequest, SyncGroupRequest
from aiokafka.protocol.metadata import MetadataRequest

SILENT_S = 30.0
"""Seconds for which a broker that has not answered is asked after all others."""
JOIN_S = 20.0
"""Seconds in which a group's coordinator has to answer who joins: it waits for the other members."""
Address = tuple[str, int]
"""Host and port."""

Broker = TypeVar("Broker")


class SilentBrokers:
    """Addresses that have not answered of late. For one process, of all its clients and threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until: dict[Address, float] = {}

    def __contains__(self, address: Address) -> bool:
        return self._until.get(address, 0.0) > self._now()

    def add(self, address: Address) -> None:
        """Remember that this address has not answered."""
        self._until[address] = self._now() + SILENT_S

    def discard(self, address: Address) -> None:
        """Forget it: it has answered."""
        self._until.pop(address, None)

    def last(self, addresses: Iterable[str]) -> list[str]:
        """The addresses, `HOST:PORT` each, those that are silent behind the others."""
        return sorted(addresses, key=lambda address: _parted(address) in self)

    def others(self, brokers: Iterable[Broker]) -> list[Broker]:
        """The brokers of a library, with `host` and `port`, that are not silent; all of them where all are."""
        known: Sequence[Any] = list(brokers)
        return [one for one in known if (one.host, one.port) not in self] or list(known)


def _parted(address: str) -> Address:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def ask_others_first(made: Any, silent: SilentBrokers) -> None:
    """Have a consumer or producer of aiokafka choose among brokers that answer, and close a connection that does not.

    aiokafka goes on with a connection on which a question for metadata was not answered.
    """
    client = made._client if isinstance(made, AIOKafkaConsumer) else made.client
    cluster, connect = client.cluster, client._get_conn
    known = cluster.brokers
    cluster.brokers = lambda: silent.others(known())

    async def get_connection(node_id: Any, **how: Any) -> Any:
        connection = await connect(node_id, **how)
        if connection is None:
            if (broker := cluster.broker_metadata(node_id)) is not None:
                silent.add((broker.host, broker.port))
        elif not hasattr(connection, "is_watched"):
            connection.is_watched = True
            connection.send = partial(_send, connection.send, connection, silent)
        return connection

    client._get_conn = get_connection


async def _send(
    send: Callable[..., Awaitable[Any]], connection: Any, silent: SilentBrokers, request: Any, *how: Any, **named: Any
) -> Any:
    address = connection.host, connection.port
    usual = connection._request_timeout
    if isinstance(request, JoinGroupRequest | SyncGroupRequest):
        connection._request_timeout = max(usual, JOIN_S)
    try:
        answer = send(request, *how, **named)  # its time limit is that of this moment
    finally:
        connection._request_timeout = usual
    try:
        return await answer
    except TimeoutError:
        if isinstance(request, MetadataRequest | FindCoordinatorRequest):
            silent.add(address)
        connection.close(CloseReason.CONNECTION_TIMEOUT)
        raise
