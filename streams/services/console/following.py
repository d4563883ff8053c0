"""Reads partitions of topics into the desk from where it ends, and lets go of what is too old as it goes along.

How far each partition is read is in the desk, in the transaction of its records.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from events.topics import ALL, AUDIT_LOG, CONTACT_ALERTS, DELETE_RETENTION_MS, INTERACTIONS, TopicSpec
from streams.services.console.desk_batches import Limits, Position, TopicRecord
from streams.services.console.desk_retention import VIEWS_KEPT_MS, LetGo, drop_unused_series, let_go
from streams.services.console.desk_schema import CELLS_KEPT_MS, FOLLOWED
from streams.services.console.desk_wiping import empty_journal
from streams.services.console.desk_writing import DeskWriter
from streams.services.console.follow_metrics import FollowMetrics
from streams.worker.app import wall_clock

POLL_MS = 200
RECORDS_AT_ONCE = 5_000
LOOKED_EVERY_S = 1.0
LET_GO_EVERY_S = 10.0
LET_GO_FOR_S = 0.2
"""How long rows are deleted before what has come in is read again."""
TOPICS_EVERY_S = 30.0
SERIES_EVERY_S = 86_400.0
_SPECS = [spec for spec in ALL if spec.name in FOLLOWED]
_KEPT_MS: Mapping[str, int] = {AUDIT_LOG: VIEWS_KEPT_MS, CONTACT_ALERTS: VIEWS_KEPT_MS}
"""How far back a desk that is new begins to read a topic that is not compacted, where that is not `CELLS_KEPT_MS`.

Receipts of erasures are among the alerts: by them views from before are not taken for those of a new record.
"""


class Described(NamedTuple):
    """A topic on the broker."""

    topic_id: str
    partitions: int


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
