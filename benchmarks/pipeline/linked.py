"""What links cost: the same people and interactions, once with one name each, once with a tenth of them under two.

The worker itself links them, by one interaction each that names both identifiers; so all that links leave is there: in
the tables, the topics and Redis. Then half of what is said of the tenth is heard by a fragment that lives under
another's roof: it sends its part there, and the roof shows the person. The other half is merged where it is heard.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import orjson

from benchmarks.pipeline.contacts import kept
from benchmarks.pipeline.flow import Flow, flow
from benchmarks.pipeline.rig import Rig, rig
from benchmarks.pipeline.sayings import contact_id_of, fragment_of
from benchmarks.pipeline.states import write_states
from benchmarks.pipeline.twofold import People, joining, load, names_of, states
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench, BenchmarkFailed
from sinks.keys import contact_key

KEPT = Goal("at least", 0.7)
WITHOUT, WITH = "without links", "a tenth linked"
JOINING = "CPU before, while links are made"
SAMPLED = 500
"""People of whom Redis is asked whether they are one, before anything counts."""


class NotLinked(BenchmarkFailed):
    """People who should be one are not, so there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """`warm` interactions after those that link, before those that count."""

    people: int
    warm: int
    counted: int


FULL = Sizes(1_000_000, warm=10_000, counted=50_000)
QUICK = Sizes(20_000, warm=1_000, counted=4_000)


@dataclass(frozen=True, slots=True)
class Run:
    """What went through: one interaction with each of the tenth, then the load."""

    joining: Flow
    load: Flow


def linked(bench: Bench) -> Section:
    """The suite: with and without links in each round, so that a slow hour of the machine meets both."""
    sizes = QUICK if bench.quick else FULL
    without: list[Run] = []
    with_links: list[Run] = []
    for number in range(bench.rounds):
        for is_linked, found in ((False, without), (True, with_links)):
            found.append(asyncio.run(_round(bench, People(sizes.people, is_linked), sizes, bench.seed + number)))
    figures = (*_figures(WITHOUT, without), *_figures(WITH, with_links), *_kept(without, with_links))
    return Section("Links", figures, _notes(sizes))


def _figures(subject: str, found: list[Run]) -> tuple[Figure, ...]:
    return (
        Figure(subject, "CPU", "µs per event", tuple(each.load.cpu_micros for each in found)),
        Figure(subject, "per core", "events per CPU second", tuple(each.load.per_core_second for each in found)),
        Figure(subject, "wall", "events per second", tuple(each.load.per_second for each in found)),
        Figure(subject, JOINING, "µs per event", tuple(each.joining.cpu_micros for each in found)),
    )


def _kept(without: list[Run], with_links: list[Run]) -> tuple[Figure, Figure]:
    subject = f"{WITH} against {WITHOUT}"
    cpu = kept([each.load.per_core_second for each in without], [each.load.per_core_second for each in with_links])
    wall = kept([each.load.per_second for each in without], [each.load.per_second for each in with_links])
    return (
        Figure(subject, "throughput kept, by CPU", "of 1", cpu, KEPT),
        Figure(subject, "throughput kept, by wall", "of 1", wall, KEPT),
    )


def _notes(sizes: Sizes) -> tuple[str, str]:
    load = (
        f"{sizes.counted:,} interactions with {sizes.people:,} people drawn evenly, whose states a new worker has "
        f"taken over, after one with each of a tenth of them and {sizes.warm:,} more. With links this tenth has half "
        "of its history under each of two identifiers, the one interaction names both, and each later one either"
    )
    goal = "The goal is about throughput by CPU, the worker's own; wall depends on who shares the machine with it"
    return load, goal


async def _round(bench: Bench, people: People, sizes: Sizes, seed: int) -> Run:
    now = time.time_ns() // 1_000_000
    with rig(bench.home) as place:
        await write_states(place.settings, states(people, now, seed, place.settings.hasher))
        with place.worker() as workers:
            joined = await flow(place, workers, place.records(joining(people, seed + 1000, now)))
            if people.linked:
                must_be_one(place, islice(people.with_two(), 0, None, max(1, people.count // 10 // SAMPLED)))
            await flow(place, workers, place.records(load(people, sizes.warm, seed + 2000, now)))
            found = await flow(place, workers, place.records(load(people, sizes.counted, seed + 3000, now)))
    bench.say(
        f"{WITH if people.linked else WITHOUT}: {found.cpu_micros:.1f} µs of CPU per event, "
        f"{found.per_second:,.0f} events/s; {joined.cpu_micros:.1f} µs while links were made"
    )
    return Run(joined, found)


def must_be_one(place: Rig, people: Iterable[int]) -> None:
    """Raise `NotLinked` unless Redis shows each of these under the strong identifier, with the weak one's history."""
    hasher = place.settings.hasher
    for person in people:
        shown = place.deployment.redis.hget(contact_key(contact_id_of(person, hasher)), "state")
        if not has_taken_in(shown, fragment_of(names_of(person).weak, hasher)):
            raise NotLinked(f"the two identifiers of person {person} are not one")


def has_taken_in(shown: bytes | str | None, fragment: str) -> bool:
    """Whether a profile, if there is one, is that of its contact and this fragment together."""
    return shown is not None and orjson.loads(shown).get("merged_from") == [fragment]
