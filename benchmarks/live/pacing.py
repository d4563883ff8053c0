"""Sends what people do at a steady pace, and of gifts, of which each can be followed, notes when they were appended."""

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from random import Random

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from benchmarks.live.crowd import cells_of, gift, something
from benchmarks.live.gifts import Gifts
from benchmarks.live.watching import Counted
from streams.platform.settings import Settings

GIFTS = 5
"""One of so many interactions is a gift."""
_TICK_S = 0.02


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate` interactions a second for `seconds`, with contacts drawn evenly out of so many."""

    rate: int
    seconds: float
    contacts: int
    seed: int


async def keep_pace(settings: Settings, pace: Pace, gifts: Gifts) -> Counted:
    """Send; returns when each gift was appended, by the broker, for each of its cells.

    When the machine is late it catches up: the rate is kept. All of a tick goes to one partition of each topic, as
    Kafka's own producers do with records that have no key.
    """
    rng = Random(pace.seed)
    appended: Counted = {}
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_brokers, acks="all", linger_ms=2)
    await producer.start()
    try:
        began, partition = time.monotonic(), 0
        for number in range(round(pace.rate * pace.seconds)):
            if (early := began + number / pace.rate - time.monotonic()) > _TICK_S:
                await asyncio.sleep(early)
                partition = rng.randrange(settings.partitions)
            person, id_ = rng.randrange(pace.contacts), f"{pace.seed}-{number}"
            amount = None if number % GIFTS else gifts.next_of(person)
            now_ms = time.time_ns() // 1_000_000
            said = something(rng, person, id_, now_ms) if amount is None else gift(person, amount, id_, now_ms)
            sent = await producer.send(said.topic, said.value, partition=partition)
            if amount is not None:
                sent.add_done_callback(partial(_note, appended, person, amount))
        await producer.flush()
    finally:
        await producer.stop()
    return appended


def _note(appended: Counted, person: int, amount: int, sent: "asyncio.Future[RecordMetadata]") -> None:
    at = sent.result().timestamp / 1000
    appended.update(((cell, amount), at) for cell in cells_of(person))
