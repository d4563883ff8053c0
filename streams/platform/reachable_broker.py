"""Finds out within seconds that no Kafka broker can be reached, which Kafka's own client takes much longer to say."""

import socket
import time
from collections.abc import Sequence

REACHED_WITHIN_S = 3.0
"""How long an address may take to accept a connection: a broker that starts anew is back within that."""
_AGAIN_S = 0.1


def require_reachable(brokers: Sequence[str], within_s: float | None = None) -> None:
    """Return once one of these addresses, each `HOST:PORT`, accepts a connection. `within_s`: if not as usual.

    Raises `KafkaConnectionError`, caused by what the last one answered, where none does in time.
    """
    from kafka.errors import KafkaConnectionError  # noqa: PLC0415 (slow, and hardly any command asks for it alone)

    within_s = REACHED_WITHIN_S if within_s is None else within_s
    until = time.monotonic() + within_s
    while True:
        for place, broker in enumerate(brokers):
            left = max(0.1, (until - time.monotonic()) / (len(brokers) - place))
            try:
                _connect(broker, left)
            except OSError as error:
                trouble = error
            else:
                return
        if time.monotonic() + _AGAIN_S > until:
            raise KafkaConnectionError(f"no connection within {within_s:g} s") from trouble
        time.sleep(_AGAIN_S)


def _connect(broker: str, within_s: float) -> None:
    host, _, port = broker.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=within_s).close()
