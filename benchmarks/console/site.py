"""A console and what fills its desk, each a process of its own, and the files that they are told of."""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.asking.server import running
from benchmarks.console.contacts import COMMITTEES, ELECTIONS, LIMIT
from benchmarks.console.feed import Feed
from benchmarks.console.readers import READERS
from benchmarks.desk.load import Pace, interactions
from benchmarks.pipeline.rig import Rig
from events.topics import INTERACTIONS
from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.domain.pressure.policy_files import default_policy_text
from streams.platform.clients import KafkaClients
from streams.platform.topic_reading import records_of
from streams.services.console.desk_schema import DAY_MS

DAY_RECORDS = 20_000


@dataclass(frozen=True, slots=True)
class Site:
    """`url`: of the console; `metrics`: of the process that follows. Both processes by id."""

    url: str
    metrics: str
    console: int
    follower: int


def files(folder: Path, desk: Path) -> Mapping[str, str]:
    """Write what a console is told of; the environment that leads to it."""
    folder.mkdir(parents=True, exist_ok=True)
    people, policy = folder / "people.toml", folder / "policy.toml"
    people.write_text("\n".join(reader.toml for reader in READERS))
    each = ", ".join(f'"{election}" = {{ USD = {LIMIT} }}' for election in ELECTIONS)
    limits = "\n".join(f"{committee} = {{ {each} }}" for committee in COMMITTEES)
    policy.write_text(default_policy_text().replace("[giving.limits]", f"[giving.limits]\n{limits}"))
    return {
        "HARMONIA_CONSOLE_PEOPLE": str(people),
        "HARMONIA_CONSOLE_MAY": "hold lift",
        "HARMONIA_POLICY": str(policy),
        "HARMONIA_LAKE": str(folder / "lake"),
        "HARMONIA_DESK": str(desk),
        "HARMONIA_METRICS_PORT": "0",
    }


def fill_lake(place: Rig, lake: Path, contacts: int, seed: int) -> str:
    """Have the topic and the lake hold some interactions of yesterday; which day that is."""
    began = (time.time_ns() // 1_000_000 // DAY_MS - 1) * DAY_MS
    pace = Pace(began, DAY_RECORDS / 86_400, "y")
    for record in interactions(contacts, DAY_RECORDS, seed, pace):
        place.deployment.producer.send(INTERACTIONS, record.value, record.key)
    place.deployment.producer.flush()
    kafka = KafkaClients(place.settings)
    writer = LakeWriter(LocalFiles(lake), kafka.topic_id(INTERACTIONS))
    consumer = kafka.tool_consumer()
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for record in records_of(consumer, INTERACTIONS):
        found[record.partition].append(record)
    consumer.close()
    for partition, records in found.items():
        writer.write(partition, 0, records[-1].offset, records)
    return datetime.fromtimestamp(began / 1000, UTC).date().isoformat()


@contextmanager
def site(place: Rig, environment: Mapping[str, str]) -> Iterator[Site]:
    """Both processes for the length of a block."""
    with (
        running("console follow", place.settings, environment, place.folder) as (metrics, follower),
        running("console", place.settings, environment, place.folder) as (url, console),
    ):
        yield Site(url, metrics, console, follower)


@contextmanager
def fed(place: Rig, feed: Feed) -> Iterator[None]:
    """Interactions and profiles come in for the length of a block."""
    servers = {"KAFKA_BOOTSTRAP": place.settings.kafka_bootstrap, "REDIS_URL": place.settings.redis_url}
    more = {"HARMONIA_PARTITIONS": json.dumps(place.settings.partitions), **feed.environment}
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.console.feed"], env={**os.environ, **servers, **more})
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
