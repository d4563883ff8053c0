"""How long each page takes while many look at all of them on an election night.

The desk has a million contacts, nine days of figures and as many events as it keeps; interactions and profiles come
in at a steady pace and are followed by `harmonia console follow`. No worker runs meanwhile, as where it has machines of
its own; what a console costs a worker that has to share is measured apart, in turn with and without.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from urllib.parse import quote

import aiohttp

from benchmarks.asking.people import tell_whole as tell_contacts
from benchmarks.console.beside import BesideSize, Pair, pairs_of
from benchmarks.console.contacts import fill_redis
from benchmarks.console.feed import Feed
from benchmarks.console.filling import DeskSize, begin_here, fill_desk
from benchmarks.console.readers import READERS, Looked, looking, reported
from benchmarks.console.results import EXPERIMENTS, tell_whole, write_results
from benchmarks.console.site import Site, fed, files, fill_lake, site
from benchmarks.desk.load import CAMPAIGNS_A_DAY, REGIONS, campaign_of, fragment_of
from benchmarks.live.suite import at
from benchmarks.pipeline.rig import Rig, rig
from benchmarks.processes import Meter, Usage
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench
from streams.services.console.desk import Desk
from streams.services.console.desk_reading import freshness
from streams.services.console.pages.person_alerts import RULES

PAGE = Goal("at most", 200)
TIMELINE = "/people/{id}"
TIMELINE_S = Goal("at most", 2)
BESIDE = Goal("at most", 1.03)
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Size:
    """`rate` interactions a second; `people` have a page, which `tabs` look at for `seconds` after `warm`."""

    desk: DeskSize
    rate: int
    tabs: int
    warm: float
    seconds: float
    people: int
    beside: BesideSize


FULL = Size(
    desk=DeskSize(1_000_000, 2_500_000, 500_000),
    rate=2_000,
    tabs=100,
    warm=60,
    seconds=600,
    people=20_000,
    beside=BesideSize(50_000, 30_000, pairs=5, counted=40_000, tabs=100),
)
QUICK = Size(
    desk=DeskSize(20_000, 60_000, 20_000, kept=50_000),
    rate=300,
    tabs=24,
    warm=20,
    seconds=60,
    people=500,
    beside=BesideSize(2_000, 3_000, pairs=1, counted=5_000, tabs=24),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of the looking. `ages`: seconds that the desk was behind the topics; `behind`: records in the end."""

    looked: Looked
    console: Usage
    follower: Usage
    ages: Sequence[float]
    behind: int


def console(bench: Bench) -> Section:
    """Measure both, in one round: it is long, and each page is asked for hundreds of times."""
    size = QUICK if bench.quick else FULL
    seen = _pages(bench, size)
    bench.say(f"the pages were looked at for {size.warm + size.seconds:.0f} s")
    began = time.monotonic()
    pairs = asyncio.run(pairs_of(bench, size.beside, address_of))
    bench.say(f"the worker was measured in turn with and without in {time.monotonic() - began:.0f} s")
    desk = size.desk
    note = (
        f"{desk.contacts:,} contacts, {desk.events + desk.earlier:,} interactions of nine days, of which the desk "
        f"keeps {desk.kept:,} at most; {size.rate:,} more a second, each with a profile, followed by the real process. "
        f"{size.tabs} tabs of {len(READERS)} people with different rights for {size.seconds:.0f} s, a page each for 8 "
        "to 16 s, live meanwhile. A page: from the request to its last byte. Everything is on this machine"
    )
    refused = ", ".join(f"{count} times {what}" for what, count in sorted(seen.looked.refused.items()))
    notes = (note, f"Not answered with a page: {refused}") if refused else (note,)
    return Section("The console's pages under load", (*_figures(seen), *_beside(pairs)), notes)


def _figures(seen: Seen) -> Iterator[Figure]:
    for name, seconds in sorted(seen.looked.seconds.items()):
        taken = sorted(1000 * each for each in seconds)
        yield Figure(name, "p50", "ms", (statistics.median(taken),))
        yield Figure(name, "p95", "ms", (at(taken, 0.95),), PAGE)
        yield Figure(name, "most", "ms", (taken[-1],))
        yield Figure(name, "loads", "", (len(taken),))
    timeline = sorted(seen.looked.seconds[TIMELINE])
    yield Figure("a person with a timeline", "p95 of the page", "s", (at(timeline, 0.95),), TIMELINE_S)
    yield Figure("the desk behind the topics", "p95 of its age", "s", (at(sorted(seen.ages), 0.95),), TIMELINE_S)
    yield Figure("the desk", "behind in the end", "records", (seen.behind,))
    yield Figure("streams", "events sent", "a second", (seen.looked.changes / seen.console.wall_seconds,))
    for name, used in (("console", seen.console), ("follower", seen.follower)):
        yield Figure(name, "CPU used", "cores", (used.cpu_seconds / used.wall_seconds,))
        yield Figure(name, "memory at most, with pages of the desk that are mapped", "MB", (used.peak_rss / 1e6,))
        yield Figure(name, "memory at most, its own", "MB", (used.peak_own / 1e6,))


def _beside(pairs: Sequence[Pair]) -> Iterator[Figure]:
    yield Figure("worker without a console", "CPU", "µs an event", tuple(each.without for each in pairs))
    yield Figure("worker beside one", "CPU", "µs an event", tuple(each.beside for each in pairs))
    yield Figure("worker", "CPU to that without", "", tuple(each.beside / each.without for each in pairs), BESIDE)


def address_of(name: str, rng: Random, region: str | None = None, people: int = QUICK.people, date: str = "") -> str:
    """A path of a page of this name. `region`: the one of whoever looks, None for who sees all."""
    region = region or rng.choice(REGIONS)
    return name.format_map(
        {
            "campaign": quote(campaign_of(time.time_ns() // 1_000_000, rng.randrange(CAMPAIGNS_A_DAY))),
            "region": region,
            "experiment": rng.choice(EXPERIMENTS),
            "date": date or (datetime.now(UTC).date() - timedelta(days=1)).isoformat(),
            "rule": rng.choice(RULES),
            "id": fragment_of(rng.randrange(REGIONS.index(region), people, len(REGIONS))),
            "runbook": "permissions-stale",
        }
    )


def _pages(bench: Bench, size: Size) -> Seen:
    with rig(bench.home) as place:
        desk = place.folder / "desk.sqlite"
        environment = files(place.folder / "console", desk)
        date = fill_lake(place, Path(environment["HARMONIA_LAKE"]), size.desk.contacts, bench.seed)
        began = time.monotonic()
        fill_desk(desk, size.desk, time.time_ns() // 1_000_000, bench.seed)
        bench.say(f"the desk is filled after {time.monotonic() - began:.0f} s")
        begin_here(desk, place.settings)
        began = time.monotonic()
        asyncio.run(fill_redis(place.settings, size.people, bench.seed))
        asyncio.run(write_results(place.settings, time.time_ns() // 1_000_000, bench.seed))
        feed = Feed(size.rate, size.desk.contacts, bench.seed + 7)
        with site(place, environment) as running:
            asyncio.run(reported(running.url, date))
            bench.say(f"Redis and the report of a day are filled after {time.monotonic() - began:.0f} s")
            with fed(place, feed):
                return asyncio.run(_look(bench, size, place, running, desk, date))


async def _look(  # noqa: PLR0913, PLR0917 (each is a part of it)
    bench: Bench, size: Size, place: Rig, running: Site, desk: Path, date: str
) -> Seen:
    def address(name: str, rng: Random, region: str | None) -> str:
        return address_of(name, rng, region, size.people, date)

    async with asyncio.TaskGroup() as group:
        telling = group.create_task(_keep_telling(place, size.people))
        async with looking(running.url, size.tabs, address, bench.seed) as looked:
            await asyncio.sleep(size.warm)
            looked.clear()
            ages: list[float] = []
            with Meter([running.console]) as console_meter, Meter([running.follower]) as follower_meter:
                until = time.monotonic() + size.seconds
                while time.monotonic() < until:
                    await asyncio.sleep(LOOK_EVERY_S)
                    ages.append(await asyncio.to_thread(_age, desk))
                used = console_meter.read(), follower_meter.read()
            behind = await _behind(running.metrics)
            telling.cancel()
    return Seen(looked, *used, ages, behind)


def _age(path: Path) -> float:
    """Seconds since the desk had all that was in `interactions`."""
    now = time.time_ns() // 1_000_000
    desk = Desk.open(path)
    try:
        as_of = freshness(desk, now)["interactions"].as_of_ms
    finally:
        desk.close()
    return float("inf") if as_of is None else (now - as_of) / 1000


async def _behind(metrics: str) -> int:
    async with aiohttp.ClientSession() as client, client.get(metrics) as answer:
        lines = (await answer.text()).splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("harmonia_desk_behind_records{"))


async def _keep_telling(place: Rig, people: int) -> None:
    """Say that Redis is complete, as workers do all along."""
    while True:
        await tell_contacts(place.settings, people)
        await tell_whole(place.settings)
        await asyncio.sleep(1)
