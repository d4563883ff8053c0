"""`python -m benchmarks.pipeline.pacing FILE`: a producer that keeps a pace and notes when it is acknowledged.

A process of its own, so that its clock is not held up by whoever looks at Redis. Some of what it sends are probes: the
first and only interaction of a contact, which therefore shows in Redis as a key that was not there before. FILE gets a
JSON object: contact_id of each probe -> the moment of its acknowledgement, by the machine's monotonic clock.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import orjson
from aiokafka import AIOKafkaProducer

from benchmarks.pipeline.sayings import Saying, saying
from events.times import render_time
from events.topics import EMAIL_EVENTS
from streams.platform.settings import Settings

PROBE = "probe-"
PACE = "BENCH_PACE"
"""The environment variable with a `Pace` as JSON."""
_TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate` records a second for `seconds`; one of `probe_every` is a probe, the others are about `contacts`.

    `prefix` begins the contact_id of each probe. `partitions`: of each topic.
    """

    rate: int
    seconds: float
    probe_every: int
    contacts: int
    seed: int
    prefix: str = PROBE
    partitions: int = 1


def probe(contact_id: str, now_ms: int) -> Saying:
    """The first and only thing that is said of this contact."""
    event = {
        "specversion": "1.0",
        "id": contact_id,
        "source": "digital/mailer",
        "type": "email.sent",
        "time": render_time(now_ms),
        "data": {"contact": {"contact_id": contact_id}, "message_id": contact_id},
    }
    return Saying(EMAIL_EVENTS, orjson.dumps(event))


async def keep_pace(producer: AIOKafkaProducer, pace: Pace) -> dict[str, float]:
    """Send; returns when each probe was acknowledged. When the machine is late it catches up: the rate is kept.

    All of a tick goes to one partition of each topic, as Kafka's own producers do with records that have no key: else
    this process and the broker would be busy with requests of one record, and what is measured had to wait for them.
    """
    rng = Random(pace.seed)
    acknowledged: dict[str, float] = {}
    began = time.monotonic()
    partition = 0
    for number in range(round(pace.rate * pace.seconds)):
        due = began + number / pace.rate
        if (early := due - time.monotonic()) > _TICK_S:
            await asyncio.sleep(early)
            partition = rng.randrange(pace.partitions)
        now_ms = time.time_ns() // 1_000_000
        if number % pace.probe_every:
            one = saying(rng, rng.randrange(pace.contacts), f"pace-{number}", now_ms)
            await producer.send(one.topic, one.value, partition=partition)
        else:
            contact_id = f"{pace.prefix}{number}"
            one = probe(contact_id, now_ms)
            sent = await producer.send(one.topic, one.value, partition=partition)
            sent.add_done_callback(partial(_note, acknowledged, contact_id))
    await producer.flush()
    return acknowledged


def _note(acknowledged: dict[str, float], contact_id: str, sent: "asyncio.Future[object]") -> None:
    sent.result()
    acknowledged[contact_id] = time.monotonic()


async def _run() -> dict[str, float]:
    pace = Pace(**json.loads(os.environ[PACE]))
    producer = AIOKafkaProducer(bootstrap_servers=Settings().kafka_brokers, acks="all", linger_ms=2)
    await producer.start()
    try:
        return await keep_pace(producer, pace)
    finally:
        await producer.stop()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(asyncio.run(_run())))
