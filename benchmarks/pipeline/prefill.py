"""Makes a load visible at one moment: it is written as one transaction, and workers read committed records only.

So the worker is never waiting for a producer, and no producer takes its processor while it is measured.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.types import TP

from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

_WRITER = "benchmark-prefill"


class Pair(NamedTuple):
    """Key and value of a record."""

    key: bytes | None
    value: bytes


Records = Mapping[TP, Sequence[Pair]]


@asynccontextmanager
async def prefilled(settings: Settings, records: Records) -> AsyncIterator[AIOKafkaProducer]:
    """All records are on the broker in the block, and readers see them once its end commits them.

    Raises a Kafka error when the broker needs more than ten seconds for them.
    """
    patient = settings.model_copy(update={"transaction_timeout_s": 10.0})
    producer = KafkaClients(patient).transactional_producer(_WRITER)
    await producer.start()
    try:
        async with producer.transaction():
            await asyncio.gather(*(_send(producer, tp, pairs) for tp, pairs in records.items()))
            yield producer
    finally:
        await producer.stop()


async def prefill(settings: Settings, records: Records) -> None:
    """Write all records; readers see all of them when this returns."""
    async with prefilled(settings, records):
        pass


async def _send(producer: AIOKafkaProducer, tp: TP, pairs: Sequence[Pair]) -> None:
    batch = producer.create_batch()
    for pair in pairs:
        if not _append(batch, pair):
            await (await producer.send_batch(batch, tp.topic, partition=tp.partition))
            batch = producer.create_batch()
            _append(batch, pair)
    await (await producer.send_batch(batch, tp.topic, partition=tp.partition))


def _append(batch: BatchBuilder, pair: Pair) -> bool:
    return batch.append(key=pair.key, value=pair.value, timestamp=None) is not None
