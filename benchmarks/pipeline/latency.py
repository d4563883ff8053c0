"""A quiet evening: what each event costs a worker and the broker at a slow pace, and how long its profile is behind.

Delays are measured from outside and for each probe by itself: a producer process notes acknowledgements (`pacing`),
Redis says when it has the contact (`sightings`), both by the machine's one monotonic clock. Beside them stands what
worker and broker use while nothing happens, and what the worker uses for an event when it has more than it can do.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path

from benchmarks.pipeline.flow import flow
from benchmarks.pipeline.pacing import PACE, PROBE, Pace
from benchmarks.pipeline.prefill import prefill
from benchmarks.pipeline.rig import Rig, rig
from benchmarks.pipeline.sayings import sayings
from benchmarks.pipeline.sightings import sightings
from benchmarks.processes import Meter, Usage
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench

RATES, QUICK_RATES = (10, 100, 500, 2_000), (2_000,)
"""Events a second."""
SECONDS, QUICK_SECONDS = 35, 8
IDLE_S, QUICK_IDLE_S = 15, 3
PROBES = 100
"""A second, at most: each is a contact of its own."""
CONTACTS, WARM_RECORDS = 20_000, 20_000
LOAD_RECORDS, QUICK_LOAD_RECORDS = 100_000, 10_000
SETTLE_S = 5.0
"""Of the steady load, before probes count."""
PATIENCE_S = 30.0
FASTEST = RATES[-1]
P50, P99, TO_LOAD, IDLE = Goal("at most", 60), Goal("at most", 250), Goal("at most", 1.3), Goal("at most", 2)
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds of the worker, with all its threads, and of the broker, in so many seconds of wall time."""

    worker: float
    broker: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Delays:
    """What one run at one rate found: seconds of each probe, in order of size, and CPU for so many events."""

    seconds: Sequence[float]
    spent: Spent
    events: int

    def millis(self, share: float) -> float:
        """The delay in ms that this share of the probes kept within."""
        return self.seconds[max(0, ceil(share * len(self.seconds)) - 1)] * 1000


@dataclass(frozen=True, slots=True)
class Evening:
    """One round: the broker by itself, worker and broker with nothing to do, each rate, and CPU µs under load."""

    alone: Spent
    idle: Spent
    paces: Mapping[int, Delays]
    load_micros: float


def latency(bench: Bench) -> Section:
    """The suite."""
    found = []
    for number in range(bench.rounds):
        found.append(asyncio.run(_round(bench, bench.seed + number)))
        for rate, delays in found[-1].paces.items():
            bench.say(f"{rate}/s: p50 {delays.millis(0.5):.0f} ms, p99 {delays.millis(0.99):.0f} ms")
    note = (
        f"A steady load, of which up to {PROBES} events a second are probes: a contact of its own, from the "
        "acknowledgement that its producer sees to Redis' notice of its key; the first "
        f"{SETTLE_S:.0f} s left out. CPU at a pace has in it what is used while nothing happens"
    )
    return Section("A slow pace", _figures(found), (note,))


def delays_of(acknowledged: Mapping[str, float], seen: Mapping[str, float], since: float) -> list[float]:
    """Seconds of each probe that was acknowledged after `since`, in order of size."""
    return sorted(seen[probe] - at for probe, at in acknowledged.items() if at >= since)


def _figures(found: list[Evening]) -> tuple[Figure, ...]:
    figures = [
        Figure("idle", "worker", "% of a core", tuple(100 * one.idle.worker / one.idle.seconds for one in found), IDLE),
        Figure("idle", "broker, above that without us", "% of a core", tuple(map(_broker_above, found)), IDLE),
    ]
    for rate in found[0].paces:
        subject, paces = f"{rate:,} events/s", [one.paces[rate] for one in found]
        is_fastest = rate == FASTEST
        figures += [
            Figure(subject, "p50", "ms", tuple(one.millis(0.5) for one in paces), P50 if is_fastest else None),
            Figure(subject, "p99", "ms", tuple(one.millis(0.99) for one in paces), P99 if is_fastest else None),
            Figure(subject, "longest", "ms", tuple(one.millis(1) for one in paces)),
            Figure(
                subject, "CPU of the worker", "µs per event", tuple(_micros(one.spent.worker, one) for one in paces)
            ),
            Figure(
                subject, "CPU of the broker", "µs per event", tuple(_micros(one.spent.broker, one) for one in paces)
            ),
        ]
        if is_fastest:
            ratios = tuple(_micros(one.paces[rate].spent.worker, one.paces[rate]) / one.load_micros for one in found)
            figures.append(Figure(subject, "CPU of the worker, to that under load", "×", ratios, TO_LOAD))
    return tuple(figures)


def _broker_above(one: Evening) -> float:
    return 100 * (one.idle.broker / one.idle.seconds - one.alone.broker / one.alone.seconds)


def _micros(cpu_seconds: float, delays: Delays) -> float:
    return cpu_seconds / delays.events * 1e6


async def _round(bench: Bench, seed: int) -> Evening:
    now = time.time_ns() // 1_000_000
    idle_s = QUICK_IDLE_S if bench.quick else IDLE_S
    with rig(bench.home) as place, Meter([place.broker_pid]) as broker:
        await prefill(place.settings, place.records(sayings(CONTACTS, WARM_RECORDS, seed, now)))
        alone = _rest(broker, broker, idle_s)
        with place.worker() as workers, Meter([workers.process.pid]) as worker:
            place.until_all_in_redis(workers, time.monotonic)
            idle = _rest(worker, broker, idle_s)
            paces = {
                rate: keep_pace_with_probes(place, (worker, broker), _pace(bench, rate, seed))
                for rate in (QUICK_RATES if bench.quick else RATES)
            }
            count = QUICK_LOAD_RECORDS if bench.quick else LOAD_RECORDS
            load = await flow(place, workers, place.records(sayings(CONTACTS, count, seed + 1000, now)))
    return Evening(alone, idle, paces, load.cpu_micros)


def _pace(bench: Bench, rate: int, seed: int) -> Pace:
    seconds = QUICK_SECONDS if bench.quick else SECONDS
    return Pace(rate, seconds, max(1, rate // PROBES), CONTACTS, seed, f"{PROBE}{rate}-")


def _rest(worker: Meter, broker: Meter, seconds: float) -> Spent:
    """What is used while nobody sends anything."""
    before = worker.read(), broker.read()
    threading.Event().wait(seconds)
    return _since(before, worker, broker)


def _since(before: tuple[Usage, Usage], worker: Meter, broker: Meter) -> Spent:
    used, beside = worker.read().since(before[0]), broker.read().since(before[1])
    return Spent(used.cpu_seconds, beside.cpu_seconds, used.wall_seconds)


def keep_pace_with_probes(place: Rig, meters: tuple[Meter, Meter], pace: Pace) -> Delays:
    """What a running worker does with events at a pace; `meters`: of it and of the broker."""
    worker, broker = meters
    file = place.folder / "acknowledged.json"
    command = [sys.executable, "-m", "benchmarks.pipeline.pacing", str(file)]
    told = json.dumps(asdict(replace(pace, partitions=place.settings.partitions)))
    environment = {**os.environ, **place.stack.environment, PACE: told}
    with sightings(place.deployment.redis, pace.prefix) as watching:
        before = worker.read(), broker.read()
        subprocess.run(command, cwd=_ROOT, env=environment, check=True)
        acknowledged: dict[str, float] = json.loads(file.read_bytes())
        seen = watching.wait_for(len(acknowledged), PATIENCE_S)
        spent = _since(before, worker, broker)
    delays = delays_of(acknowledged, seen, min(acknowledged.values()) + SETTLE_S)
    return Delays(delays, spent, round(pace.rate * pace.seconds))
