"""How old results are of 5,000 experiments with people who are in ten each, under a steady load of what moves them.

The people come to the worker from the changelog and are counted by a sweep, as after a restore. Then the load runs; a
gift is followed from its append to the first result of each of its ten experiments that counts it.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from benchmarks.live import metered
from benchmarks.live.crowd import EACH, EXPERIMENTS, definitions, states
from benchmarks.live.gifts import Gifts
from benchmarks.live.pacing import GIFTS, Pace, keep_pace
from benchmarks.live.watching import Counted, NotCounted, Seen, redis_watched, topic_watched
from benchmarks.pipeline.rig import Rig, must_run, rig
from benchmarks.pipeline.states import write_states
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench
from events.topics import EXPERIMENT_DEFINITIONS, EXPERIMENT_SWEEPS
from streams.domain.experiments.definition_records import definition_record
from streams.worker.agents.experiments.backfill import recount_record

METERED = "benchmarks.live.metered"
PATIENCE_S = 600.0
PATIENT = {"HARMONIA_SESSION_TIMEOUT_S": "60", "HARMONIA_TRANSACTION_TIMEOUT_S": "10"}
"""To a worker whose machine is busy with other things: else it ends while it counts everybody at once."""
AGE = Goal("at most", 5)
CORES = Goal("at most", 0.33)


@dataclass(frozen=True, slots=True)
class Size:
    """`warm` seconds of the load before those that count."""

    contacts: int
    rate: int
    warm: float
    seconds: float


FULL = Size(100_000, 500, 20, 60)
QUICK = Size(10_000, 200, 5, 10)


@dataclass(frozen=True, slots=True)
class Found:
    """Ages in seconds, in order of size, and cores in use by whom."""

    in_topic: Sequence[float]
    in_redis: Sequence[float]
    cores: Mapping[str, float]
    results: float


def live(bench: Bench) -> Section:
    """The suite."""
    size = QUICK if bench.quick else FULL
    found = []
    for number in range(bench.rounds):
        found.append(asyncio.run(_round(bench, size, bench.seed + number)))
        one = found[-1]
        bench.say(f"p50 {at(one.in_topic, 0.5):.2f} s, most {at(one.in_topic, 1):.2f} s, {one.cores}")
    note = (
        f"{EXPERIMENTS:,} experiments, every second one defined; {size.contacts:,} contacts in {EACH} each. "
        f"{size.rate} interactions/s that move outcomes, one in {GIFTS} a gift that is followed from its append to the "
        f"first result of each of its {EACH} experiments that counts it ({len(found[0].in_topic):,} such ways a run; "
        "of Redis a tenth of them). CPU by callbacks of the worker's loop: what several share, such as fetching, and "
        "threads of the store are nobody's"
    )
    return Section("Experiments in a running worker", _figures(found), (note,))


def at(ages: Sequence[float], share: float) -> float:
    """The age that this share of them kept within; of ages in order of size."""
    return ages[max(0, ceil(share * len(ages)) - 1)]


def ages_of(appended: Counted, seen: Counted) -> list[float]:
    """Of each gift that is in a result its age there, in order of size."""
    return sorted(seen[way] - at for way, at in appended.items() if way in seen)


def _figures(found: Sequence[Found]) -> tuple[Figure, ...]:
    shares = {"p50": 0.5, "p99": 0.99, "most": 1.0}
    figures = []
    for subject, ages in (
        ("age in experiment-results", [each.in_topic for each in found]),
        ("age in Redis", [each.in_redis for each in found]),
    ):
        for name, share in shares.items():
            goal = AGE if name == "most" else None
            figures.append(Figure(subject, name, "s", tuple(at(each, share) for each in ages), goal))
    for whose in found[0].cores:
        goal = CORES if whose == metered.EXPERIMENTS else None
        figures.append(Figure("CPU", whose, "cores", tuple(each.cores[whose] for each in found), goal))
    figures.append(Figure("results", "written", "a second", tuple(each.results for each in found)))
    return tuple(figures)


async def _round(bench: Bench, size: Size, seed: int) -> Found:
    with rig(bench.home) as place:
        now = time.time_ns() // 1_000_000
        await write_states(place.settings, states(range(size.contacts), now, seed, place.settings.hasher))
        define(place)
        meter = place.folder / "meter.json"
        with place.worker(METERED, {metered.METER: str(meter), **PATIENT}) as workers:
            async with topic_watched(place.settings, lambda: must_run(workers)) as in_topic:
                await count_everybody(place, in_topic, size.contacts * EACH)
                bench.say(f"{in_topic.assigned:,} assignments are counted")
                async with redis_watched(place.settings, lambda: must_run(workers)) as in_redis:
                    return await _measure(place, size, seed, in_topic, in_redis, meter)


def define(place: Rig) -> None:
    """Every second experiment."""
    for definition in definitions():
        key, value = definition_record(definition)
        for number in range(place.settings.partitions):
            place.deployment.producer.send(EXPERIMENT_DEFINITIONS, value, key, partition=number)
    place.deployment.producer.flush()


async def count_everybody(place: Rig, seen: Seen, assignments: int) -> None:
    """Have all partitions count whoever is there, and wait for the results."""
    for number in range(place.settings.partitions):
        record = recount_record(number)
        place.deployment.producer.send(EXPERIMENT_SWEEPS, record.value, record.key, partition=number)
    place.deployment.producer.flush()
    await seen.until(lambda: seen.assigned == assignments, "counting everybody", PATIENCE_S)


async def _measure(  # noqa: PLR0913, PLR0917 (each is a part of it)
    place: Rig, size: Size, seed: int, in_topic: Seen, in_redis: Seen, meter: Path
) -> Found:
    gifts = Gifts()
    await keep_pace(place.settings, Pace(size.rate, size.warm, size.contacts, seed), gifts)
    before, results = read(meter), in_topic.results
    pace = Pace(size.rate, size.seconds, size.contacts, seed + 1_000_000)
    appended = await keep_pace(place.settings, pace, gifts)
    after, more = read(meter), in_topic.results - results
    await in_topic.until(lambda: in_topic.sums == gifts.given, "counting all gifts", PATIENCE_S)
    await in_redis.until(lambda: _tenth(in_topic) == in_redis.sums, "all gifts in Redis", PATIENCE_S)
    wall = after[metered.AT] - before[metered.AT]
    cores = {whose: (after[whose] - before.get(whose, 0.0)) / wall for whose in after if whose != metered.AT}
    ages = ages_of(appended, in_topic.counted)
    if len(ages) != len(appended):
        raise NotCounted(f"{len(appended) - len(ages)} of {len(appended)} gifts were never seen")
    return Found(ages, ages_of(appended, in_redis.counted), cores, more / wall)


def _tenth(seen: Seen) -> Mapping[object, int]:
    return {cell: total for cell, total in seen.sums.items() if cell.experiment.endswith("0")}


def read(meter: Path) -> dict[str, float]:
    """What a metered worker has said last."""
    found: dict[str, float] = json.loads(meter.read_bytes())
    return found
