"""Tells one endpoint: reads its topics at its own pace, tries what is due, and stores what came of it.

Nothing of one endpoint waits for another but the transaction in which both are stored. A task for each attempt; what is
stored, and which of a contact's records is next, is decided by the one loop that all of them come back to. What came of
attempts is stored a few times a second, and at once where nothing else is under way.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from faust.types import TP

from events.times import parse_time, render_time
from events.topics import CONTACT_ALERTS
from streams.domain.delivery.schedule import (
    FAILURES_TO_OPEN,
    Answer,
    Breaker,
    Result,
    breaker_after,
    failing_since,
)
from streams.domain.delivery.standing import Standing
from streams.engine.changelog import PartitionReader
from streams.engine.retry import BROKER_TROUBLE
from streams.engine.runs import KafkaRecord
from streams.engine.writer import Output
from streams.platform.clients import KafkaClients
from streams.platform.errors import MissingTopic
from streams.services.deliver.attempts import Attempt, EndpointTeller
from streams.services.deliver.backlog import Backlog, Place
from streams.services.deliver.beginning import Topics, begun, erased_meanwhile, topics_of
from streams.services.deliver.destinations import Destination
from streams.services.deliver.journal import Journal, Stand, standing_record, status_record
from streams.services.deliver.metrics import DeliveryMetrics
from streams.services.deliver.outcome_records import dead_record, entry_of, logged, logs_of_gone
from streams.services.deliver.replaying import replayed
from streams.services.deliver.rereading import Rereader, source_of
from streams.services.deliver.sending import Sender
from streams.services.deliver.unstored import Unstored

logger = logging.getLogger(__name__)

AT_ONCE = 16
"""Requests to one endpoint at the same time, each of another contact."""
RECORDS_AT_ONCE = 500
POLL_MS = 500
FETCH_BYTES = 128 << 10
"""Of each partition, which lie in memory of every endpoint while there is no room for more waits."""
NOTE_EVERY_S = 5.0
PAUSE_S = 1.0
AWAY_S = 30.0
"""Whoever did nothing for so long, such as a process that was frozen, looks for who was erased before it goes on."""


class EndpointWorker:
    """Works for one endpoint until it is told to stop."""

    def __init__(
        self, destination: Destination, sender: Sender, journal: Journal, kafka: KafkaClients, metrics: DeliveryMetrics
    ) -> None:
        self._endpoint = destination.endpoint
        self._journal = journal
        self._kafka = kafka
        self._metrics = metrics
        self._backlog = Backlog(destination.endpoint)
        self._teller = EndpointTeller(destination, sender, self._backlog, Rereader(kafka), metrics)
        self._attempts: dict[asyncio.Task[Attempt], frozenset[str]] = {}
        self._anew = asyncio.Event()
        self._failing_since: float | None = None
        self._in_trouble_since: float | None = None
        self._refused: dict[Stand, Standing] = {}
        self._unstored = Unstored()
        self._stopping = False
        self._url = hashlib.blake2b(destination.url.encode(), digest_size=8).hexdigest()
        self._breaker, self._disabled_at = self._stored_status()
        metrics.know(self._endpoint.id)
        self.topics: Topics = {}
        """As they were when reading began."""
        self.trouble: str | None = "begins"
        """Why it reads nothing now; None: it does."""

    def stop(self) -> None:
        """Begin nothing more; what is under way is stored once it is answered."""
        self._stopping = True

    def begin_anew(self) -> None:
        """Look again where the topics are, and what is to be told once more."""
        self._anew.set()

    async def run(self) -> None:
        """Work until told to stop. Raises what ends the process."""
        while not self._stopping:
            try:
                await self._run()
            except (
                *BROKER_TROUBLE,
                MissingTopic,
            ) as error:  # a topic may be made anew, or old records be gone
                await self._pause(f"Kafka: {type(error).__name__}")
            finally:
                await self._let_go()

    async def _pause(self, trouble: str) -> None:
        """Say what is wrong, store what was told till then, and let a moment pass."""
        self.trouble = trouble
        self._in_trouble_since = self._in_trouble_since or time.monotonic()
        self._measure_failing()
        logger.warning("%s: %s", self._endpoint.id, trouble)
        if self._unstored:
            with suppress(*BROKER_TROUBLE):  # else before anything more is told
                await self._store()
        await asyncio.sleep(PAUSE_S)

    async def _run(self) -> None:
        self._anew.clear()
        await self._store()
        wanted = topics_of(self._endpoint, self._journal)
        described = await asyncio.to_thread(self._kafka.describe_topics, sorted({*wanted, CONTACT_ALERTS}))
        self.topics = topics = {topic: described[topic] for topic in wanted}
        async with PartitionReader(self._kafka) as reader:
            begun_at = await begun(self._endpoint, self._journal, topics, reader, _now())
            self._backlog.begin(begun_at.standings, begun_at.changed)
            self._unstored.add([*logs_of_gone(self._endpoint.id, begun_at), self._status()], ())
            await self._store()  # which also shows that no other process has taken over
            self._metrics.count_gone(self._endpoint.id, len(begun_at.lost), sum(e.offsets for e in begun_at.expired))
            await self._replay(reader)
            self._backlog.forget(
                await erased_meanwhile(self._endpoint, described, self._backlog.standings, reader, _now())
            )
        consumer = self._kafka.reader(wait_ms=POLL_MS, partition_bytes=FETCH_BYTES, must_have=True)
        try:
            await consumer.start()
            consumer.assign([TopicPartition(*tp) for tp in self._backlog.standings])
            for tp, standing in self._backlog.standings.items():
                consumer.seek(TopicPartition(*tp), standing.position)
            self.trouble = None
            await self._work(consumer)
        finally:
            await consumer.stop()

    async def _work(self, consumer: AIOKafkaConsumer) -> None:
        reading: asyncio.Task[Mapping[TopicPartition, Sequence[KafkaRecord]]] | None = None
        looked_at = time.monotonic()
        try:
            while not (self._stopping and not self._attempts) and not self._is_to_begin_anew(looked_at):
                looked_at = time.monotonic()
                if not self._stopping:
                    self._begin_attempts()
                    if reading is None and (wanted := self._to_read()):
                        places = [TopicPartition(*tp) for tp in wanted]
                        fetching = consumer.getmany(*places, timeout_ms=POLL_MS, max_records=RECORDS_AT_ONCE)
                        reading = asyncio.ensure_future(fetching)
                under_way, pause = {*self._attempts, *([reading] if reading else ())}, self._longest_pause()
                if under_way:
                    await asyncio.wait(under_way, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(pause)
                if reading is not None and reading.done():
                    fetched, reading = reading.result(), None
                    await self._admit(consumer, fetched)
                await self._settle()
                self._measure()
            await self._store()
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.wait({reading})

    def _to_read(self) -> Sequence[TP]:
        """The partitions that are read now; whoever reads none has no trouble with reading."""
        wanted = self._backlog.with_room(erasures_only=self._disabled_at is not None)
        if not wanted:
            self._in_trouble_since = None
        return wanted

    def _is_to_begin_anew(self, looked_at: float) -> bool:
        """Whether somebody has said so, a replay can go on, or it was away since it looked last."""
        if self._anew.is_set() or time.monotonic() - looked_at > AWAY_S:
            return True
        replay = self._journal.replay_of(self._endpoint.id)
        return replay is not None and self._backlog.has_room_for_replays

    async def _admit(self, consumer: AIOKafkaConsumer, fetched: Mapping[TopicPartition, Sequence[KafkaRecord]]) -> None:
        positions = {tp: await consumer.position(TopicPartition(*tp)) for tp in self._backlog.standings}
        records = {
            TP(*place): [(record.offset, source_of(record)) for record in records] for place, records in fetched.items()
        }
        self._backlog.admit(records, positions, _now())
        self._in_trouble_since = None
        if too_old := self._backlog.passed_over():
            self._metrics.passed_over.labels(self._endpoint.id, "too_old").inc(too_old)
            logger.warning("%s: %d records of contacts are too old to be told", self._endpoint.id, too_old)

    def _begin_attempts(self) -> None:
        now = _now()
        if self._disabled_at is not None or self._breaker.is_open(now):
            return
        if self._endpoint.kind != "webhook":
            if not self._attempts and (places := self._backlog.digest(now)):
                self._begin_attempt(places)
            return
        room = (1 if self._breaker.failures >= FAILURES_TO_OPEN else AT_ONCE) - len(self._attempts)
        if room > 0:
            busy = self._unstored.lines.union(*self._attempts.values())
            for place in self._backlog.ready(busy, now, room):
                self._begin_attempt([place])

    def _begin_attempt(self, places: Sequence[Place]) -> None:
        waits = [(place, wait) for place in places if (wait := self._backlog.wait_of(place))]
        lines = frozenset(wait.line for _, wait in waits)
        self._backlog.begin_telling(places)
        self._attempts[asyncio.create_task(self._teller.attempt(waits))] = lines

    def _longest_pause(self) -> float:
        """Seconds after which something may have to be stored."""
        return min(PAUSE_S, self._due_in()) if self._unstored else PAUSE_S

    def _due_in(self) -> float:
        return self._unstored.due_in(time.monotonic(), is_busy=bool(self._attempts))

    async def _settle(self) -> None:
        """Note what came of the attempts that have ended, and store it when it is time. Raises what they did."""
        ended = [task for task in self._attempts if task.done()]
        for task in ended:
            lines = self._attempts.pop(task)
            if task.exception() is None:
                self._unstored.add(self._settled(task.result()), lines)
        if self._unstored:
            is_due = self._due_in() == 0
        else:
            is_due = self._backlog.has_changed and self._unstored.age(time.monotonic()) >= NOTE_EVERY_S
        if is_due:
            await self._store()
        for task in ended:
            task.result()

    def _settled(self, attempt: Attempt) -> Iterable[Output]:
        now, before = _now(), (self._breaker, self._disabled_at)
        self._breaker = breaker_after(self._breaker, attempt.result, attempt.begun, now)
        if attempt.result.answer == "disabled":
            self._disabled_at = self._disabled_at or render_time(now)
        self._note_failing([attempt.result.answer])
        if before != (self._breaker, self._disabled_at):
            yield self._status()
        for place in attempt.gone:
            yield from self._outcome(place, Result("gone"), "", now)
        for place in attempt.places:
            yield from self._outcome(place, attempt.result, attempt.trouble, now)

    def _outcome(self, place: Place, result: Result, trouble: str, now: int) -> Iterable[Output]:
        wait = self._backlog.wait_of(place)
        fate, attempts = self._backlog.settle(place, result.answer, now)
        self._metrics.attempts.labels(self._endpoint.id, fate).inc()
        topic_id = self._backlog.standings[place.tp].topic_id
        entry = entry_of(self._endpoint.id, topic_id, place, fate, result.status)
        entry["attempts"] = attempts
        if trouble:
            entry["trouble"] = trouble
        yield logged(entry)
        if fate == "dead" and wait is not None:
            yield dead_record(entry, topic_id, wait)

    def _stored_status(self) -> tuple[Breaker, str | None]:
        """The breaker, and since when it is disabled, unless that was at another address."""
        stored = self._journal.statuses.get(self._endpoint.id)
        if stored is None or stored["url"] != self._url:
            return Breaker(), None
        open_until = stored["open_until"] and parse_time(stored["open_until"])
        return Breaker(stored["failures"], open_until or 0), stored["disabled_at"]

    def _status(self) -> Output:
        open_until = self._breaker.open_until
        return status_record(
            self._endpoint.id,
            {
                "kind": self._endpoint.kind,
                "url": self._url,
                "failures": self._breaker.failures,
                "open_until": render_time(open_until) if open_until else None,
                "disabled_at": self._disabled_at,
            },
        )

    async def _store(self) -> None:
        """Store what is not stored yet. What Kafka does not take is kept, and stored before anything more is told."""
        changed = {(self._endpoint.id, *tp): standing for tp, standing in self._backlog.changed().items()}
        stored, outputs = self._refused | changed, self._unstored.take()
        self._refused = {}
        records = [standing_record(stand, standing) for stand, standing in stored.items()]
        try:
            if wanted := [*outputs, *records]:
                await self._journal.write(wanted)
        except BROKER_TROUBLE:
            self._refused = stored
            self._unstored.add(outputs, ())
            raise
        self._journal.standings |= stored
        self._unstored.note(sum(len(record.value or b"") for record in records), time.monotonic())

    async def _replay(self, reader: PartitionReader) -> None:
        """Note what somebody wants to be told once more, and how far that is noted.

        It opens what was disabled or left alone, unless nothing of what was asked for is dead.
        """
        replay = self._journal.replay_of(self._endpoint.id)
        if replay is None:
            return
        progress = await replayed(self._endpoint.id, replay, self._backlog, reader, _now())
        if self._backlog.has_changed or not replay.request["failed"]:
            self._breaker, self._disabled_at = Breaker(), None
        stored = {(self._endpoint.id, *tp): standing for tp, standing in self._backlog.changed().items()}
        records = [standing_record(stand, standing) for stand, standing in stored.items()]
        await self._journal.note_replayed(self._endpoint.id, progress, [*records, self._status()])
        self._journal.standings |= stored

    async def _let_go(self) -> None:
        """Give up what is under way; it is done again from what is stored."""
        for task in self._attempts:
            task.cancel()
        if self._attempts:
            await asyncio.wait({*self._attempts})
        self._attempts.clear()
        self._backlog.begin({}, ())

    def _measure(self) -> None:
        name = self._endpoint.id
        self._note_failing()
        self._metrics.waiting.labels(name).set(self._backlog.waiting)
        self._measure_failing()
        self._metrics.disabled.labels(name).set(self._disabled_at is not None)

    def _measure_failing(self) -> None:
        """Whoever cannot read or store tells nothing either."""
        now = time.monotonic()
        since = min(self._failing_since or now, self._in_trouble_since or now)
        self._metrics.failing.labels(self._endpoint.id).set(now - since)

    def _note_failing(self, answers: Sequence[Answer] = ()) -> None:
        is_owed = self._backlog.is_owed(_now())
        self._failing_since = failing_since(self._failing_since, answers, time.monotonic(), is_owed=is_owed)


def _now() -> int:
    return time.time_ns() // 1_000_000
