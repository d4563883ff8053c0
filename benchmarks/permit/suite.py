"""How long `harmonia permit` takes for a million rows, run as a person at a terminal would run it."""

import os
import resource
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import orjson

from benchmarks.permit.filling import fill, looked_after
from benchmarks.permit.people import audience
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench, BenchmarkFailed
from events.times import render_time
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import create_topics

PEOPLE, QUICK_PEOPLE = 250_000, 5_000
ROWS, QUICK_ROWS = 1_000_000, 20_000
_DAY_MS = 86_400_000
AT_MS = (time.time_ns() // 1_000_000 // _DAY_MS + 1) * _DAY_MS + 19 * 3_600_000
"""Tomorrow at a time when nobody in the country is asleep: times that are past may not be asked about."""
LIMIT = Goal("at most", 60)
PROCESSES = (1, 2)
_PATIENCE_S = 600.0
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds that one run took, those of CPU of all its processes, and how many rows of it were allowed."""

    seconds: float
    cpu_seconds: float
    allowed: int


def permit(bench: Bench) -> Section:
    """Measure the command with one process and with two."""
    people, rows = (QUICK_PEOPLE, QUICK_ROWS) if bench.quick else (PEOPLE, ROWS)
    settings = Settings(_env_file=None, kafka_bootstrap=bench.stack.kafka_bootstrap, redis_url=bench.stack.redis_url)
    bench.home.mkdir(parents=True, exist_ok=True)
    given = bench.home / "audience.csv"
    with given.open("wb") as file:
        file.writelines(audience(people, rows, Random(bench.seed)))
    with closing(KafkaClients(settings).admin()) as admin:
        create_topics(admin, settings)  # each list is written down in audit-log
    fill(settings, people, bench.seed, AT_MS)
    figures = []
    for processes in PROCESSES:
        with looked_after(settings):
            runs = [_run(bench, given, rows, processes) for _ in range(bench.rounds)]
        subject = f"{processes} process{'es' if processes > 1 else ''}"
        goal = LIMIT if processes > 1 and not bench.quick else None
        figures.append(Figure(subject, "from start to end", "s", tuple(run.seconds for run in runs), goal))
        micros = tuple(run.cpu_seconds / rows * 1e6 for run in runs)
        figures.append(Figure(subject, "CPU besides Redis", "µs a row", micros))
        bench.say(f"{subject}: {min(run.seconds for run in runs):.1f} s, {runs[0].allowed:,} allowed")
    size = given.stat().st_size / 1e6
    given.unlink()
    note = (
        f"{rows:,} rows ({size:.0f} MB) against {people:,} profiles. Nine tenths of the rows are known people, by "
        "VANID, address and phone, each judged by the default policy, one tenth is nobody; the denied go to a file too"
    )
    return Section("An audience judged", tuple(figures), (note,))


def _run(bench: Bench, given: Path, rows: int, processes: int) -> Run:
    allowed, denied = bench.home / "allowed.csv", bench.home / "denied.csv"
    words = (
        "--channel",
        "email",
        "--purpose",
        "fundraising",
        "--team",
        "digital",
        "--at",
        render_time(AT_MS),
        "--json",
    )
    command = [sys.executable, "-m", "streams.cli.main", "permit", *words, "--denied", str(denied)]
    began, used = time.monotonic(), _cpu_of_children()
    with given.open("rb") as source, allowed.open("wb") as target:
        ended = subprocess.run(
            [*command, "--processes", str(processes)],
            cwd=_ROOT,
            env={**os.environ, **bench.stack.environment},
            stdin=source,
            stdout=target,
            stderr=subprocess.PIPE,
            timeout=_PATIENCE_S,
            check=False,
        )
    seconds, cpu_seconds = time.monotonic() - began, _cpu_of_children() - used
    if ended.returncode:
        raise BenchmarkFailed(f"harmonia permit ended with {ended.returncode}: {ended.stderr.decode()[-500:]}")
    said = orjson.loads(ended.stderr)
    if said["rows"] != rows:
        raise BenchmarkFailed(f"{said['rows']} rows were judged, not {rows}")
    for file in (allowed, denied):
        file.unlink()
    return Run(seconds, cpu_seconds, said["allowed"])


def _cpu_of_children() -> float:
    """Of those that have ended, and of whatever they started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
