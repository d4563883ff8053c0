"""How long nothing new reaches Redis when a worker is killed and starts again with the store that it had.

Most of it is waiting: the group gives a dead member its session before others, or its own next life, may have its
partitions. A worker that is asked to stop leaves the group, so the same restart without a kill shows the rest.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.pipeline.pacing import PACE, PROBE, Pace
from benchmarks.pipeline.rig import Rig, rig
from benchmarks.pipeline.sightings import sightings
from benchmarks.pipeline.states import fill_changelog
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench

CONTACTS, QUICK_CONTACTS = 200_000, 5_000
RATE, SECONDS = 100, 30.0
PATIENCE_S = 60.0
BEYOND = Goal("at most", 2.0)
KILLED, ASKED = "killed (kill -9)", "asked to stop (SIGTERM)"
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Gap:
    """Seconds from the signal until the next worker works on its partitions, and until something new is in Redis."""

    working: float
    in_redis: float


def takeover(bench: Bench) -> Section:
    """The suite."""
    contacts = QUICK_CONTACTS if bench.quick else CONTACTS
    killed, asked = [], []
    for number in range(bench.rounds):
        with rig(bench.home) as place:
            asyncio.run(fill_changelog(place.settings, contacts, time.time_ns() // 1_000_000, bench.seed + number))
            killed.append(_gap(place, signal.SIGKILL))
            asked.append(_gap(place, signal.SIGTERM))
            session = place.settings.session_timeout_s
        bench.say(f"killed: {killed[-1].in_redis:.1f} s, asked to stop: {asked[-1].in_redis:.1f} s")
    note = (
        f"A worker with {contacts:,} contacts in its store and {RATE} events/s coming in; started again at once in the "
        f"same place. The session timeout is {session:.0f} s; seconds are those from the signal"
    )
    later = tuple(gap.working - session for gap in killed)
    beyond = Figure(KILLED, "works again, beyond the session", "s", later, BEYOND)
    return Section("Takeover", (*_figures(KILLED, killed), *_figures(ASKED, asked), beyond), (note,))


def first_new(acknowledged: Mapping[str, float], seen: Mapping[str, float], since: float) -> float:
    """Seconds from `since` until the first probe that was acknowledged later is seen."""
    return min(seen[probe] for probe, at in acknowledged.items() if at > since) - since


def _figures(subject: str, gaps: list[Gap]) -> tuple[Figure, ...]:
    return (
        Figure(subject, "until it works again", "s", tuple(each.working for each in gaps)),
        Figure(subject, "until something new is in Redis", "s", tuple(each.in_redis for each in gaps)),
    )


def _gap(place: Rig, number: signal.Signals) -> Gap:
    """Every probe must arrive in the end, those of the gap too."""
    prefix = f"{PROBE}{number.name.lower()}-"
    with sightings(place.deployment.redis, prefix) as watching, _probes(place, prefix) as (pacing, file):
        workers = place.start_worker()
        try:
            watching.wait_for(RATE, PATIENCE_S)
            at = time.monotonic()
            workers.stop(number)
            workers = place.start_worker()
            working = time.monotonic() - at
            if pacing.wait(PATIENCE_S):
                raise subprocess.CalledProcessError(pacing.returncode, pacing.args)
            acknowledged: dict[str, float] = json.loads(file.read_bytes())
            seen = watching.wait_for(len(acknowledged), PATIENCE_S)
        finally:
            workers.stop()
    return Gap(working, first_new(acknowledged, seen, at))


@contextmanager
def _probes(place: Rig, prefix: str) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    file = place.folder / "acknowledged.json"
    pace = Pace(RATE, SECONDS, probe_every=1, contacts=1, seed=0, prefix=prefix)
    command = [sys.executable, "-m", "benchmarks.pipeline.pacing", str(file)]
    environment = {**os.environ, **place.stack.environment, PACE: json.dumps(asdict(pace))}
    pacing = subprocess.Popen(command, cwd=_ROOT, env=environment)
    try:
        yield pacing, file
    finally:
        pacing.kill()
        pacing.wait()
