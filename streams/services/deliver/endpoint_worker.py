"""Tells one endpoint: reads its topics at its own pace, tries what is due, and stores what came of it.

Nothing of one endpoint waits for another but the transaction in which both are stored. A task for each attempt; what is
stored, and which of a contact's records is next, is decided by the one loop that all of them come back to.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from faust.types import TP
from msgspec.structs import replace

from events.times import parse_time, render_time
from events.topics import CONTACT_STATE, DEAD_DELIVERIES, DELIVERIES, DELIVERY_LOG, EXPERIMENT_RESULTS
from streams.domain.delivery.digests import LINES, WINDOW_S, MailAddresses, email_of, slack_body
from streams.domain.delivery.endpoints import OF_CONTACTS, Endpoint
from streams.domain.delivery.notices import FORGOTTEN, Notice, SourceRecord, notice_of
from streams.domain.delivery.schedule import FAILURES_TO_OPEN, Breaker, Result, breaker_after
from streams.domain.delivery.signing import signed_headers, webhook_id
from streams.domain.delivery.standing import (
    ArrivingRecord,
    Fate,
    Standing,
    admitted,
    due,
    line_of,
    set_back,
    settled,
    with_replayed,
    without_line,
)
from streams.engine.changelog import PartitionReader
from streams.engine.retry import BROKER_TROUBLE
from streams.engine.runs import KafkaRecord
from streams.engine.writer import Output
from streams.platform.clients import KafkaClients
from streams.services.deliver.destinations import Destination
from streams.services.deliver.journal import Journal, replay_key, standing_record, status_record
from streams.services.deliver.metrics import DeliveryMetrics
from streams.services.deliver.sending import Sender

logger = logging.getLogger(__name__)

AT_ONCE = 16
"""Requests to one endpoint at the same time, each of another contact."""
RECORDS_AT_ONCE = 500
POLL_MS = 500
NOTE_EVERY_S = 5.0
PAUSE_S = 1.0
MOST_FORGOTTEN = 10_000


class Place(NamedTuple):
    """Where a record stands."""

    tp: TP
    offset: int


class Attempt(NamedTuple):
    """What came of one request, which told of these records."""

    places: Sequence[Place]
    result: Result
    trouble: str


Topics = Mapping[str, tuple[str, int]]
"""By topic its id, and how many partitions it has."""


class EndpointWorker:
    """Works for one endpoint until it is told to stop."""

    def __init__(
        self, destination: Destination, sender: Sender, journal: Journal, kafka: KafkaClients, metrics: DeliveryMetrics
    ) -> None:
        self._destination = destination
        self._endpoint = destination.endpoint
        self._sender = sender
        self._journal = journal
        self._kafka = kafka
        self._metrics = metrics
        self._standings: dict[TP, Standing] = {}
        self._changed: set[TP] = set()
        self._bodies: dict[Place, SourceRecord] = {}
        self._forgotten: dict[str, int] = {}
        self._attempts: dict[asyncio.Task[Attempt], set[tuple[TP, str]]] = {}
        self._breaker = Breaker()
        self._replay_wanted = asyncio.Event()
        self._acknowledged_at = self._noted_at = time.monotonic()
        self._stopping = False
        url = hashlib.blake2b(destination.url.encode(), digest_size=8).hexdigest()
        self._url = url
        self._is_disabled = journal.statuses.get(self._endpoint.id, {}).get("url") == url
        self.trouble: str | None = "begins"
        """Why it reads nothing now; None: it does."""

    def stop(self) -> None:
        """Begin nothing more; what is under way is stored once it is answered."""
        self._stopping = True

    def replay(self) -> None:
        """Look at what is to be told once more."""
        self._replay_wanted.set()

    async def run(self, topics: Topics) -> None:
        """Work until told to stop. Raises what ends the process."""
        while not self._stopping:
            try:
                await self._run(topics)
            except BROKER_TROUBLE as error:
                self.trouble = f"Kafka: {type(error).__name__}"
                logger.warning("%s: %s", self._endpoint.id, self.trouble)
                await asyncio.sleep(PAUSE_S)
            finally:
                await self._let_go()

    async def _run(self, topics: Topics) -> None:
        async with PartitionReader(self._kafka) as again:
            await self._begin(topics, again)
            if self._endpoint.id in self._journal.replays:
                await self._replay(again)
            self._replay_wanted.clear()
            consumer = self._kafka.reader()
            try:
                await consumer.start()
                consumer.assign([TopicPartition(*tp) for tp in self._standings])
                for tp, standing in self._standings.items():
                    consumer.seek(TopicPartition(*tp), standing.position)
                self.trouble = None
                await self._work(consumer, again)
            finally:
                await consumer.stop()

    async def _begin(self, topics: Topics, reader: PartitionReader) -> None:
        """Take up what is stored; what is new begins where the file says, and that is stored at once."""
        name = self._endpoint.id
        tps = [
            TP(topic, number)
            for topic in topics_of(self._endpoint, self._journal)
            for number in range(topics[topic][1])
        ]
        stored = {tp: self._journal.standings.get((name, *tp)) for tp in tps}
        self._standings, new = {}, []
        for tp, standing in stored.items():
            topic_id = topics[tp.topic][0]
            if standing is None:
                new.append(tp)
            elif standing.topic_id != topic_id:  # made anew: what waited is gone, and all that is there is new
                begun = Standing(topic_id, 0, {}, standing.told_of_contacts, standing.said)
                self._standings[tp] = begun
                self._changed.add(tp)
            else:
                self._standings[tp] = standing
        begins = await self._begins(new, reader)
        self._standings |= {tp: Standing(topics[tp.topic][0], begins[tp]) for tp in new}
        self._changed.update(new)
        await self._store()

    async def _begins(self, tps: Sequence[TP], reader: PartitionReader) -> Mapping[TP, int]:
        if not tps:
            return {}
        match self._endpoint.start:
            case "now":
                return await reader.ends_of(tps)
            case "earliest":
                return dict.fromkeys(tps, 0)
            case start:
                return await reader.offsets_at(tps, parse_time(start) or 0)

    async def _work(self, consumer: AIOKafkaConsumer, again: PartitionReader) -> None:
        reading: asyncio.Task[Mapping[TopicPartition, Sequence[KafkaRecord]]] | None = None
        lock = asyncio.Lock()
        try:
            while not (self._stopping and not self._attempts) and not self._replay_wanted.is_set():
                if not self._stopping:
                    self._begin_attempts(again, lock)
                    if reading is None and (wanted := self._with_room()):
                        fetching = consumer.getmany(*wanted, timeout_ms=POLL_MS, max_records=RECORDS_AT_ONCE)
                        reading = asyncio.ensure_future(fetching)
                under_way = {*self._attempts, *([reading] if reading else ())}
                if under_way:
                    await asyncio.wait(under_way, timeout=PAUSE_S, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(PAUSE_S)
                if reading is not None and reading.done():
                    fetched, reading = reading.result(), None
                    positions = {tp: await consumer.position(TopicPartition(*tp)) for tp in self._standings}
                    self._admit(fetched, positions)
                await self._settle()
                self._measure()
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.wait({reading})

    def _with_room(self) -> list[TopicPartition]:
        if self._is_disabled:
            return []
        return [TopicPartition(*tp) for tp, standing in self._standings.items() if standing.has_room]

    def _admit(self, fetched: Mapping[TopicPartition, Sequence[KafkaRecord]], positions: Mapping[TP, int]) -> None:
        now = _now()
        first_at = now if self._endpoint.kind == "webhook" else now + WINDOW_S * 1000
        erased: list[tuple[TP, str, int]] = []
        for place, records in fetched.items():
            tp = TP(*place)
            arrivals = [arrival for record in records if (arrival := self._arrival(tp, record))]
            erased += [(tp, each.line, self._bodies[Place(tp, each.offset)].at) for each in arrivals if each.forgets]
            self._change(tp, admitted(self._standings[tp], arrivals, positions[tp], first_at))
        for tp, position in positions.items():  # markers of transactions take offsets too
            if tp not in fetched and position > self._standings[tp].position and self._standings[tp].has_room:
                self._change(tp, admitted(self._standings[tp], (), position, first_at))
        for tp, line, at in erased:
            self._forget(tp, line, at)
        if erased:
            kept = self._bodies.items()
            self._bodies = {place: body for place, body in kept if place.offset in self._standings[place.tp].waits}

    def _arrival(self, tp: TP, record: KafkaRecord) -> ArrivingRecord | None:
        source = _source(record)
        notice = notice_of(self._endpoint, source)
        if notice is None:
            return None
        line = line_of(record.key or b"")
        if source.at < self._forgotten.get(line, 0) or not self._is_news(tp, source, notice):
            return None
        self._bodies[Place(tp, record.offset)] = source
        return ArrivingRecord(record.offset, line, tp.topic in OF_CONTACTS, notice.type == FORGOTTEN)

    def _is_news(self, tp: TP, source: SourceRecord, notice: Notice) -> bool:
        """Whether an experiment's status, discoveries or harm are others than those that were told last."""
        if tp.topic != EXPERIMENT_RESULTS:
            return True
        standing, name = self._standings[tp], (source.key or b"").decode()
        if standing.said.get(name) == notice.fingerprint:
            return False
        self._change(tp, replace(standing, said={**standing.said, name: notice.fingerprint}))
        return True

    def _forget(self, where: TP, line: str, at: int) -> None:
        """Drop what waits of an erased contact in other topics, unless it came after the erasure."""
        self._forgotten[line] = at
        while len(self._forgotten) > MOST_FORGOTTEN:
            self._forgotten.pop(next(iter(self._forgotten)))
        for tp, standing in self._standings.items():
            if tp == where or tp.topic not in OF_CONTACTS:
                continue
            kept = [
                offset
                for offset, wait in standing.waits.items()
                if wait.line == line and (held := self._bodies.get(Place(tp, offset))) and held.at >= at
            ]
            if not kept:
                self._change(tp, without_line(standing, line))

    def _change(self, tp: TP, standing: Standing) -> None:
        if standing is not self._standings[tp]:
            self._standings[tp] = standing
            self._changed.add(tp)

    def _begin_attempts(self, again: PartitionReader, lock: asyncio.Lock) -> None:
        now = _now()
        if self._is_disabled or self._breaker.is_open(now):
            return
        at_once = 1 if self._breaker.failures >= FAILURES_TO_OPEN else AT_ONCE
        if self._endpoint.kind != "webhook":
            if not self._attempts and (places := self._digest(now)):
                self._begin_attempt(places, again, lock)
            return
        room = at_once - len(self._attempts)
        if room <= 0:
            return
        busy = set().union(*self._attempts.values()) if self._attempts else set()
        ready = sorted(
            (standing.waits[offset].next_at, tp, offset)
            for tp, standing in self._standings.items()
            for offset in due(standing, now)
            if (tp, standing.waits[offset].line) not in busy
        )
        for _, tp, offset in ready[:room]:
            self._begin_attempt([Place(tp, offset)], again, lock)

    def _digest(self, now: int) -> list[Place]:
        """What is told together: once a notice has waited for a minute, or there are as many as a digest holds."""
        waits = sorted(
            (wait.next_at, Place(tp, offset), wait.attempts)
            for tp, standing in self._standings.items()
            for offset, wait in standing.waits.items()
        )
        fresh = [(at, place) for at, place, attempts in waits if attempts == 0 or at <= now]
        if not any(at <= now for at, _ in fresh) and len(fresh) < LINES:
            return []
        return [place for _, place in fresh[:LINES]]

    def _begin_attempt(self, places: Sequence[Place], again: PartitionReader, lock: asyncio.Lock) -> None:
        lines = {(tp, self._standings[tp].waits[offset].line) for tp, offset in places}
        self._attempts[asyncio.create_task(self._attempt(places, again, lock))] = lines

    async def _attempt(self, places: Sequence[Place], again: PartitionReader, lock: asyncio.Lock) -> Attempt:
        found: list[tuple[Place, Notice]] = []
        for place in places:
            source = self._bodies.get(place)
            if source is None:
                async with lock:
                    source = await _read_again(again, place)
            if source is not None and (notice := notice_of(self._endpoint, source)) is not None:
                found.append((place, notice))
        if not found:  # by age, by compaction, or by a filter that is new
            return Attempt(places, Result("gone"), "")
        with self._metrics.seconds.labels(self._endpoint.id).time():
            result, trouble = await self._tell(found)
        return Attempt(places, result, trouble)

    async def _tell(self, found: Sequence[tuple[Place, Notice]]) -> tuple[Result, str]:
        notices = [notice for _, notice in found]
        id_ = self._id_of(found[0][0])
        match self._endpoint.kind:
            case "webhook":
                body = notices[0].body()
                return await self._sender.post(signed_headers(id_, _now(), body, self._destination.keys), body)
            case "slack":
                return await self._sender.post({}, slack_body(notices))
            case "email":
                addresses = MailAddresses(self._endpoint.sender, self._endpoint.to)
                return await self._sender.mail(email_of(notices, addresses, id_))

    async def _settle(self) -> None:
        """Note what came of the attempts that have ended, and store it."""
        outputs: list[Output] = []
        ended = [task for task in self._attempts if task.done()]
        for task in ended:
            del self._attempts[task]
        for task in ended:
            outputs += self._settled(task.result())
        if outputs or (self._changed and time.monotonic() - self._noted_at >= NOTE_EVERY_S):
            await self._store(outputs)

    def _settled(self, attempt: Attempt) -> Iterable[Output]:
        now = _now()
        self._breaker = breaker_after(self._breaker, attempt.result, now)
        if attempt.result.answer == "disabled":
            self._is_disabled = True
            yield status_record(self._endpoint.id, {"disabled_at": render_time(now), "url": self._url})
        if attempt.result.answer in ("delivered", "refused"):
            self._acknowledged_at = time.monotonic()
        for place in attempt.places:
            before = self._standings[place.tp].waits.get(place.offset)
            standing, fate = settled(self._standings[place.tp], place.offset, attempt.result.answer, now)
            self._change(place.tp, standing)
            self._bodies.pop(place, None)
            self._metrics.attempts.labels(self._endpoint.id, fate).inc()
            attempts = 0 if before is None else before.attempts + 1
            yield from self._told(place, fate, attempt, attempts)

    def _told(self, place: Place, fate: Fate, attempt: Attempt, attempts: int) -> Iterable[Output]:
        said = {
            "endpoint": self._endpoint.id,
            "id": self._id_of(place),
            "topic": place.tp.topic,
            "partition": place.tp.partition,
            "offset": place.offset,
            "at": render_time(_now()),
            "status": attempt.result.status,
        }
        more = {"fate": fate, "attempts": attempts} | ({"trouble": attempt.trouble} if attempt.trouble else {})
        key = self._endpoint.id.encode()
        yield Output(DELIVERY_LOG, 0, key, orjson.dumps(said | more))
        if fate == "dead":
            topic_id = self._standings[place.tp].topic_id
            yield Output(DEAD_DELIVERIES, 0, key, orjson.dumps(said | {"topic_id": topic_id}))

    async def _store(self, outputs: Iterable[Output] = ()) -> None:
        changed, self._changed = self._changed, set()
        name = self._endpoint.id
        stored = {(name, *tp): self._standings[tp] for tp in changed}
        records = [standing_record(stand, standing) for stand, standing in stored.items()]
        if wanted := [*outputs, *records]:
            await self._journal.write(wanted)
        self._journal.standings |= stored
        self._noted_at = time.monotonic()

    async def _replay(self, reader: PartitionReader) -> None:
        """Note what somebody wants to be told once more, and that it is noted."""
        request = self._journal.replays[self._endpoint.id]
        since = parse_time(request["since"]) or 0
        if request["failed"]:
            for place in await self._dead_since(reader, since):
                if source := await _read_again(reader, place):
                    lines = {place.offset: line_of(source.key or b"")}
                    self._change(place.tp, with_replayed(self._standings[place.tp], lines, _now()))
        else:
            for tp, offset in (await reader.offsets_at([*self._standings], since)).items():
                self._change(tp, set_back(self._standings[tp], offset))
        await self._store([Output(DELIVERIES, 0, replay_key(self._endpoint.id), None)])
        self._journal.replays.pop(self._endpoint.id, None)

    async def _dead_since(self, reader: PartitionReader, since: int) -> list[Place]:
        tp = TP(DEAD_DELIVERIES, 0)
        begin, end = (await reader.offsets_at([tp], since))[tp], await reader.end_of(tp)
        found = []
        async for run in reader.runs(tp, begin, end):
            for record in run.records:
                said = orjson.loads(record.value or b"{}")
                place = Place(TP(said["topic"], said["partition"]), said["offset"])
                standing = self._standings.get(place.tp)
                if said["endpoint"] == self._endpoint.id and standing and standing.topic_id == said["topic_id"]:
                    found.append(place)
        return found

    async def _let_go(self) -> None:
        """Give up what is under way; it is done again from what is stored."""
        for task in self._attempts:
            task.cancel()
        if self._attempts:
            await asyncio.wait({*self._attempts})
        self._attempts.clear()
        self._bodies.clear()
        self._changed.clear()

    def _measure(self) -> None:
        name, waiting = self._endpoint.id, sum(len(standing.waits) for standing in self._standings.values())
        if not waiting:
            self._acknowledged_at = time.monotonic()
        self._metrics.waiting.labels(name).set(waiting)
        self._metrics.failing.labels(name).set(time.monotonic() - self._acknowledged_at)
        self._metrics.disabled.labels(name).set(self._is_disabled)

    def _id_of(self, place: Place) -> str:
        return webhook_id(self._endpoint.id, self._standings[place.tp].topic_id, place.tp.partition, place.offset)


def topics_of(endpoint: Endpoint, journal: Journal) -> tuple[str, ...]:
    """The topics that are read for an endpoint: who was told of contacts once is told who was erased, for ever."""
    stored = (standing for (name, *_), standing in journal.standings.items() if name == endpoint.id)
    was_told = endpoint.kind == "webhook" and any(standing.told_of_contacts for standing in stored)
    return tuple(dict.fromkeys((*endpoint.read_topics, *((CONTACT_STATE,) if was_told else ()))))


async def _read_again(reader: PartitionReader, place: Place) -> SourceRecord | None:
    """The record of a place; None where the topic has it no more."""
    start, end = await reader.start_of(place.tp), await reader.end_of(place.tp)
    if not start <= place.offset < end:
        return None
    async for run in reader.runs(place.tp, place.offset, place.offset + 1):
        for record in run.records:
            return _source(record) if record.offset == place.offset else None
    return None


def _source(record: KafkaRecord) -> SourceRecord:
    reason = next((value or b"" for name, value in record.headers if name == "reason"), b"")
    return SourceRecord(record.topic, record.key, record.value, record.timestamp, reason.decode(errors="replace"))


def _now() -> int:
    return time.time_ns() // 1_000_000
