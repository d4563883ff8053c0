"""How long a profile is behind: from the producer's acknowledgement to its place in Redis, at 2,000 events a second.

Measured from outside and for each probe by itself: a producer process notes acknowledgements (`pacing`), Redis says
when it has the contact (`sightings`), both by the machine's one monotonic clock.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path

from benchmarks.pipeline.pacing import PACE, PROBE, Pace
from benchmarks.pipeline.prefill import prefill
from benchmarks.pipeline.rig import Rig, rig
from benchmarks.pipeline.sayings import sayings
from benchmarks.pipeline.sightings import sightings
from benchmarks.processes import Meter
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench
from streams.demo.workers import Workers

WARM_RECORDS = 20_000
SETTLE_S = 5.0
"""Of the steady load, before probes count."""
PATIENCE_S = 30.0
P50, P99 = Goal("at most", 30), Goal("at most", 120)
_SUBJECT = "acknowledged to Redis"
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Delays:
    """What one run found: seconds of each probe, in order of size, and the worker's CPU for each event."""

    seconds: Sequence[float]
    cpu_micros: float

    def millis(self, share: float) -> float:
        """The delay in ms that this share of the probes kept within."""
        return self.seconds[max(0, ceil(share * len(self.seconds)) - 1)] * 1000


def latency(bench: Bench) -> Section:
    """The suite."""
    found = []
    for number in range(bench.rounds):
        pace = Pace(2000, 8 if bench.quick else 35, 20, 20_000, bench.seed + number)
        found.append(asyncio.run(_round(bench.home, pace)))
        bench.say(f"p50 {found[-1].millis(0.5):.0f} ms, p99 {found[-1].millis(0.99):.0f} ms")
    note = (
        "2,000 events/s steady, one in twenty a probe: a contact of its own, from the acknowledgement that its "
        f"producer sees to Redis' notice of its key; {len(found[0].seconds):,} probes a run, "
        f"the first {SETTLE_S:.0f} s left out"
    )
    return Section("Latency", _figures(found), (note,))


def delays_of(acknowledged: Mapping[str, float], seen: Mapping[str, float], since: float) -> list[float]:
    """Seconds of each probe that was acknowledged after `since`, in order of size."""
    return sorted(seen[probe] - at for probe, at in acknowledged.items() if at >= since)


def _figures(found: list[Delays]) -> tuple[Figure, ...]:
    return (
        Figure(_SUBJECT, "p50", "ms", tuple(each.millis(0.5) for each in found), P50),
        Figure(_SUBJECT, "p99", "ms", tuple(each.millis(0.99) for each in found), P99),
        Figure(_SUBJECT, "longest", "ms", tuple(each.millis(1) for each in found)),
        Figure(_SUBJECT, "CPU of the worker at this pace", "µs per event", tuple(each.cpu_micros for each in found)),
    )


async def _round(home: Path, pace: Pace) -> Delays:
    now = time.time_ns() // 1_000_000
    with rig(home) as place:
        await prefill(place.settings, place.records(sayings(pace.contacts, WARM_RECORDS, pace.seed, now)))
        with place.worker() as workers:
            place.until_all_in_redis(workers, time.monotonic)
            return _measure(place, workers, pace)


def _measure(place: Rig, workers: Workers, pace: Pace) -> Delays:
    file = place.folder / "acknowledged.json"
    command = [sys.executable, "-m", "benchmarks.pipeline.pacing", str(file)]
    told = json.dumps(asdict(replace(pace, partitions=place.settings.partitions)))
    environment = {**os.environ, **place.stack.environment, PACE: told}
    with sightings(place.deployment.redis, PROBE) as watching, Meter([workers.process.pid]) as meter:
        subprocess.run(command, cwd=_ROOT, env=environment, check=True)
        used = meter.read()
        acknowledged: dict[str, float] = json.loads(file.read_bytes())
        seen = watching.wait_for(len(acknowledged), PATIENCE_S)
    delays = delays_of(acknowledged, seen, min(acknowledged.values()) + SETTLE_S)
    return Delays(delays, used.cpu_seconds / (pace.rate * pace.seconds) * 1e6)
