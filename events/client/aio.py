"""The producer of asyncio programs, on aiokafka: idempotent, batching, and it waits for every replica."""

import time as clock
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from events.client.building import build

LINGER_MS = 5


class Producer:
    """Sends events of one source, within `async with`.

    `options` go to `aiokafka.AIOKafkaProducer`, such as those of TLS and SASL. `topic_prefix`: what stands
    before the names of a deployment's topics, its `HARMONIA_TOPIC_PREFIX`.
    """

    def __init__(
        self, bootstrap_servers: str, source: str, *, phone_region: str = "US", topic_prefix: str = "", **options: Any
    ) -> None:
        self._source = source
        self._prefix = topic_prefix
        self._region = phone_region
        self._bootstrap_servers = bootstrap_servers
        self._options = options
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        usual: dict[str, Any] = {"enable_idempotence": True, "acks": "all", "linger_ms": LINGER_MS}
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers, **(usual | {"compression_type": "zstd"} | self._options)
        )
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def send(self, type_: str, data: Mapping[str, Any], *, time: datetime | str, id_: str | None = None) -> None:
        """Return when every replica has the event. Raises `InvalidEvent`, or `aiokafka.errors.KafkaError`.

        Sends of several tasks travel in one batch, so send with `asyncio.gather` what there is to send.
        """
        if self._producer is None:
            raise RuntimeError("use it within `async with`")
        ready = build(
            type_,
            data,
            source=self._source,
            time=time,
            id_=id_,
            phone_region=self._region,
            now_ms=clock.time_ns() // 1_000_000,
        )
        await self._producer.send_and_wait(self._prefix + ready.topic, ready.value)
