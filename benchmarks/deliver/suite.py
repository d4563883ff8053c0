"""How many webhooks one process has acknowledged, and how long a change takes to its request.

Ten endpoints at one receiver with TLS, which runs in this process; Kafka and the receiver share the machine.
"""

import base64
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path

import orjson
from kafka import KafkaProducer

from benchmarks.asking.server import running
from benchmarks.deliver.receiver import ADDRESS, NETWORK, PORT, Receiver, receiving_at
from benchmarks.processes import Meter
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench, BenchmarkFailed
from events.topics import SEGMENT_CHANGES
from sinks.keys import partition_of
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import create_topics

ENDPOINTS, PARTITIONS = 10, 8
CHANGES, QUICK_CHANGES = 2_000, 100
"""That wait when the process starts, so a tenth of what it has to tell."""
RATE, SECONDS, QUICK_SECONDS = 20, 30, 3
"""Changes a second that come while it runs, and for how long."""
PATIENCE_S = 300.0
_SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"


def delivering(bench: Bench) -> Section:
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
    rates, costs, sizes, ages = [], [], [], []
    producer = KafkaClients(settings).tool_producer()
    for number in range(bench.rounds):
        folder = bench.home / f"deliver-{number}"
        folder.mkdir(parents=True)
        names = [f"c-{number}-{each}" for each in range(QUICK_CHANGES if bench.quick else CHANGES)]
        with receiving_at(folder) as (receiver, trusted):
            begun = time.time()
            for name in names:
                change(producer, name)
            producer.flush()
            with _process(settings, folder, trusted, number, begun) as pid, Meter([pid]) as meter:
                rates.append(_drained(receiver, f"c-{number}-", len(names) * ENDPOINTS))
                costs.append(meter.read().cpu_seconds / len(names) / ENDPOINTS * 1_000_000)
                ages.append(_ages(producer, receiver, number, QUICK_SECONDS if bench.quick else SECONDS))
                sizes.append(meter.read().peak_rss / (1 << 20))
        bench.say(f"{rates[-1]:.0f} deliveries/s, p99 {at(ages[-1], 0.99):.3f} s, {sizes[-1]:.0f} MB")
    producer.close()
    figures = (
        Figure("a backlog", "deliveries a second", "/s", tuple(rates), Goal("at least", 500)),
        Figure("a backlog", "CPU of a delivery, with the start", "µs", tuple(costs)),
        Figure("change to request", "p50", "s", tuple(at(each, 0.5) for each in ages)),
        Figure("change to request", "p99", "s", tuple(at(each, 0.99) for each in ages), Goal("at most", 1)),
        Figure("the process", "most memory", "MB", tuple(sizes), Goal("at most", 250)),
    )
    return Section("Webhooks", figures, (_NOTE,))


_NOTE = (
    f"{ENDPOINTS} endpoints of segment-changes in {PARTITIONS} partitions, each change of another person. From the "
    f"first request to the last of a backlog; then {RATE} changes a second, each to all endpoints. TLS, one receiver"
)


def at(ages: list[float], share: float) -> float:
    """The age that this share of them kept within; of ages in order of size."""
    return ages[max(0, ceil(share * len(ages)) - 1)]


@contextmanager
def _process(settings: Settings, folder: Path, trusted: Path, number: int, begun: float) -> Iterator[int]:
    names = [f"e-{number}-{each}" for each in range(ENDPOINTS)]
    with running("deliver", settings, endpoints_at(names, settings, folder, trusted, begun), folder) as (_, pid):
        yield pid


def endpoints_at(names: Sequence[str], settings: Settings, folder: Path, trusted: Path, begun: float) -> dict[str, str]:
    """The environment of a process that tells endpoints at paths of their names from a time on, s since 1970."""
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begun - 1))
    endpoints = folder / "endpoints.toml"
    endpoints.write_text(
        "\n".join(
            f'[[endpoint]]\nid = "{name}"\nkind = "webhook"\nurl = "https://{ADDRESS}:{PORT}/{name}"\n'
            f'secrets = ["env:BENCH_SECRET"]\ntopics = ["{SEGMENT_CHANGES}"]\nfrom = "{since}"\n'
            for name in names
        )
    )
    return {
        "HARMONIA_PARTITIONS": str(settings.partitions),
        "HARMONIA_DELIVER": str(endpoints),
        "HARMONIA_DELIVER_PRIVATE": NETWORK,
        "BENCH_SECRET": _SECRET,
        "SSL_CERT_FILE": str(trusted),
    }


def change(producer: KafkaProducer, name: str, partitions: int = PARTITIONS) -> None:
    """Write that somebody has come into a segment."""
    said = {"contact_id": name, "version": 1, "at": "2026-11-01T00:00:00.000Z", "cause": "interaction"}
    value = orjson.dumps({**said, "entered": ["lapsed-donors"], "left": [], "profile_version": 1})
    producer.send(SEGMENT_CHANGES, value, name.encode(), partition=partition_of(name, partitions))


def _drained(receiver: Receiver, prefix: str, wanted: int) -> float:
    """Deliveries a second from the first to the last of a round's, whose names begin so."""
    deadline = time.monotonic() + PATIENCE_S
    while len(moments := receiver.moments(prefix)) < wanted:
        if time.monotonic() > deadline:
            raise BenchmarkFailed(f"{len(moments):,} of {wanted:,} came within {PATIENCE_S:.0f} s")
        time.sleep(0.1)
    return wanted / max(max(moments) - min(moments), 0.001)


def _ages(producer: KafkaProducer, receiver: Receiver, number: int, seconds: int) -> list[float]:
    """How long each change took to each endpoint, in order of size."""
    told = dict[str, float]()
    begun = time.monotonic()
    for each in range(RATE * seconds):
        time.sleep(max(0.0, begun + each / RATE - time.monotonic()))
        name = f"n-{number}-{each}"
        told[name] = time.time()
        change(producer, name)
        producer.flush()
    _drained(receiver, f"n-{number}-", len(told) * ENDPOINTS)
    return sorted(came[name] - told[name] for came in receiver.came.values() for name in told)
