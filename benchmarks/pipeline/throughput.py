"""How much the whole pipeline takes: one worker with intake, contacts and the Redis sink, metrics on.

The input is on the broker before the worker sees any of it (`flow`), so the worker is what limits. CPU is counted and
not only wall time, since the broker, Redis and whoever else uses the machine share its processors.
"""

import asyncio
import time
from dataclasses import dataclass

from benchmarks.pipeline.flow import Flow, flow
from benchmarks.pipeline.prefill import prefill
from benchmarks.pipeline.rig import rig
from benchmarks.pipeline.sayings import sayings
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench

PER_CORE_SECOND = Goal("at least", 12_000)


@dataclass(frozen=True, slots=True)
class Load:
    """`warm` records before those that count, about so many contacts."""

    contacts: int
    warm: int
    counted: int


FULL = Load(contacts=50_000, warm=30_000, counted=200_000)
QUICK = Load(contacts=2_000, warm=3_000, counted=10_000)


def throughput(bench: Bench) -> Section:
    """The suite."""
    load = QUICK if bench.quick else FULL
    flows = [asyncio.run(_round(bench, load, bench.seed + number)) for number in range(bench.rounds)]
    return Section("The whole pipeline", figures_of("one worker", flows), (_note(load),))


def figures_of(subject: str, flows: list[Flow]) -> tuple[Figure, ...]:
    """What several runs of one kind say of the worker."""
    return (
        Figure(subject, "CPU of the worker", "µs per event", tuple(each.cpu_micros for each in flows)),
        Figure(
            subject, "per core", "events per CPU second", tuple(each.per_core_second for each in flows), PER_CORE_SECOND
        ),
        Figure(subject, "wall", "events per second", tuple(each.per_second for each in flows)),
    )


async def _round(bench: Bench, load: Load, seed: int) -> Flow:
    now = time.time_ns() // 1_000_000
    with rig(bench.home) as place:
        await prefill(place.settings, place.records(sayings(load.contacts, load.warm, seed, now)))
        with place.worker() as workers:
            place.until_all_in_redis(workers, time.monotonic)
            counted = place.records(sayings(load.contacts, load.counted, seed + 1000, now))
            found = await flow(place, workers, counted)
    bench.say(f"{found.cpu_micros:.1f} µs of CPU per event, {found.per_second:,.0f} events/s")
    return found


def _note(load: Load) -> str:
    return (
        f"{load.counted:,} interactions of {load.contacts:,} contacts, visible at one moment to a worker that has had "
        f"{load.warm:,} before, from there to the last profile in Redis; CPU of the worker process with all its threads"
    )
