"""Segments in a running worker: how soon entries and exits are told, what a backfill takes from live traffic, previews.

One worker over all partitions of a stack of its own, and as many contacts as there are to be, taken over from the
changelog. Then: a load at once, without a backfill and while one runs; a steady load in which new people enter a
segment and leave it a minute later, and half of it; previews under such a load; everybody due at one moment, also under
it; and previews of a worker that was started anew, while nothing else happens.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

from benchmarks.pipeline.pacing import PACE, Pace
from benchmarks.pipeline.prefill import Records, prefill, prefilled
from benchmarks.pipeline.rig import Rig, must_run, rig
from benchmarks.pipeline.sayings import sayings
from benchmarks.pipeline.states import fill_changelog
from benchmarks.results import Figure, Goal, Section
from benchmarks.segments.load import definitions
from benchmarks.segments.tellings import tellings
from benchmarks.suites import Bench, BenchmarkFailed
from events.topics import SEGMENT_DEFINITIONS
from streams.cli.segments import read_totals
from streams.demo.deployment import counted
from streams.demo.segments import state_the_time
from streams.demo.workers import Workers
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_files import definition_json, read_segment
from streams.domain.segments.previews import PreviewQuestion, preview_question
from streams.operations.definition_copies import write_copies
from streams.services.segment_preview import ask_for_preview

PROBES = 50
"""New people a second in the steady load."""
SETTLE_S = 5.0
"""Of the steady load, before probes count."""
FRESH, FRESH_S = "fresh", 60.0
"""The segment of whoever was first heard of within a minute."""
ANYBODY, SEEN = "anybody", "seen"
"""Those of everybody, and of everybody who was heard of within a year."""
_INTERACTIONS = "harmonia_interactions_total"
_LEAP_MS = 2 * 365 * 86_400_000
PATIENCE_S = 120.0
PREVIEW_PATIENCE_S = 120.0
BACKFILL_PATIENCE_S = 1_800.0
_LOOK_AGAIN_S = 0.1
_ROOT = Path(__file__).parents[2]
ENTRY, EXIT = Goal("at most", 1.0), Goal("at most", 5.0)
DEFINED = Goal("at least", 0.9)
KEPT, PREVIEW = Goal("at least", 0.8), Goal("at most", 3.0)
DUES, DOUBLED = Goal("at least", 4_000.0), Goal("at most", 2.0)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Contacts that are known; segments; records of a load at once; events a second of the steady load, its seconds."""

    contacts: int
    segments: int
    records: int
    rate: int
    seconds: int
    warm: int


FULL = Sizes(contacts=1_000_000, segments=50, records=50_000, rate=2_000, seconds=35, warm=10_000)
QUICK = Sizes(contacts=5_000, segments=10, records=2_000, rate=200, seconds=8, warm=1_000)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round found. Seconds of each probe are in order of size; throughput is in records a second.

    `none`: before any segment was defined; `without`: without a backfill. `beside`: the share of the load that the
    backfill was beside; `swept`: states a second of the backfill by itself.
    `dues`: people a second who left when all were due; `entries_then`: seconds of probes meanwhile.
    `half_…`: of the steady load at half the rate; `…_at_rest`: without any.
    """

    half_entries: Sequence[float]
    half_exits: Sequence[float]
    entries: Sequence[float]
    exits: Sequence[float]
    none: float
    without: float
    during: float
    beside: float
    swept: float
    half_previews: tuple[float, float]
    first_preview: float
    next_preview: float
    first_at_rest: float
    next_at_rest: float
    dues: float
    entries_then: Sequence[float]


def memberships(bench: Bench) -> Section:
    """The suite."""
    sizes = QUICK if bench.quick else FULL
    found = []
    for number in range(bench.rounds):
        one = asyncio.run(_round(bench, sizes, bench.seed + number))
        found.append(one)
        bench.say(
            f"entry p99 {share_of(one.half_entries, 0.99) * 1000:.0f} ms at half the rate, "
            f"{share_of(one.entries, 0.99) * 1000:.0f} ms at all of it, exit p99 {share_of(one.exits, 0.99):.1f} s, "
            f"kept {one.during / one.without:.2f} beside a backfill of {one.swept:,.0f} states/s, "
            f"previews at half the rate {one.half_previews[0]:.2f} s and {one.half_previews[1]:.2f} s, at all of it "
            f"{one.first_preview:.2f} s and {one.next_preview:.2f} s, at rest {one.first_at_rest:.2f} s and "
            f"{one.next_at_rest:.2f} s, {one.dues:,.0f} dues/s with entries of "
            f"p99 {share_of(one.entries_then, 0.99) * 1000:.0f} ms beside"
        )
    how = (
        f"{sizes.segments} segments of two to five conditions and one of whoever was first heard of within a minute, "
        f"{sizes.contacts:,} contacts. Entry and exit: {PROBES} of {sizes.rate:,} events a second are the first "
        "of a contact; from the acknowledgement that its producer sees, and from a minute after it, to the record of "
        f"segment-changes that a consumer has; the first {SETTLE_S:.0f} s left out. Backfill: "
        f"{sizes.records:,} records at once, while everybody is judged by other {sizes.segments} segments and without; "
        "so many before the first is defined, when fewer states are in memory"
    )
    previews = (
        "Previews: beside the load by a worker that has had minutes to draw whom it judges; at rest the first is asked "
        "for as soon as everything from before the start is in Redis, so that it has to draw most of them first"
    )
    dues = (
        "Dues: at one moment everybody leaves the segment of those who were heard of within a year; entries meanwhile "
        f"are those of new people during the first {sizes.seconds} s"
    )
    return Section("Segments in a running worker", _figures(sizes, found), (how, previews, dues))


def share_of(seconds: Sequence[float], share: float) -> float:
    """The delay that this share of the probes kept within, of delays in order of size."""
    return seconds[max(0, ceil(share * len(seconds)) - 1)]


def _figures(sizes: Sizes, found: list[Round]) -> tuple[Figure, ...]:
    defined = f"{sizes.segments + len([*_own()])} segments, {sizes.contacts:,} contacts"
    steady, backfill = f"{sizes.rate:,} events/s", f"backfill of {sizes.contacts:,} contacts"
    dues = f"{sizes.contacts:,} due at once at {sizes.rate:,} events/s"
    previewed = f"preview of {sizes.contacts:,} contacts"
    preview, at_rest = f"{previewed} at {sizes.rate:,} events/s", f"{previewed}, a worker started anew at rest"
    half = f"{sizes.rate // 2:,} events/s"
    return (
        Figure(half, "entry, p50", "s", tuple(share_of(one.half_entries, 0.5) for one in found)),
        Figure(half, "entry, p99", "s", tuple(share_of(one.half_entries, 0.99) for one in found), ENTRY),
        Figure(half, "exit, p50", "s after due", tuple(share_of(one.half_exits, 0.5) for one in found)),
        Figure(half, "exit, p99", "s after due", tuple(share_of(one.half_exits, 0.99) for one in found), EXIT),
        Figure(steady, "entry, p50", "s", tuple(share_of(one.entries, 0.5) for one in found)),
        Figure(steady, "entry, p99", "s", tuple(share_of(one.entries, 0.99) for one in found), ENTRY),
        Figure(steady, "exit, p50", "s after due", tuple(share_of(one.exits, 0.5) for one in found)),
        Figure(steady, "exit, p99", "s after due", tuple(share_of(one.exits, 0.99) for one in found), EXIT),
        Figure(defined, "none of them defined", "events per second", tuple(one.none for one in found)),
        Figure(defined, "throughput kept", "of 1", tuple(one.without / one.none for one in found), DEFINED),
        Figure(backfill, "by itself", "states a second", tuple(one.swept for one in found)),
        Figure(backfill, "live throughput without", "events per second", tuple(one.without for one in found)),
        Figure(backfill, "live throughput beside", "events per second", tuple(one.during for one in found)),
        Figure(backfill, "throughput kept", "of 1", tuple(one.during / one.without for one in found), KEPT),
        Figure(backfill, "share of the load that it was beside", "of 1", tuple(one.beside for one in found)),
        Figure(f"{previewed} at {half}", "first", "s", tuple(one.half_previews[0] for one in found), PREVIEW),
        Figure(f"{previewed} at {half}", "again", "s", tuple(one.half_previews[1] for one in found), PREVIEW),
        Figure(preview, "first", "s", tuple(one.first_preview for one in found), PREVIEW),
        Figure(preview, "again", "s", tuple(one.next_preview for one in found), PREVIEW),
        Figure(at_rest, "first", "s", tuple(one.first_at_rest for one in found), PREVIEW),
        Figure(at_rest, "again", "s", tuple(one.next_at_rest for one in found), PREVIEW),
        Figure(dues, "by wall", "people a second", tuple(one.dues for one in found), DUES),
        Figure(dues, "entry meanwhile, p99", "s", tuple(share_of(one.entries_then, 0.99) for one in found)),
        Figure(dues, "entry meanwhile, p99, to that without", "×", tuple(map(_doubled, found)), DOUBLED),
    )


def _doubled(one: Round) -> float:
    return share_of(one.entries_then, 0.99) / share_of(one.entries, 0.99)


async def _round(bench: Bench, sizes: Sizes, seed: int) -> Round:
    now = time.time_ns() // 1_000_000
    with rig(bench.home) as place:
        await fill_changelog(place.settings, sizes.contacts, now, seed)
        await prefill(place.settings, place.records(sayings(sizes.contacts, sizes.warm, seed, now)))
        with place.worker() as workers:
            place.until_all_in_redis(workers, time.monotonic)
            none = sizes.records / await _through(place, workers, _load(place, sizes, seed + 500, now))
            began = time.monotonic()
            define(place, [*_own(), *definitions(sizes.segments, seed)])
            swept = sizes.contacts / (_until_swept(place, workers) - began)
            without = sizes.records / await _through(place, workers, _load(place, sizes, seed + 1_000, now))
            during, beside = await _beside(place, workers, sizes, seed, now)
            half = _steady(place, replace(sizes, rate=sizes.rate // 2), seed + 3)
            entries, exits = _steady(place, sizes, seed)
            half_previews = _previews(place, replace(sizes, rate=sizes.rate // 2), seed + 20)
            first, again = _previews(place, sizes, seed)
            dues, then = _dues(place, workers, sizes, seed)
        with place.worker() as workers:
            _until_swept(place, workers)
            place.until_all_in_redis(workers, time.monotonic)
            at_rest = _preview(place, seed + 12), _preview(place, seed + 13)
    return Round(
        *half,
        entries,
        exits,
        none,
        without,
        during,
        beside,
        swept,
        half_previews,
        first,
        again,
        *at_rest,
        dues,
        entries_then=then,
    )


def define(place: Rig, found: Sequence[SegmentDefinition]) -> None:
    """Define segments, as `harmonia segments define` does."""
    records = [(each.id.encode(), definition_json(each)) for each in found]
    write_copies(place.settings, SEGMENT_DEFINITIONS, records)


async def _beside(place: Rig, workers: Workers, sizes: Sizes, seed: int, now: int) -> tuple[float, float]:
    """Records a second while everybody is judged anew, and the share of that time in which that went on."""
    load = _load(place, sizes, seed + 2_000, now)
    define(place, definitions(sizes.segments, seed + 1))
    _until(workers, lambda: _sweeping(workers) > 0, "a backfill to begin")
    ended: list[float] = []

    def watch() -> None:
        while not ended and not stopping.wait(_LOOK_AGAIN_S):
            if _sweeping(workers) == 0:
                ended.append(time.monotonic())

    stopping, began = threading.Event(), time.monotonic()
    with ExitStack() as watching:
        thread = threading.Thread(target=watch, daemon=True)
        watching.callback(thread.join)
        watching.callback(stopping.set)
        thread.start()
        took = await _through(place, workers, load)
    went_on = (ended[0] if ended else began + took) - began
    _until_swept(place, workers)
    return sizes.records / took, min(1.0, went_on / took)


def _load(place: Rig, sizes: Sizes, seed: int, now: int) -> Records:
    return place.records(sayings(sizes.contacts, sizes.records, seed, now))


async def _through(place: Rig, workers: Workers, load: Records) -> float:
    """Seconds until a load is folded that readers see at one moment."""
    count, handled = sum(map(len, load.values())), _counted(workers, _INTERACTIONS)
    async with prefilled(place.settings, load):
        began = time.monotonic()
    folded = handled + 2 * count  # each is counted when it is taken in, and when it is folded
    return _until(workers, lambda: _counted(workers, _INTERACTIONS) >= folded, "a load to be folded") - began


def _steady(place: Rig, sizes: Sizes, seed: int) -> tuple[list[float], list[float]]:
    """Seconds of each probe until its entry was told, and from a minute later until its exit was."""
    prefix = f"fresh-{seed}-"
    pace = Pace(
        sizes.rate, sizes.seconds, sizes.rate // PROBES, sizes.contacts, seed, prefix, place.settings.partitions
    )
    with tellings(place.settings, FRESH, prefix) as watching:
        with _pacing(place, pace) as file:
            pass
        acknowledged, counted_from = _acknowledged(file, sizes)
        entered = watching.wait_for("entered", len(acknowledged), PATIENCE_S)
        left = watching.wait_for("left", len(acknowledged), FRESH_S + PATIENCE_S)
    entries = sorted(entered[name] - at for name, at in counted_from.items())
    return entries, sorted(left[name] - at - FRESH_S for name, at in counted_from.items())


def _acknowledged(file: Path, sizes: Sizes) -> tuple[dict[str, float], dict[str, float]]:
    """When each probe was acknowledged; and those of them that count."""
    found: dict[str, float] = json.loads(file.read_bytes())
    since = min(found.values()) + min(SETTLE_S, sizes.seconds / 2)
    return found, {name: at for name, at in found.items() if at >= since}


def _dues(place: Rig, workers: Workers, sizes: Sizes, seed: int) -> tuple[float, list[float]]:
    """People a second who leave when all are due at one moment, and seconds until new people are told to have come."""
    prefix = f"late-{seed}-"
    pace = Pace(
        sizes.rate, sizes.seconds, sizes.rate // PROBES, sizes.contacts, seed + 2, prefix, place.settings.partitions
    )
    left_before, at = _left(workers), time.time_ns() // 1_000_000 + _LEAP_MS
    with tellings(place.settings, ANYBODY, prefix) as watching:
        with _pacing(place, pace) as file:
            threading.Event().wait(min(SETTLE_S, sizes.seconds / 2))
            began = time.monotonic()
            state_the_time(place.deployment, datetime.fromtimestamp(at / 1000, UTC))
            _until(workers, lambda: _left(workers) - left_before >= sizes.contacts, "everybody to leave")
            took = time.monotonic() - began
        acknowledged, counted_from = _acknowledged(file, sizes)
        entered = watching.wait_for("entered", len(acknowledged), PATIENCE_S)
    return sizes.contacts / took, sorted(entered[name] - at for name, at in counted_from.items())


def _left(workers: Workers) -> int:
    """How often somebody has left for time."""
    return _counted(workers, "harmonia_segment_changes_total", cause="time")


def _previews(place: Rig, sizes: Sizes, seed: int) -> tuple[float, float]:
    """Seconds of a preview and of another one right behind it, while a steady load goes on."""
    pace = Pace(
        sizes.rate, sizes.seconds, sizes.rate, sizes.contacts, seed + 1, f"other-{seed}-", place.settings.partitions
    )
    with _pacing(place, pace):
        threading.Event().wait(min(SETTLE_S, sizes.seconds / 4))
        return _preview(place, seed + 10), _preview(place, seed + 11)


def _preview(place: Rig, seed: int) -> float:
    [asked] = definitions(1, seed)
    question = preview_question([asked], {}, channel_rules(default_policy()), is_exact=False)
    if not isinstance(question, PreviewQuestion):
        raise BenchmarkFailed(str(question))
    began = time.monotonic()
    answer = ask_for_preview(place.settings, question, PREVIEW_PATIENCE_S)
    took = time.monotonic() - began
    if answer.answered < answer.partitions or answer.estimates[asked.id] is None:
        raise BenchmarkFailed(f"{answer.answered} of {answer.partitions} partitions have answered")
    return took


@contextmanager
def _pacing(place: Rig, pace: Pace) -> Iterator[Path]:
    """A producer that keeps a pace in a process of its own, waited for at the end; the file of what it was told."""
    file = place.folder / "acknowledged.json"
    command = [sys.executable, "-m", "benchmarks.pipeline.pacing", str(file)]
    environment = {**os.environ, **place.stack.environment, PACE: json.dumps(asdict(pace))}
    with subprocess.Popen(command, cwd=_ROOT, env=environment) as process:
        yield file
    if process.returncode != 0:
        raise BenchmarkFailed("the producer has failed")


def _own() -> Iterator[SegmentDefinition]:
    """The segments that are measured themselves."""
    tables = (
        {"id": FRESH, "all": [{"seen": "first", "within": "1m"}]},
        {"id": ANYBODY, "none": [{"gifts": "count", "at_least": 999}]},
        {"id": SEEN, "all": [{"seen": "last", "within": "365d"}]},
    )
    for table in tables:
        found = read_segment(table)
        if isinstance(found, FileMistakes):
            raise BenchmarkFailed(str(found))
        yield found


def _sweeping(workers: Workers) -> int:
    return _counted(workers, "harmonia_segment_backfill_partitions")


def _until_swept(place: Rig, workers: Workers) -> float:
    """Return, once everybody has been judged in every partition, when the worker was done with that."""
    while True:
        _until(workers, lambda: _counted(workers, "harmonia_segments") > 0, "segments to be known")
        ended = _until(workers, lambda: _sweeping(workers) == 0, "the backfill to end")
        if all(total.state == "complete" for total in read_totals(place.settings).values()):
            return ended


def _counted(workers: Workers, metric: str, **labels: str) -> int:
    """The sum of a counter, asked again while a worker has no time to say it. Raises `WorkerEnded`."""
    while True:
        try:
            return counted(workers.addresses, metric, **labels)
        except OSError:
            must_run(workers)


def _until(workers: Workers, found: Callable[[], bool], what: str) -> float:
    given_up = time.monotonic() + BACKFILL_PATIENCE_S
    while not found():
        must_run(workers)
        if time.monotonic() > given_up:
            raise BenchmarkFailed(f"waited in vain for {what}")
        threading.Event().wait(_LOOK_AGAIN_S)
    return time.monotonic()
