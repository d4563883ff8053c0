"""How fast a worker that has lost its disk gets its states back from the changelog, into RocksDB."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.pipeline.restoring import Restored
from benchmarks.pipeline.rig import Rig, rig
from benchmarks.pipeline.states import fill_changelog
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench, BenchmarkFailed

RECORDS, QUICK_RECORDS = 1_000_000, 20_000
PER_SECOND = Goal("at least", 200_000)
_SUBJECT = "recovery"
_ROOT = Path(__file__).parents[2]


class NotAll(BenchmarkFailed):
    """A recovery that read another number of records than there are."""


def recovery(bench: Bench) -> Section:
    """The suite: one changelog, read by an empty worker in each round."""
    records = QUICK_RECORDS if bench.quick else RECORDS
    now = time.time_ns() // 1_000_000
    with rig(bench.home) as place:
        size = asyncio.run(fill_changelog(place.settings, records, now, bench.seed))
        found = [_round(place, records) for _ in range(bench.rounds)]
    for each in found:
        bench.say(f"{each.records / each.wall_seconds:,.0f} changelog records/s")
    note = (
        f"A changelog of {records:,} contacts of {size:,.0f} bytes on average, taken over by a process with empty "
        "stores, all partitions at once: from the first fence to the last record in RocksDB"
    )
    return Section("Recovery of an empty worker", _figures(found), (note,))


def _figures(found: list[Restored]) -> tuple[Figure, ...]:
    rates = tuple(each.records / each.wall_seconds for each in found)
    cpu = tuple(each.cpu_seconds / each.records * 1e6 for each in found)
    peak = tuple(each.peak_bytes / 1e6 for each in found)
    return (
        Figure(_SUBJECT, "changelog records restored", "per second", rates, PER_SECOND),
        Figure(_SUBJECT, "CPU", "µs per changelog record", cpu),
        Figure(_SUBJECT, "peak memory", "MB", peak),
    )


def _round(place: Rig, records: int) -> Restored:
    with tempfile.TemporaryDirectory(dir=place.folder) as stores:
        command = [sys.executable, "-m", "benchmarks.pipeline.restoring", stores]
        environment = {**os.environ, **place.stack.environment}
        done = subprocess.run(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    found = Restored(**json.loads(done.stdout))
    # The markers of the transactions that wrote it are no records.
    if found.records != records:
        raise NotAll(f"{found.records} of {records} changelog records were read")
    return found
