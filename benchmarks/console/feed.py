"""`python -m benchmarks.console.feed`: what workers write while an evening goes on, at a steady pace, until SIGTERM.

Interactions, and the profile of whoever each is with. A process of its own, so that it costs nobody else any time; it
makes batches itself, for a client that hands records on one by one would need as much of the machine as a worker.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from random import Random

from aiokafka import AIOKafkaProducer

from benchmarks.console.contacts import ProfileWriter
from benchmarks.desk.load import interaction
from events.topics import CONTACT_STATE, INTERACTIONS
from streams.platform.settings import Settings
from streams.services.console.desk_batches import TopicRecord

FEED = "BENCH_FEED"
"""The environment variable with a `Feed` as JSON."""
TICK_S = 0.1


@dataclass(frozen=True, slots=True)
class Feed:
    """`rate` interactions a second with people drawn evenly out of `contacts`."""

    rate: int
    contacts: int
    seed: int

    @property
    def environment(self) -> dict[str, str]:
        """What the process is told."""
        return {FEED: json.dumps(asdict(self))}


async def keep_on(settings: Settings, feed: Feed, stopping: asyncio.Event) -> None:
    """Send until told to stop; when the machine is late it catches up: the rate is kept."""
    rng, profiles = Random(feed.seed), ProfileWriter(feed.seed)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_brokers, acks=1)
    await producer.start()
    try:
        began, said = time.monotonic(), 0
        while not stopping.is_set():
            due = int((time.monotonic() - began) * feed.rate)
            now = time.time_ns() // 1_000_000
            people = [rng.randrange(feed.contacts) for _ in range(due - said)]
            told = [interaction(rng, person, said + at, now, "f") for at, person in enumerate(people)]
            # Versions grow with time, as those of a worker do: a later run has later ones.
            states = [profiles.record(person, now, now) for person in people]
            partition = rng.randrange(settings.partitions)
            await _send(producer, INTERACTIONS, partition, told)
            await _send(producer, CONTACT_STATE, partition, states)
            said = due
            await _rest(stopping, began + said / feed.rate + TICK_S - time.monotonic())
    finally:
        await producer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, partition: int, records: Iterable[TopicRecord]) -> None:
    batch = producer.create_batch()
    for record in records:
        if batch.append(key=record.key, value=record.value, timestamp=None) is None:
            await producer.send_batch(batch, topic, partition=partition)
            batch = producer.create_batch()
            batch.append(key=record.key, value=record.value, timestamp=None)
    if batch.record_count():
        await (await producer.send_batch(batch, topic, partition=partition))


async def _rest(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await stopping.wait()
    except TimeoutError:
        pass


async def _run() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await keep_on(Settings(), Feed(**json.loads(os.environ[FEED])), stopping)


if __name__ == "__main__":
    asyncio.run(_run())
