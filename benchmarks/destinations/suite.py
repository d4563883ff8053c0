"""What a PostgreSQL and an endpoint that are dead cost a worker and another endpoint.

One worker, `harmonia sink postgres` and `harmonia deliver` beside it. In turn all destinations are well, and PostgreSQL
is frozen while one of two endpoints takes requests and answers none. Both of a round do the same, one right after the
other, and each pair is in another order than the one before.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg
from kafka import KafkaProducer

from benchmarks.asking.server import running
from benchmarks.deliver.receiver import Receiver, receiving_at
from benchmarks.deliver.suite import at, change, endpoints_at
from benchmarks.pipeline.flow import flow
from benchmarks.pipeline.latency import SETTLE_S, keep_pace_with_probes
from benchmarks.pipeline.pacing import PROBE, Pace
from benchmarks.pipeline.prefill import prefill
from benchmarks.pipeline.rig import Rig, rig
from benchmarks.pipeline.sayings import sayings
from benchmarks.processes import Meter
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Bench, BenchmarkFailed
from events.topics import CONTACT_STATE
from streams.demo.workers import Workers
from streams.local.postgres import PostgresServer, running_postgres
from streams.platform.clients import KafkaClients

WELL, DEAD = "all well", "PostgreSQL frozen, an endpoint silent"
STEADY, OTHER = "steady", "other"
"""The endpoint that is measured, and the one that is silent at times."""
AT_START, LOOK_S, PATIENCE_S = 20, 0.1, 120.0
_STANDS = f"SELECT part, next_offset FROM harmonia.positions WHERE topic = '{CONTACT_STATE}'"  # nosec B608 # ours


@dataclass(frozen=True, slots=True)
class Size:
    """`counted` events that are there at one moment; then `rate` events and `changes` of segments a second."""

    contacts: int
    warm: int
    counted: int
    rate: int
    changes: int
    seconds: int


FULL = Size(contacts=20_000, warm=20_000, counted=20_000, rate=300, changes=50, seconds=12)
QUICK = Size(contacts=2_000, warm=2_000, counted=4_000, rate=100, changes=20, seconds=8)


@dataclass(frozen=True, slots=True)
class Found:
    """CPU µs of the worker for an event, events a second, and of how long it took: 99 of a hundred, in ms."""

    cpu_micros: float
    per_second: float
    to_redis_ms: float
    to_request_ms: float


MEASURED: Mapping[str, tuple[str, str, Goal | None, Goal | None]] = {
    "cpu_micros": ("CPU of the worker", "µs an event", None, Goal("at most", 1.1)),
    "per_second": ("throughput of the worker", "events/s", None, Goal("at least", 0.9)),
    "to_redis_ms": ("from acknowledgement to Redis, p99", "ms", Goal("at most", 250), None),
    "to_request_ms": ("from a change to its request, p99", "ms", Goal("at most", 1000), None),
}
"""What each is called, its unit, its goal, and that of the ratio."""


def destinations(bench: Bench) -> Section:
    """The suite."""
    size = QUICK if bench.quick else FULL
    with rig(bench.home) as place, running_postgres() as database:
        now = time.time_ns() // 1_000_000
        asyncio.run(prefill(place.settings, place.records(sayings(size.contacts, size.warm, bench.seed, now))))
        environment = {"HARMONIA_POSTGRES": database.url, "HARMONIA_PARTITIONS": str(place.settings.partitions)}
        with place.worker() as workers, running("sink postgres", place.settings, environment, place.folder / "sink"):
            place.until_all_in_redis(workers, time.monotonic)
            run = _Run(bench, size, place, workers, database)
            rounds = [run.round(number) for number in range(bench.rounds)]
    return section(rounds, size)


def section(rounds: Sequence[Mapping[str, Found]], size: Size) -> Section:
    """What rounds have found, by who was dead, and how the one is to the other in each of them."""
    figures = [
        Figure(subject, called, unit, tuple(getattr(each[subject], name) for each in rounds), goal)
        for subject in (WELL, DEAD)
        for name, (called, unit, goal, _) in MEASURED.items()
    ]
    for name, (called, _, _, goal) in MEASURED.items():
        ratios = tuple(getattr(each[DEAD], name) / getattr(each[WELL], name) for each in rounds)
        figures.append(Figure(DEAD, f"{called}, to that with all well", "×", ratios, goal))
    note = (
        f"CPU and throughput: {size.counted:,} events of {size.contacts:,} contacts that become visible at one moment; "
        "what is frozen takes no CPU of the machine either, which helps throughput. "
        f"Times: {size.rate} events a second for {size.seconds} s, without the first {SETTLE_S:.0f}, and "
        f"{size.changes} changes of segments a second beside them, each told to two endpoints"
    )
    return Section("Dead destinations", tuple(figures), (note,))


class _Run:
    """Measures, in phases of one worker; each has a process `harmonia deliver` and two endpoints of its own."""

    def __init__(self, bench: Bench, size: Size, place: Rig, workers: Workers, database: PostgresServer) -> None:
        self._bench = bench
        self._size = size
        self._place = place
        self._workers = workers
        self._database = database
        self._phases = 0

    def round(self, number: int) -> Mapping[str, Found]:
        """Both, in an order that changes."""
        order = (WELL, DEAD) if number % 2 else (DEAD, WELL)
        found = {who: self._phase(is_dead=who == DEAD) for who in order}
        for who in (WELL, DEAD):
            each = found[who]
            self._bench.say(
                f"{who}: {each.cpu_micros:.0f} µs of CPU per event, {each.per_second:,.0f} events/s, p99 to Redis "
                f"{each.to_redis_ms:.0f} ms, to the endpoint {each.to_request_ms:.0f} ms"
            )
        return found

    def _phase(self, *, is_dead: bool) -> Found:
        self._phases += 1
        size, place, folder = self._size, self._place, self._place.folder / f"phase-{self._phases}"
        folder.mkdir()
        self._until_postgres_has_all()
        with receiving_at(folder) as (receiver, trusted):
            names = {each: f"{each}-{self._phases}" for each in (STEADY, OTHER)}
            environment = endpoints_at([*names.values()], place.settings, folder, trusted, time.time())
            with (
                running("deliver", place.settings, environment, folder),
                self._dead(receiver, f"/{names[OTHER]}", is_dead=is_dead),
            ):
                telling = _Telling(place, receiver, names, f"c-{self._phases}-")
                telling.begin(is_dead=is_dead)
                seed, now = self._bench.seed + 1000 * self._phases, time.time_ns() // 1_000_000
                records = place.records(sayings(size.contacts, size.counted, seed, now))
                found = asyncio.run(flow(place, self._workers, records))
                if not is_dead:
                    self._until_postgres_has_all()
                thread = threading.Thread(target=telling.keep_pace, args=(size.changes, size.seconds), daemon=True)
                pace = Pace(size.rate, size.seconds, 3, size.contacts, seed, f"{PROBE}{self._phases}-")
                with Meter([self._workers.process.pid]) as worker, Meter([place.broker_pid]) as broker:
                    thread.start()
                    delays = keep_pace_with_probes(place, (worker, broker), pace)
                thread.join()
                ages = telling.ages()
        return Found(found.cpu_micros, found.per_second, delays.millis(0.99), at(ages, 0.99) * 1000)

    @contextmanager
    def _dead(self, receiver: Receiver, path: str, *, is_dead: bool) -> Iterator[None]:
        """PostgreSQL frozen and an endpoint silent for the length of a block, if they are to be."""
        if not is_dead:
            yield
            return
        receiver.fall_silent(path)
        self._database.freeze()
        try:
            yield
            if not self._database.is_frozen or receiver.came[path]:
                raise BenchmarkFailed("what was to be dead was not")
        finally:
            self._database.thaw()
            receiver.answer_again()  # so that the process, which waits for what is under way, can end

    def _until_postgres_has_all(self) -> None:
        """Wait until its rows are those of the topic as it ends now, but for the last marker of a transaction."""
        ends = self._place.deployment.observer.ends([CONTACT_STATE])
        wanted = {place.partition: end - 1 for place, end in ends.items() if end}
        asyncio.run(_until_at(self._database.url, wanted))


class _Telling:
    """Changes of segments that are written for the two endpoints, each of another person."""

    def __init__(self, place: Rig, receiver: Receiver, names: Mapping[str, str], prefix: str) -> None:
        self._producer: KafkaProducer = KafkaClients(place.settings).tool_producer()
        self._partitions = place.settings.partitions
        self._receiver = receiver
        self._steady, self._other = (f"/{names[each]}" for each in (STEADY, OTHER))
        self._prefix = prefix
        self._told: dict[str, float] = {}

    def begin(self, *, is_dead: bool) -> None:
        """Tell some, and return when the endpoint that is measured has them, and the other one was asked."""
        for number in range(AT_START):
            change(self._producer, f"{self._prefix}first-{number}", self._partitions)
        self._producer.flush()
        self._until(AT_START, self._steady)
        if is_dead:
            _wait(lambda: self._receiver.unanswered > 0, "the silent endpoint was asked")
        else:
            self._until(AT_START, self._other)

    def keep_pace(self, rate: int, seconds: int) -> None:
        """Tell so many a second, and note when."""
        begun = time.monotonic()
        for number in range(rate * seconds):
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            name = f"{self._prefix}{number}"
            self._told[name] = time.time()
            change(self._producer, name, self._partitions)
            self._producer.flush()

    def ages(self) -> list[float]:
        """How long each took to the endpoint that is measured, s, in order of size."""
        self._until(AT_START + len(self._told), self._steady)
        self._producer.close()
        came = self._came(self._steady)
        return sorted(came[name] - told for name, told in self._told.items())

    def _until(self, wanted: int, path: str) -> None:
        _wait(lambda: len(self._came(path)) >= wanted, f"{wanted} changes at {path}")

    def _came(self, path: str) -> Mapping[str, float]:
        came = self._receiver.came[path]
        return {name: at for name, at in [*came.items()] if name.startswith(self._prefix)}


def _wait(look: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        if time.monotonic() > deadline:
            raise BenchmarkFailed(f"not within {PATIENCE_S:.0f} s: {what}")
        time.sleep(LOOK_S)


async def _until_at(url: str, wanted: Mapping[int, int]) -> None:
    connection = await asyncpg.connect(url)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if await connection.fetchval("SELECT to_regclass('harmonia.positions') IS NOT NULL"):
                stands = dict(await connection.fetch(_STANDS))
                if all(stands.get(part, 0) >= end for part, end in wanted.items()):
                    return
            await asyncio.sleep(LOOK_S)
    finally:
        await connection.close()
    raise BenchmarkFailed(f"PostgreSQL did not have all profiles within {PATIENCE_S:.0f} s")
