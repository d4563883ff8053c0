"""What a worker needs, in memory and CPU, as its contacts grow from ten thousand to a million.

The states come to the worker as they would after a lost disk: from the changelog, into its own store. Then interactions
with contacts drawn evenly out of all of them go through the pipeline, so hardly any state is in a cache.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.pipeline.flow import Flow, flow
from benchmarks.pipeline.prefill import prefill
from benchmarks.pipeline.rig import rig
from benchmarks.pipeline.sayings import sayings
from benchmarks.pipeline.states import fill_changelog
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench

MEMORY = Goal("at most", 600)
KEPT = Goal("at least", 0.8)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many contacts, least first; `warm` interactions before those that count."""

    contacts: tuple[int, ...]
    warm: int
    counted: int


FULL = Sizes((10_000, 100_000, 1_000_000), warm=10_000, counted=50_000)
QUICK = Sizes((1_000, 5_000, 20_000), warm=1_000, counted=4_000)


@dataclass(frozen=True, slots=True)
class Held:
    """One run: what went through, and the worker's largest resident size in bytes since it started."""

    flow: Flow
    peak_rss: int


def contacts(bench: Bench) -> Section:
    """The suite: all sizes in each round, so that a slow hour of the machine meets all of them."""
    sizes = QUICK if bench.quick else FULL
    found: dict[int, list[Held]] = {size: [] for size in sizes.contacts}
    for number in range(bench.rounds):
        for size in sizes.contacts:
            found[size].append(asyncio.run(_round(bench, size, sizes, bench.seed + number)))
    note = (
        f"{sizes.counted:,} interactions with contacts drawn evenly, whose states a new worker has taken over from the "
        "changelog before. Memory: resident size of the worker process, while it works and at most since its start, "
        f"the take-over included; goal {MEMORY.bound} {MEMORY.value:g} MB"
    )
    figures = [figure for size in sizes.contacts for figure in _figures(size, found[size])]
    return Section("Memory and throughput by contacts", (*figures, *_kept(found)), (note,))


def kept(small: list[float], large: list[float]) -> tuple[float, ...]:
    """The share of its throughput that a worker keeps, round by round."""
    return tuple(grown / before for before, grown in zip(small, large, strict=True))


def _kept(found: dict[int, list[Held]]) -> tuple[Figure, Figure]:
    small, large = found[min(found)], found[max(found)]
    subject = f"{max(found):,} against {min(found):,} contacts"
    cpu = kept([each.flow.per_core_second for each in small], [each.flow.per_core_second for each in large])
    wall = kept([each.flow.per_second for each in small], [each.flow.per_second for each in large])
    return (
        Figure(subject, "throughput kept, by CPU", "of 1", cpu, KEPT),
        Figure(subject, "throughput kept, by wall", "of 1", wall, KEPT),
    )


def _figures(size: int, found: list[Held]) -> tuple[Figure, ...]:
    subject = f"{size:,} contacts"
    return (
        Figure(subject, "memory at work", "MB", tuple(each.flow.used.peak_rss / 1e6 for each in found)),
        Figure(subject, "peak memory", "MB", tuple(each.peak_rss / 1e6 for each in found), MEMORY),
        Figure(subject, "CPU", "µs per event", tuple(each.flow.cpu_micros for each in found)),
        Figure(subject, "wall", "events per second", tuple(each.flow.per_second for each in found)),
    )


async def _round(bench: Bench, size: int, sizes: Sizes, seed: int) -> Held:
    now = time.time_ns() // 1_000_000
    added = (sizes.warm + sizes.counted) // size
    with rig(bench.home) as place:
        # Every size is to fold onto states of the same length, and few contacts grow while they are measured.
        await fill_changelog(place.settings, size, now, seed, fewer_facts=added // 2)
        await prefill(place.settings, place.records(sayings(size, sizes.warm, seed, now)))
        with place.worker() as workers:
            place.until_all_in_redis(workers, time.monotonic)
            found = await flow(place, workers, place.records(sayings(size, sizes.counted, seed + 1000, now)))
            held = Held(found, peak_rss(workers.process.pid))
    bench.say(f"{size:,} contacts: {found.cpu_micros:.1f} µs of CPU per event, at most {held.peak_rss / 1e6:.0f} MB")
    return held


def peak_rss(pid: int) -> int:
    """The largest resident size so far, in bytes; of today where the system does not remember it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return int(psutil.Process(pid).memory_info().rss)
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
