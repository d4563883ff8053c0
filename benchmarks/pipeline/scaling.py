"""The whole pipeline with one, two and four worker processes over few and many partitions, and what the broker spends.

Two workers on two cores share them with the broker and Redis, so it is the CPU of a record that says what more workers
and more partitions cost; wall time says what this machine has left.
"""

import asyncio
import time

from benchmarks.pipeline.flow import Flow, flow
from benchmarks.pipeline.prefill import prefill
from benchmarks.pipeline.rig import rig
from benchmarks.pipeline.sayings import sayings
from benchmarks.pipeline.throughput import FULL, QUICK, Load
from benchmarks.results import Figure, Section
from benchmarks.suites import Bench

WORKERS, PARTITIONS = (1, 2, 4), (8, 32, 64)
QUICK_WORKERS, QUICK_PARTITIONS = (2,), (8,)


def scaling(bench: Bench) -> Section:
    """The suite."""
    load = QUICK if bench.quick else FULL
    places = [
        (workers, partitions)
        for partitions in (QUICK_PARTITIONS if bench.quick else PARTITIONS)
        for workers in (QUICK_WORKERS if bench.quick else WORKERS)
    ]
    found: dict[tuple[int, int], list[Flow]] = {place: [] for place in places}
    for number in range(bench.rounds):
        for place in places:
            found[place].append(asyncio.run(_round(bench, load, bench.seed + number, *place)))
    figures = [figure for place, flows in found.items() for figure in _figures(*place, flows)]
    return Section("Workers and partitions", tuple(figures), (_note(load),))


def _figures(workers: int, partitions: int, flows: list[Flow]) -> tuple[Figure, ...]:
    subject = f"{workers} worker{'s' if workers > 1 else ''}, {partitions} partitions"
    return (
        Figure(subject, "CPU of the workers", "µs per event", tuple(each.cpu_micros for each in flows)),
        Figure(subject, "wall", "events per second", tuple(each.per_second for each in flows)),
    )


async def _round(bench: Bench, load: Load, seed: int, processes: int, partitions: int) -> Flow:
    now = time.time_ns() // 1_000_000
    with rig(bench.home, partitions=partitions) as place:
        await prefill(place.settings, place.records(sayings(load.contacts, load.warm, seed, now)))
        with place.worker(processes=processes) as workers:
            place.until_all_in_redis(workers, time.monotonic)
            counted = place.records(sayings(load.contacts, load.counted, seed + 1000, now))
            found = await flow(place, workers, counted)
    bench.say(
        f"{processes} over {partitions}: {found.cpu_micros:.1f} µs of CPU per event, {found.per_second:,.0f} events/s"
    )
    return found


def _note(load: Load) -> str:
    return (
        f"{load.counted:,} interactions of {load.contacts:,} contacts, visible at one moment to workers that have had "
        f"{load.warm:,} before; CPU of all worker processes together. Each topic has so many partitions"
    )
