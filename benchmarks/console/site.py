"""A console and what fills its desk, each a process of its own, and the files that they are told of."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks.asking.server import running
from benchmarks.console.contacts import COMMITTEES, ELECTIONS, LIMIT
from benchmarks.console.feed import Feed
from benchmarks.console.readers import READERS
from benchmarks.history.inventing import invent_day
from benchmarks.pipeline.rig import Rig
from streams.domain.pressure.policy_files import default_policy_text

_FIRST_DAY = date(2012, 1, 1)
_DAY = 100
DATE = (_FIRST_DAY + timedelta(days=_DAY)).isoformat()
"""The day of which the lake has a report; it has the same day of the week before as well."""


@dataclass(frozen=True, slots=True)
class Site:
    """`url`: of the console; `metrics`: of the process that follows. Both processes by id."""

    url: str
    metrics: str
    console: int
    follower: int


def files(folder: Path, desk: Path, lake_contacts: int, seed: int) -> Mapping[str, str]:
    """Write what a console is told of; the environment that leads to it."""
    folder.mkdir(parents=True, exist_ok=True)
    people, policy, lake = folder / "people.toml", folder / "policy.toml", folder / "lake"
    people.write_text("\n".join(reader.toml for reader in READERS))
    each = ", ".join(f'"{election}" = {{ USD = {LIMIT} }}' for election in ELECTIONS)
    limits = "\n".join(f"{committee} = {{ {each} }}" for committee in COMMITTEES)
    policy.write_text(default_policy_text().replace("[giving.limits]", f"[giving.limits]\n{limits}"))
    for day in (_DAY - 7, _DAY):
        invent_day(lake, lake_contacts, seed, day)
    return {
        "HARMONIA_CONSOLE_PEOPLE": str(people),
        "HARMONIA_CONSOLE_MAY": "hold lift",
        "HARMONIA_POLICY": str(policy),
        "HARMONIA_LAKE": str(lake),
        "HARMONIA_DESK": str(desk),
        "HARMONIA_METRICS_PORT": "0",
    }


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
