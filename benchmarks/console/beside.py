"""What a worker uses for an event with a console beside it that many look at, and without, in turn."""

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.console.readers import Addresses, looking
from benchmarks.console.site import files, site
from benchmarks.pipeline.flow import Flow, flow
from benchmarks.pipeline.prefill import prefill
from benchmarks.pipeline.rig import Rig, rig
from benchmarks.pipeline.sayings import sayings
from benchmarks.suites import Bench
from streams.demo.workers import Workers

SETTLE_S = 16.0
"""How long tabs open before they count."""


@dataclass(frozen=True, slots=True)
class BesideSize:
    """`pairs` of `counted` events with the console and as many without; `warm` events before."""

    contacts: int
    warm: int
    pairs: int
    counted: int
    tabs: int


@dataclass(frozen=True, slots=True)
class Pair:
    """CPU µs of the worker for an event, without a console and with one."""

    without: float
    beside: float


async def pairs_of(bench: Bench, size: BesideSize, address_of: Addresses) -> list[Pair]:
    """Each pair in another order than the one before, so that what neighbours do to the machine meets both."""
    found = []
    now = time.time_ns() // 1_000_000
    with rig(bench.home) as place:
        environment = files(place.folder / "console", place.folder / "desk.sqlite")
        await prefill(place.settings, place.records(sayings(size.contacts, size.warm, bench.seed, now)))
        with place.worker() as workers:
            place.until_all_in_redis(workers, time.monotonic)
            bench.say(f"the worker has taken in {size.warm:,} events of {size.contacts:,} people")
            for number in range(size.pairs):
                used: dict[bool, float] = {}
                for is_beside in (bool(number % 2), not number % 2):
                    with ExitStack() as beside:
                        seed = bench.seed + 2 * number + is_beside + 1
                        if is_beside:
                            url = beside.enter_context(site(place, environment)).url
                            async with looking(url, size.tabs, address_of, seed):
                                await asyncio.sleep(SETTLE_S)
                                used[is_beside] = (await _flow(place, workers, size, seed)).cpu_micros
                        else:
                            used[is_beside] = (await _flow(place, workers, size, seed)).cpu_micros
                found.append(Pair(used[False], used[True]))
                bench.say(f"worker: {found[-1].without:.1f} µs an event, {found[-1].beside:.1f} beside the console")
    return found


async def _flow(place: Rig, workers: Workers, size: BesideSize, seed: int) -> Flow:
    now = time.time_ns() // 1_000_000
    records = place.records(sayings(size.contacts, size.counted, seed, now))
    # In a loop of its own: it waits without one for the last record, and tabs go on meanwhile.
    return await asyncio.to_thread(lambda: asyncio.run(flow(place, workers, records)))
