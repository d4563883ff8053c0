"""A blocking producer on kafka-python: idempotent, batching, and it waits for every replica."""

import time as clock
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from kafka import KafkaProducer

from events.client.building import build

LINGER_MS = 5
PATIENCE_S = 60.0
MOST_REMEMBERED = 10_000
"""Sends after which those that are acknowledged are forgotten, so that a producer may run for months."""


class Producer:
    """Sends events of one source. A context manager: at its end everything is acknowledged, or it raises.

    `options` go to `kafka.KafkaProducer`, such as those of TLS and SASL. `topic_prefix`: what stands
    before the names of a deployment's topics, its `HARMONIA_TOPIC_PREFIX`.
    """

    def __init__(
        self, bootstrap_servers: str, source: str, *, phone_region: str = "US", topic_prefix: str = "", **options: Any
    ) -> None:
        self._source = source
        self._prefix = topic_prefix
        self._region = phone_region
        self._sent: list[Any] = []
        self._looked_at = MOST_REMEMBERED
        usual: dict[str, Any] = {"enable_idempotence": True, "acks": "all", "linger_ms": LINGER_MS}
        self._producer = KafkaProducer(
            bootstrap_servers=bootstrap_servers, **(usual | {"compression_type": "zstd"} | options)
        )

    def send(self, type_: str, data: Mapping[str, Any], *, time: datetime | str, id_: str | None = None) -> Any:
        """Hand an event to the producer; its future is done when every replica has it. Raises `InvalidEvent`."""
        ready = build(
            type_,
            data,
            source=self._source,
            time=time,
            id_=id_,
            phone_region=self._region,
            now_ms=clock.time_ns() // 1_000_000,
        )
        future = self._producer.send(self._prefix + ready.topic, ready.value)
        self._sent.append(future)
        if len(self._sent) >= self._looked_at:
            self._sent = [one for one in self._sent if not one.succeeded()]
            self._looked_at = max(MOST_REMEMBERED, 2 * len(self._sent))
        return future

    def flush(self) -> None:
        """Return when everything that was sent is acknowledged. Raises `kafka.errors.KafkaError` for what is not."""
        sent, self._sent = self._sent, []
        self._producer.flush(PATIENCE_S)
        for future in sent:
            future.get(PATIENCE_S)

    def close(self) -> None:
        """Flush and disconnect."""
        try:
            self.flush()
        finally:
            self._producer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
