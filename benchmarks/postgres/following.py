"""How long a profile takes from Kafka to its row, while many come.

By the process as it runs; Kafka, PostgreSQL and the process share the machine.
"""

import asyncio
import threading
import time
from collections import defaultdict
from pathlib import Path

import asyncpg
from kafka import KafkaProducer

from benchmarks.asking.server import running
from benchmarks.desk.load import profiles
from benchmarks.processes import Meter
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench, BenchmarkFailed
from events.topics import CONTACT_STATE
from sinks.keys import partition_of
from streams.local.postgres import running_postgres
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import create_topics

PARTITIONS, CONTACTS = 8, 20_000
RATE, SECONDS, QUICK_SECONDS = 2_000, 60, 5
"""Profiles a second that come while it runs, and for how long."""
STEP = 20
LOOK_S, PATIENCE_S = 0.01, 120.0
_STANDS = f"SELECT part, next_offset FROM harmonia.positions WHERE topic = '{CONTACT_STATE}'"  # nosec B608 # ours


def postgres_follow(bench: Bench) -> Section:
    """Measure it."""
    settings = Settings(
        _env_file=None,
        kafka_bootstrap=bench.stack.kafka_bootstrap,
        redis_url=bench.stack.redis_url,
        partitions=PARTITIONS,
    )
    admin = KafkaClients(settings).admin()
    create_topics(admin, settings)
    admin.close()
    seconds, ages, costs = QUICK_SECONDS if bench.quick else SECONDS, [], []
    with running_postgres() as server:
        for number in range(bench.rounds):
            folder = bench.home / f"postgres-{number}"
            found, cpu = _round(settings, server.url, folder, (seconds, (1 + number) * RATE * (seconds + 2)))
            ages.append(found)
            costs.append(cpu / len(found) * 1_000_000)
            bench.say(f"p50 {_at(found, 0.5):.3f} s, p99 {_at(found, 0.99):.3f} s, {costs[-1]:.0f} µs a row")
    figures = (
        Figure("from Kafka to the row", "p50", "s", tuple(_at(each, 0.5) for each in ages)),
        Figure("from Kafka to the row", "p99", "s", tuple(_at(each, 0.99) for each in ages), Goal("at most", 2)),
        Figure("the process", "CPU", "µs a row", tuple(costs)),
    )
    note = f"{RATE:,} profiles a second of {CONTACTS:,} contacts in {PARTITIONS} partitions, for {seconds} s"
    return Section("PostgreSQL as it follows", figures, (note,))


def _round(settings: Settings, url: str, folder: Path, pace: tuple[int, int]) -> tuple[list[float], float]:
    """How long each profile took, in order of size, and the CPU seconds of the process.

    `pace`: for how many seconds, and the version from which profiles are counted on.
    """
    seconds, version = pace
    environment = {"HARMONIA_POSTGRES": url, "HARMONIA_PARTITIONS": str(PARTITIONS)}
    with running("sink postgres", settings, environment, folder) as (_, pid):
        first = _Sending(settings, 1, version)
        first.run()
        asyncio.run(_seen(url, first))  # its partitions are given to it, and it has filled what was there
        sending = _Sending(settings, seconds, version + RATE)
        thread = threading.Thread(target=sending.run, daemon=True)
        with Meter([pid]) as meter:
            thread.start()
            looks = asyncio.run(_seen(url, sending, thread))
            cpu = meter.read().cpu_seconds
    return _ages(sending, looks), cpu


class _Sending:
    """Writes profiles for some seconds at the usual pace. `sent`: by partition, offset and moment of each.

    `version`: every profile has a later one, so that each is a row that is written.
    """

    def __init__(self, settings: Settings, seconds: int, version: int) -> None:
        self._version = version
        self._producer: KafkaProducer = KafkaClients(settings).tool_producer()
        self.seconds = seconds
        self.sent: dict[int, list[tuple[int, float]]] = defaultdict(list)

    def run(self) -> None:
        """Send all of them, and wait until they are acknowledged."""
        begun, made = time.monotonic(), []
        for number, record in enumerate(profiles(CONTACTS, RATE * self.seconds, 2026)):
            if number % STEP == 0:
                time.sleep(max(0.0, begun + number / RATE - time.monotonic()))
            key = record.key or b""
            place = partition_of(key.decode(), PARTITIONS)
            value = (record.value or b"").replace(
                b'"version":%d' % (number + 1), b'"version":%d' % (self._version + number)
            )
            made.append((self._producer.send(CONTACT_STATE, value, key, partition=place), time.time()))
        self._producer.flush()
        for future, at in made:
            told = future.get(60)
            self.sent[told.partition].append((told.offset, at))
        self._producer.close()

    def ends(self) -> dict[int, int]:
        """The last offset of each partition."""
        return {partition: sent[-1][0] for partition, sent in self.sent.items()}


async def _seen(
    url: str, sending: _Sending, thread: threading.Thread | None = None
) -> list[tuple[float, dict[int, int]]]:
    """Where PostgreSQL stood at many moments, until all that is sent was there. Raises `BenchmarkFailed`."""
    looks: list[tuple[float, dict[int, int]]] = []
    deadline = time.monotonic() + PATIENCE_S + sending.seconds
    connection = await asyncpg.connect(url)
    try:
        while time.monotonic() < deadline:
            if await connection.fetchval("SELECT to_regclass('harmonia.positions') IS NOT NULL"):
                looks.append((time.time(), dict(await connection.fetch(_STANDS))))
                is_sent = thread is None or not thread.is_alive()
                if is_sent and all(looks[-1][1].get(part, 0) > end for part, end in sending.ends().items()):
                    return looks
            await asyncio.sleep(LOOK_S)
    finally:
        await connection.close()
    raise BenchmarkFailed(f"not all profiles were rows within {PATIENCE_S:.0f} s")


def _ages(sending: _Sending, looks: list[tuple[float, dict[int, int]]]) -> list[float]:
    found = []
    for part, sent in sending.sent.items():
        following = iter(looks)
        at, stands = next(following)
        for offset, moment in sent:
            while stands.get(part, 0) <= offset:
                at, stands = next(following)
            found.append(at - moment)
    return sorted(found)


def _at(ages: list[float], share: float) -> float:
    return ages[min(len(ages) - 1, int(share * len(ages)))]
