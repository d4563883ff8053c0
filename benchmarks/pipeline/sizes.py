"""What a contact takes: on the worker's disk, on the broker's, in Redis; and what an interaction adds.

Unlike other suites this one folds a history of its own for every contact: copies of a few would be compressed away. A
worker takes the states over and then hears one interaction of each contact, so that each is in Redis and in
`contact-state` once, and twice in the changelog.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.pipeline.contacts import peak_rss
from benchmarks.pipeline.flow import Flow, flow
from benchmarks.pipeline.rig import Rig, rig
from benchmarks.pipeline.sayings import Saying, contact_id_of, saying
from benchmarks.pipeline.states import LEAST_FACTS, MOST_FACTS, State, own_state, write_states
from benchmarks.results import Figure, Section
from benchmarks.suites import Bench
from events.identifiers import Hasher
from events.topics import CONTACT_STATE, INPUT_TOPICS, INTERACTIONS
from streams.platform.topics import CONTACTS_TABLE, changelog_name

CONTACTS, QUICK_CONTACTS = 200_000, 2_000
_CONTACT, _INTERACTION, _WORKER = "a contact", "an interaction", "one worker"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of all contacts together, after one interaction with each; `state`: encoded, before any compression."""

    contacts: int
    state: int
    changelog: int
    store: int
    profiles: int
    redis: int
    inputs: int
    interactions: int
    changelog_added: int
    flow: Flow
    peak_rss: int


def sizes(bench: Bench) -> Section:
    """The suite."""
    contacts = QUICK_CONTACTS if bench.quick else CONTACTS
    found = [asyncio.run(_round(bench, contacts, bench.seed + number)) for number in range(bench.rounds)]
    note = (
        f"{contacts:,} contacts, each with a history of its own of {LEAST_FACTS} to {MOST_FACTS} interactions, and one "
        "more interaction with each. On the broker: the size of the log, compressed by zstd, nothing compacted away; "
        "a state is in the changelog once before that interaction. In Redis: memory in use, its keys of identifiers "
        "included. On the worker's disk: RocksDB after a clean stop, not compacted"
    )
    return Section("Sizes", (*_of_a_contact(found), *_of_an_interaction(found), *_of_the_worker(found)), (note,))


def bytes_below(folder: Path, pattern: str) -> int:
    """Sizes of all files below a folder whose names match, added up."""
    return sum(file.stat().st_size for file in folder.rglob(pattern) if file.is_file())


def _of_a_contact(found: list[Sizes]) -> tuple[Figure, ...]:
    return (
        Figure(_CONTACT, "state, encoded", "bytes", tuple(each.state / each.contacts for each in found)),
        Figure(_CONTACT, "RocksDB", "bytes", tuple(each.store / each.contacts for each in found)),
        Figure(_CONTACT, "changelog", "bytes", tuple(each.changelog / each.contacts for each in found)),
        Figure(_CONTACT, "contact-state", "bytes", tuple(each.profiles / each.contacts for each in found)),
        Figure(_CONTACT, "Redis", "bytes", tuple(each.redis / each.contacts for each in found)),
    )


def _of_an_interaction(found: list[Sizes]) -> tuple[Figure, ...]:
    return (
        Figure(_INTERACTION, "input topics", "bytes", tuple(each.inputs / each.contacts for each in found)),
        Figure(_INTERACTION, "interactions", "bytes", tuple(each.interactions / each.contacts for each in found)),
        Figure(_INTERACTION, "changelog", "bytes", tuple(each.changelog_added / each.contacts for each in found)),
        Figure(_INTERACTION, "contact-state", "bytes", tuple(each.profiles / each.contacts for each in found)),
    )


def _of_the_worker(found: list[Sizes]) -> tuple[Figure, ...]:
    return (
        Figure(_WORKER, "CPU", "µs per event", tuple(each.flow.cpu_micros for each in found)),
        Figure(_WORKER, "peak memory", "MB", tuple(each.peak_rss / 1e6 for each in found)),
    )


async def _round(bench: Bench, contacts: int, seed: int) -> Sizes:
    now = time.time_ns() // 1_000_000
    with rig(bench.home) as place:
        changelog = changelog_name(place.settings, CONTACTS_TABLE)
        states = list(_states(contacts, seed, now, place.settings.hasher))
        await write_states(place.settings, states)
        in_changelog, in_redis = _on_the_broker(place, changelog), _in_redis(place)
        with place.worker() as workers:
            went = await flow(place, workers, place.records(_one_each(contacts, seed + 1000, now)))
            peak = peak_rss(workers.process.pid)
        found = Sizes(
            contacts,
            state=sum(len(state) for _, state in states),
            changelog=in_changelog,
            store=bytes_below(place.folder / "state" / CONTACTS_TABLE, "*"),
            profiles=_on_the_broker(place, CONTACT_STATE),
            redis=_in_redis(place) - in_redis,
            inputs=sum(_on_the_broker(place, topic.name) for topic in INPUT_TOPICS),
            interactions=_on_the_broker(place, INTERACTIONS),
            changelog_added=_on_the_broker(place, changelog) - in_changelog,
            flow=went,
            peak_rss=peak,
        )
    bench.say(f"{contacts:,} contacts: {found.store / contacts:,.0f} bytes each in RocksDB")
    return found


def _states(contacts: int, seed: int, now_ms: int, hasher: Hasher) -> Iterator[State]:
    rng = Random(seed)
    return ((contact_id_of(person, hasher), own_state(rng, person, now_ms)) for person in range(contacts))


def _one_each(contacts: int, seed: int, now_ms: int) -> Iterator[Saying]:
    rng = Random(seed)
    return (saying(rng, person, f"{seed:04x}-{person:08x}", now_ms) for person in range(contacts))


def _on_the_broker(place: Rig, topic: str) -> int:
    """Bytes of the topic's logs, all partitions."""
    data = place.folder / "stack/kafka/data"
    return sum(bytes_below(data / f"{topic}-{number}", "*.log") for number in range(place.settings.partitions))


def _in_redis(place: Rig) -> int:
    return int(place.deployment.redis.info("memory")["used_memory"])
