"""A kafka-python client that asks the next broker where one does not answer.

A frozen broker accepts connections and says nothing. The library spends all the time that it has for a bootstrap on
the first address that it draws, whatever its settings say, and sends a question that any broker could answer to a
broker drawn at random, once. So with one broker of three frozen a third of all commands failed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from kafka.errors import KafkaError, NodeNotReadyError
from kafka.future import Future
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from streams.platform.silent_brokers import Address, SilentBrokers

FIRST_ANSWER_MS = 2_000
"""How long a broker may take until it has greeted, when another one could be asked; the second time twice as long."""
GREETING_MS = 4_000
"""The same of a broker that nobody can stand in for, as a leader: there may be another leader by then."""


class NextBrokerClient(KafkaNetClient):  # type: ignore[misc]
    """The connections of a kafka-python client, to be given as `kafka_client`.

    `silent`: addresses that have not answered of late, which all clients of a process share; they come last.
    """

    def __init__(self, silent: SilentBrokers, **configs: Any) -> None:
        net = NetworkSelector(**configs)
        super().__init__(net, _NextBrokerManager(net, silent, **configs), **configs)


class _Turns:
    """Addresses of the bootstrap, of which those that were asked least are next."""

    def __init__(self, brokers: Sequence[Any], silent: SilentBrokers) -> None:
        self._brokers = brokers
        self.asked = Counter(broker.node_id for broker in brokers if _address(broker) in silent)

    def next_brokers(self) -> list[Any]:
        least = min((self.asked[broker.node_id] for broker in self._brokers), default=0)
        return [broker for broker in self._brokers if self.asked[broker.node_id] == least]

    def patience_ms(self, node_id: str, left_ms: float | None) -> float | None:
        """How long this one may take, of the time that is left; None: as long as usual."""
        if len(self._brokers) == 1:
            return left_ms
        own = float(FIRST_ANSWER_MS * 2 ** self.asked[node_id])
        return own if left_ms is None else min(own, left_ms)


def _nobody_remembered(*_: object) -> None:
    """No coordinator, so that it is asked for each time: the library would go on with one that is one no more."""


class _NextBrokerManager(KafkaConnectionManager):  # type: ignore[misc]
    def __init__(self, net: NetworkSelector, silent: SilentBrokers, **configs: Any) -> None:
        super().__init__(net, **{**configs, "socket_connection_setup_timeout_ms": GREETING_MS})
        self._silent = silent
        self._turns = _Turns(self.cluster.bootstrap_brokers(), silent)
        self.cluster.bootstrap_brokers = self._turns.next_brokers
        self.cluster.get_coordinator = _nobody_remembered

    def get_connection(self, node_id: Any, timeout_ms: float | None = None, **how: Any) -> Any:
        if not self.cluster.is_bootstrap(node_id):
            return super().get_connection(node_id, timeout_ms=timeout_ms, **how)
        is_new = node_id not in self._conns
        conn = super().get_connection(node_id, timeout_ms=self._turns.patience_ms(node_id, timeout_ms), **how)
        if is_new:
            self._turns.asked[node_id] += 1
        return conn

    def send(self, request: Any, node_id: Any = None, request_timeout_ms: float | None = None) -> Future:
        if node_id is None:
            return self.call_soon(self._send_to_any, request, request_timeout_ms)
        if self.cluster.is_bootstrap(node_id) and request_timeout_ms is None:
            request_timeout_ms = self._turns.patience_ms(node_id, None)
        return super().send(request, node_id, request_timeout_ms)

    def update_backoff(self, node_id: Any) -> Any:
        """Note a failure of a broker; the library calls it for one of the bootstrap."""
        if (broker := self.cluster.broker_metadata(node_id)) is not None:
            self._silent.add(_address(broker))
        return super().update_backoff(node_id)

    def reset_backoff(self, node_id: Any) -> None:
        """Note that a broker works; the library calls it for one of the bootstrap once that is done."""
        super().reset_backoff(node_id)
        if self.cluster.is_bootstrap(node_id):
            self._silent.discard(_address(self.cluster.broker_metadata(node_id)))

    async def _send_to_any(self, request: Any, request_timeout_ms: float | None) -> Any:
        """Send a request to a broker that has greeted, and to one alone: who has the request is not left for another.

        Raises the error of the last one where none has.
        """
        error: KafkaError = NodeNotReadyError("no broker is known")
        for patience_ms in (FIRST_ANSWER_MS, 2 * FIRST_ANSWER_MS):
            for node_id in self._in_turn():
                try:
                    conn = await self.get_connection(node_id, timeout_ms=patience_ms)
                except KafkaError as refused:
                    self._silent.add(_address(self.cluster.broker_metadata(node_id)))
                    error = refused
                    continue
                return await conn.send_request(request, request_timeout_ms=request_timeout_ms)
        raise error

    def _in_turn(self) -> list[Any]:
        """All brokers: first the one that the library would ask, last those that did not answer."""
        first, brokers = self.least_loaded_node(), [*self.cluster.brokers()]
        random.shuffle(brokers)  # nosec B311 # no secret
        brokers.sort(key=lambda broker: (_address(broker) in self._silent, broker.node_id != first))
        return [broker.node_id for broker in brokers]


def _address(broker: Any) -> Address:
    return broker.host, broker.port
