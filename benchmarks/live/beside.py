"""What a running worker needs for contacts who are in ten experiments each, beside others who are in none.

Half of its contacts are, and of the others the very same is known. Interactions of the ones and of the others come in
turn, a second or two of work each, so that what neighbours do to the machine meets both. Of two loads: an ordinary one,
most of which is mail, and the worst, in which whatever anybody does moves the outcomes of all ten.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, median
from typing import TypeAlias

from benchmarks.live import metered
from benchmarks.live.crowd import EACH, EXPERIMENTS, gift, ordinary, something, states
from benchmarks.live.pacing import GIFTS
from benchmarks.live.suite import METERED, PATIENT, count_everybody, define, read
from benchmarks.live.watching import topic_watched
from benchmarks.pipeline.flow import flow
from benchmarks.pipeline.rig import Rig, must_run, rig
from benchmarks.pipeline.sayings import Saying
from benchmarks.pipeline.states import write_states
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench
from streams.demo.workers import Workers

ORDINARY, WORST = "ordinary mix", "every interaction moves ten experiments"
KEPT = {ORDINARY: Goal("at least", 0.8), WORST: Goal("at least", 0.7)}
METER_FILE = "meter.json"
WHOSE = metered.CONTACTS, metered.THREADS


@dataclass(frozen=True, slots=True)
class Size:
    """`pairs` of `counted` interactions with people who are in experiments and as many with others, of each load."""

    contacts: int
    pairs: int
    counted: int


FULL = Size(100_000, 8, 6_000)
QUICK = Size(10_000, 2, 1_000)

Used: TypeAlias = Mapping[str, float]
"""CPU µs an interaction, by whom."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs right after each other: with people who are in no experiment, and with those who are."""

    without: Used
    within: Used


def beside(bench: Bench) -> Section:
    """The suite."""
    size = QUICK if bench.quick else FULL
    rounds = [asyncio.run(_round(bench, size, bench.seed + number)) for number in range(bench.rounds)]
    note = (
        f"{size.contacts:,} contacts, half of them in {EACH} of {EXPERIMENTS:,} experiments (every second defined), "
        f"the others in none. {size.pairs} times in turn {size.counted:,} interactions of either half, visible at one "
        "moment. Ordinary: a third is mail that carries an experiment. The other load: opens, clicks, replies, knocks, "
        f"one in {GIFTS} a gift. CPU of the contacts agent by callbacks of the worker's loop, with its transactions "
        "and sending"
    )
    return Section("Contacts with experiments in a running worker", _figures(rounds), (note,))


def _figures(rounds: Sequence[Mapping[str, Sequence[Pair]]]) -> tuple[Figure, ...]:
    figures = []
    for load, goal in KEPT.items():
        found = [each[load] for each in rounds]
        for whose in WHOSE:
            without = tuple(fmean(pair.without[whose] for pair in pairs) for pairs in found)
            within = tuple(fmean(pair.within[whose] for pair in pairs) for pairs in found)
            figures.append(Figure(f"{load}, without", f"CPU, {whose}", "µs an interaction", without))
            figures.append(Figure(f"{load}, with", f"CPU, {whose}", "µs an interaction", within))
        figures.append(Figure("throughput kept", load, "of 1", tuple(map(kept, found)), goal))
    return tuple(figures)


def kept(pairs: Sequence[Pair]) -> float:
    """The share of its throughput that the contacts agent keeps with experiments: the middle one of all pairs."""
    return median(pair.without[metered.CONTACTS] / pair.within[metered.CONTACTS] for pair in pairs)


async def _round(bench: Bench, size: Size, seed: int) -> Mapping[str, Sequence[Pair]]:
    with rig(bench.home) as place:
        settings, now, half = place.settings, time.time_ns() // 1_000_000, size.contacts // 2
        others = states(range(half, size.contacts), now, seed, settings.hasher, in_experiments=False)
        await write_states(settings, states(range(half), now, seed, settings.hasher))
        await write_states(settings, others)
        define(place)
        with place.worker(METERED, {metered.METER: str(place.folder / METER_FILE), **PATIENT}) as workers:
            async with topic_watched(settings, lambda: must_run(workers)) as results:
                await count_everybody(place, results, half * EACH)
            run = _Run(bench, size, place, workers, Random(seed))
            return {load: await run.pairs(load) for load in KEPT}


class _Run:
    """Loads of one worker. Each id is said once."""

    def __init__(self, bench: Bench, size: Size, place: Rig, workers: Workers, rng: Random) -> None:
        self._bench = bench
        self._size = size
        self._place = place
        self._workers = workers
        self._rng = rng
        self._said = 0

    async def pairs(self, load: str) -> Sequence[Pair]:
        await self._used(load, in_experiments=False)  # what the first one meets is another worker than the next ones
        await self._used(load, in_experiments=True)
        found = []
        for number in range(self._size.pairs):
            first = bool(number % 2)
            used = {each: await self._used(load, in_experiments=each) for each in (first, not first)}
            found.append(Pair(used[False], used[True]))
        self._bench.say(f"{load}: {kept(found):.2f} is kept; {_rounded(found[-1])}")
        return found

    async def _used(self, load: str, *, in_experiments: bool) -> Used:
        records = self._place.records(self._sayings(load, in_experiments=in_experiments))
        meter = self._place.folder / METER_FILE
        before = read(meter)
        await flow(self._place, self._workers, records)
        after = read(meter)
        return {whose: (after[whose] - before.get(whose, 0.0)) / self._size.counted * 1e6 for whose in after}

    def _sayings(self, load: str, *, in_experiments: bool) -> Iterator[Saying]:
        rng, now, half = self._rng, time.time_ns() // 1_000_000, self._size.contacts // 2
        for number in range(self._size.counted):
            person, id_ = rng.randrange(half) + (0 if in_experiments else half), f"{load[0]}{self._said}"
            self._said += 1
            if load == ORDINARY:
                yield ordinary(rng, person, id_, now, in_experiments=in_experiments)
            elif number % GIFTS:
                yield something(rng, person, id_, now)
            else:
                yield gift(person, 1 << rng.randrange(20), id_, now)


def _rounded(pair: Pair) -> str:
    return f"{_said(pair.without)} without, {_said(pair.within)} with"


def _said(used: Used) -> str:
    return ", ".join(f"{whose} {used[whose]:.0f} µs" for whose in WHOSE)
