"""`harmonia console follow`: reads topics into the desk, for as long as it runs, and lets go of what is too old.

It is no member of a consumer group: how far it has read is in the desk, written in the transaction of the records. It
reads committed records only and yields to every other process of its machine. Where Kafka is away it waits; after an
error of the desk it begins again where the desk ends. Where a copy of the desk is to take its place (`desk_wiping`), it
reads topics into both until the copy is level.
"""

import asyncio
import fcntl
import logging
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple, TextIO

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from events.topics import ALL, AUDIT_LOG, CONTACT_ALERTS, DELETE_RETENTION_MS, INTERACTIONS, TopicSpec
from streams.engine.garbage_collector import collect_rarely
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, KafkaAway, MissingTopic, Unusable
from streams.platform.health import HealthServer
from streams.platform.settings import Settings
from streams.platform.shutdown import end_within
from streams.services.console.desk import Desk, remove_desk, replace_desk
from streams.services.console.desk_retention import VIEWS_KEPT_MS, LetGo, drop_unused_series, let_go
from streams.services.console.desk_schema import CELLS_KEPT_MS, FOLLOWED, HOUR_MS
from streams.services.console.desk_wiping import Unwiped, Wiper, beside, empty_journal
from streams.services.console.desk_writing import DeskWriter, Limits, Position, TopicRecord
from streams.services.console.follow_metrics import FollowMetrics
from streams.worker.app import wall_clock

logger = logging.getLogger(__name__)

POLL_MS = 200
RECORDS_AT_ONCE = 5_000
FETCH_WAIT_MS = 500
LOOKED_EVERY_S = 1.0
LET_GO_EVERY_S = 10.0
LET_GO_FOR_S = 0.2
"""How long rows are deleted before what has come in is read again."""
TOPICS_EVERY_S = 30.0
SERIES_EVERY_S = 86_400.0
PAUSE_S = 1.0
NICENESS = 10
_SPECS = [spec for spec in ALL if spec.name in FOLLOWED]
_KEPT_MS: Mapping[str, int] = {AUDIT_LOG: VIEWS_KEPT_MS, CONTACT_ALERTS: VIEWS_KEPT_MS}
"""How far back a desk that is new begins to read a topic that is not compacted, where that is not `CELLS_KEPT_MS`.

Receipts of erasures are among the alerts: by them views from before are not taken for those of a new record.
"""


class TopicsChanged(Exception):
    """A topic was made anew or has more partitions: begin again, by what is there now."""


class Described(NamedTuple):
    """A topic on the broker."""

    topic_id: str
    partitions: int


class Target(NamedTuple):
    """What is filled, how much it keeps, and which names are to be wiped from it."""

    path: Path
    limits: Limits
    unwiped: Unwiped


def run_follow(settings: Settings, say: Callable[[str], None]) -> None:
    """Follow until SIGINT or SIGTERM. Raises `EngineError` that says what to do."""
    if settings.desk is None:
        raise Unusable("HARMONIA_DESK is not set: name the file that the console reads its figures from")
    with own_desk(settings.desk):
        os.nice(NICENESS)
        asyncio.run(_serve(settings, settings.desk, say))


def own_desk(path: Path) -> TextIO:
    """Make a desk this process's alone to write, for as long as the returned file is open. Raises `Unusable`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = path.with_name(f"{path.name}.lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Unusable(f"HARMONIA_DESK: another process writes {path}: one follows, and many may read") from error
    except OSError as error:
        raise Unusable(f"HARMONIA_DESK: {path} cannot be used: {error.strerror}") from error
    return lock


async def _serve(settings: Settings, path: Path, say: Callable[[str], None]) -> None:
    metrics = FollowMetrics()
    limits = Limits(int(settings.desk_hours * HOUR_MS), settings.desk_events, settings.desk_clock)
    target = Target(path, limits, Unwiped())
    stopping = _stopping(settings.grace_s)
    trouble: list[str] = ["it has not begun"]
    started = False

    async def unready() -> str | None:
        return trouble[0] if trouble else None

    async with AsyncExitStack() as closing:
        health = HealthServer.at(settings, metrics.registry, unready, say)
        await closing.enter_async_context(health)
        collect_rarely()
        while not stopping.is_set():
            try:
                described = await asyncio.to_thread(describe_topics, settings)
                started = True
                await _follow_once(settings, target, described, (metrics, trouble, stopping))
            except TopicsChanged:
                continue
            except (KafkaError, KafkaAway, OSError, sqlite3.Error, MissingTopic) as error:
                if isinstance(error, EngineError) and not started:
                    raise
                metrics.failures.inc()
                trouble[:] = [_why(error)]
                logger.warning("the desk: %s; trying again", trouble[0])
                await _pause(stopping)


async def _follow_once(
    settings: Settings,
    target: Target,
    described: Mapping[str, Described],
    state: tuple[FollowMetrics, list[str], asyncio.Event],
) -> None:
    """Follow with one consumer and one writer, until told to stop, something fails, or a copy took the desk's place."""
    metrics, trouble, stopping = state
    path, limits, unwiped = target
    await asyncio.to_thread(remove_desk, beside(path))
    wiper = Wiper(await asyncio.to_thread(Desk.create, path), unwiped)
    consumer = KafkaClients(settings).reader(wait_ms=FETCH_WAIT_MS)
    copy: Target | None = None
    is_level = False
    try:
        writer = await asyncio.to_thread(DeskWriter, wiper.desk, limits)
        await consumer.start()
        follower = Follower(consumer, writer, limits, metrics, unwiped.names)
        await follower.begin(described, wall_clock())
        trouble.clear()
        while not stopping.is_set() and not is_level:
            await follower.step()
            await wiper.tend()
            metrics.unwiped.set(wiper.is_pending)
            if wiper.copy is not None:
                copy = Target(wiper.copy, limits, Unwiped(forgot=False))
                is_level = await _level(settings, copy, described, follower, stopping)
            elif follower.is_time_to_describe() and await asyncio.to_thread(describe_topics, settings) != described:
                raise TopicsChanged
    finally:
        await consumer.stop()
        await wiper.close()
        if not is_level:
            await asyncio.to_thread(remove_desk, beside(path))
    if copy is not None and is_level:
        await asyncio.to_thread(replace_desk, path, copy.path)
        unwiped.become(copy.unwiped)


async def _level(
    settings: Settings,
    copy: Target,
    described: Mapping[str, Described],
    follower: "Follower",
    stopping: asyncio.Event,
) -> bool:
    """Read topics into a copy of the desk too, until it is level and both journals are empty. False: told to stop."""
    desk = await asyncio.to_thread(Desk.create, copy.path)
    consumer = KafkaClients(settings).reader(wait_ms=FETCH_WAIT_MS)
    try:
        writer = await asyncio.to_thread(DeskWriter, desk, copy.limits)
        await consumer.start()
        other = Follower(consumer, writer, copy.limits, FollowMetrics(), copy.unwiped.names)
        await other.begin(described, wall_clock())
        while not stopping.is_set():
            await follower.step()
            await other.step()
            if other.behind <= RECORDS_AT_ONCE and await follower.is_written_out() and await other.is_written_out():
                return True
    finally:
        await consumer.stop()
        await asyncio.to_thread(desk.close)
    return False


def describe_topics(settings: Settings) -> dict[str, Described]:
    """The topics that are followed. Blocks; raises `KafkaAway`, and `MissingTopic` for one that is not there."""
    found = KafkaClients(settings).describe_topics(FOLLOWED)
    return {name: Described(*each) for name, each in found.items()}


class Follower:
    """Reads every partition from where the desk ends, and writes what it reads.

    `names`: takes those of erased people that have left the desk.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        writer: DeskWriter,
        limits: Limits,
        metrics: FollowMetrics,
        names: set[str],
    ) -> None:
        self._consumer = consumer
        self._writer = writer
        self._limits = limits
        self._metrics = metrics
        self._positions: dict[TopicPartition, Position] = {}
        self._names = names
        self._steps: Iterator[LetGo] = iter(())
        now = time.monotonic()
        self._looked = now
        self._let_go_at = now
        self._series_at = now + SERIES_EVERY_S
        self._described = now

    async def begin(self, described: Mapping[str, Described], now_ms: int) -> None:
        """Go to where the desk ends; of topics that are new to it, or made anew, to where it begins."""
        known = {TopicPartition(each.topic, each.partition): each for each in self._writer.positions()}
        for spec in _SPECS:
            of = {place: position for place, position in known.items() if place.topic == spec.name}
            if self._starts_over(spec, described[spec.name], of, now_ms):
                await asyncio.to_thread(self._writer.start_over, spec.name)
                known = {place: each for place, each in known.items() if place.topic != spec.name}
        places = [TopicPartition(name, number) for name, each in described.items() for number in range(each.partitions)]
        self._consumer.assign(places)
        begins = await self._consumer.beginning_offsets(places)
        ends = await self._consumer.end_offsets(places)
        firsts = await self._firsts([place for place in places if place not in known], now_ms)
        again = begins | await self._still_kept(place for place in known if known[place].next > ends.get(place, 0))
        if not known:
            await asyncio.to_thread(self._writer.begin_at, 0 if self._is_demo else now_ms - CELLS_KEPT_MS)
        for place in places:
            before = known.get(place)
            next_ = firsts.get(place, begins[place]) if before is None else before.next
            if next_ > ends[place]:  # the broker has lost records: what is there is read again, and known already
                next_ = again[place]
            elif next_ < begins[place]:
                self._metrics.lost.inc(begins[place] - next_ if before is not None else 0)
                next_ = begins[place]
            self._consumer.seek(place, next_)
            topic_id = described[place.topic].topic_id
            appended = None if before is None else before.appended
            self._positions[place] = Position(
                place.topic, place.partition, topic_id, next_, ends[place], appended, now_ms
            )
        await self._write((), self._positions.values())

    @property
    def _is_demo(self) -> bool:
        return self._limits.clock == "events"

    def _starts_over(
        self, spec: TopicSpec, now: Described, known: Mapping[TopicPartition, Position], now_ms: int
    ) -> bool:
        """Whether what the desk has of a topic cannot be gone on with: another topic, or nulls that are forgotten."""
        if any(position.topic_id != now.topic_id for position in known.values()):
            return True
        oldest = now_ms - DELETE_RETENTION_MS // 2
        return spec.cleanup == "compact" and any(position.looked < oldest for position in known.values())

    async def _firsts(self, places: Sequence[TopicPartition], now_ms: int) -> dict[TopicPartition, int]:
        """Where to begin with partitions that are new: of topics that are not compacted only what is not too old."""
        compacted = {spec.name for spec in _SPECS if spec.cleanup == "compact"}
        wanted = {
            place: now_ms - _KEPT_MS.get(place.topic, CELLS_KEPT_MS)
            for place in places
            if place.topic not in compacted and not self._is_demo
        }
        return await self._offsets_at(wanted)

    async def _still_kept(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """From where on copies are recognised in partitions of `interactions`: what was let go of is read only once."""
        since = self._writer.desk.meta("events_since") or 0
        interactions = [place for place in places if place.topic == INTERACTIONS and not self._is_demo]
        return await self._offsets_at(dict.fromkeys(interactions, since))

    async def _offsets_at(self, wanted: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
        """The first offset from a time (ms) on in each partition; where nothing is that late its end."""
        found = await self._consumer.offsets_for_times(wanted) if wanted else {}
        ends = await self._consumer.end_offsets(list(wanted)) if wanted else {}
        return {place: ends[place] if found.get(place) is None else found[place].offset for place in wanted}

    async def step(self) -> None:
        """Read what has come, write it, and do a little of what is due."""
        try:
            await self._step()
        finally:
            self._names |= self._writer.left
            self._writer.left.clear()

    async def _step(self) -> None:
        fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_AT_ONCE)
        records = [_taken(record) for each in fetched.values() for record in each]
        due = time.monotonic() - self._looked >= LOOKED_EVERY_S
        if records or due:
            changed = self._positions if due else fetched
            for place in changed:
                self._positions[place] = await self._position(place, fetched.get(place) or ())
            await self._write(records, [self._positions[place] for place in changed])
            self._looked = time.monotonic() if due else self._looked
        await self._tend()

    @property
    def behind(self) -> int:
        """Records that are not in the desk yet."""
        return sum(position.ends - position.next for position in self._positions.values())

    async def is_written_out(self) -> bool:
        """Whether all of the desk is in its file, and the journal empty; a reader may be in the way."""
        return await asyncio.to_thread(empty_journal, self._writer.desk)

    def is_time_to_describe(self) -> bool:
        """Whether topics should be looked at again."""
        if time.monotonic() - self._described < TOPICS_EVERY_S:
            return False
        self._described = time.monotonic()
        return True

    async def _position(self, place: TopicPartition, records: Sequence[ConsumerRecord]) -> Position:
        before = self._positions[place]
        next_ = await self._consumer.position(place)
        ends = self._consumer.last_stable_offset(place)
        looked = self._consumer.last_poll_timestamp(place)
        return before._replace(
            next=next_,
            ends=max(next_, before.ends if ends is None else ends),
            appended=records[-1].timestamp if records else before.appended,
            looked=max(before.looked, looked or 0),
        )

    async def _write(self, records: Sequence[TopicRecord], positions: Iterable[Position]) -> None:

        with self._metrics.seconds.time():
            written = await asyncio.to_thread(self._writer.write, records, [*positions])
        self._metrics.count(written, self._positions.values(), self._writer.events.kept)

    async def _tend(self) -> None:
        now = time.monotonic()
        until = now + LET_GO_FOR_S
        while time.monotonic() < until and (gone := await asyncio.to_thread(next, self._steps, None)) is not None:
            self._metrics.let_go.inc(gone.events)
        if now >= self._let_go_at:
            self._let_go_at = now + LET_GO_EVERY_S
            self._steps = let_go(self._writer, self._limits, self._clock())
        if now >= self._series_at:
            self._series_at = now + SERIES_EVERY_S
            await asyncio.to_thread(drop_unused_series, self._writer)

    def _clock(self) -> int:
        """The time up to which every partition of `interactions` is read."""
        if self._is_demo:
            return self._writer.latest
        of = [position for place, position in self._positions.items() if place.topic == INTERACTIONS]
        behind = [position.appended or 0 for position in of if position.next < position.ends]
        return min(behind, default=wall_clock())


def _taken(record: ConsumerRecord) -> TopicRecord:
    return TopicRecord(
        record.topic, record.partition, record.offset, record.key, record.value, record.headers, record.timestamp
    )


def _why(error: Exception) -> str:
    if isinstance(error, sqlite3.Error):
        return f"HARMONIA_DESK cannot be written: {error}"
    return str(error) if isinstance(error, EngineError | KafkaAway) else f"{type(error).__name__}"


async def _pause(stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(PAUSE_S):
            await stopping.wait()
    except TimeoutError:
        pass


def _stopping(grace_s: float) -> asyncio.Event:
    """An event set by SIGINT or SIGTERM; from then on the process has `grace_s` seconds."""
    stopping = asyncio.Event()

    def stop() -> None:
        if not stopping.is_set():
            end_within(grace_s, "the desk")
            stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopping
