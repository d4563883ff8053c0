"""Observes Kafka: what the workers' group has done, what it has to do, and what was refused.

Input topics are read as workers read them, where the command-line tools' client cannot: anybody may write to them, and
a batch may be damaged, or in a compression that the client does not know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from kafka import TopicPartition

from streams.domain.dead_letter_repair.letters import DeclaredType, RecordPosition, read_declared_type
from streams.domain.messages import CodedMessage, message
from streams.domain.replication import ReplicationState, judge_replication
from streams.platform.clients import KafkaClients
from streams.platform.described_replicas import internal_replicas, live_brokers, topic_replicas
from streams.platform.settings import Settings
from streams.platform.topic_reading import latest_of

if TYPE_CHECKING:
    from streams.engine.changelog import PartitionReader

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any, TypeVar

from aiokafka.errors import KafkaError as AioKafkaError
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import CoordinatorNotAvailableError, GroupIdNotFoundError, KafkaError, RebalanceInProgressError

from events.topics import INPUT_TOPICS
from streams.operations.refused_records import (
    MOST_SENT,
    LetterSummary,
    MostlyRefused,
    OpenRefusals,
    clocks_ahead,
    letters_between,
    mostly_refused,
    names_requeued_since,
    quarantines_of,
    refused_and_accepted,
    suspects,
)
from streams.operations.status.alert_rules import of_partitions
from streams.operations.status.observations import KafkaObservation, TopicFlow
from streams.platform.topics import topics_read_by_workers, wanted_topics
from streams.platform.tried_address import kafka_tried

Stretches = Mapping[TopicPartition, tuple[int, int]]
"""First offset and end offset by partition."""
Ranges = dict[TopicPartition, range]


def first_appended(settings: Settings, stretches: Stretches) -> dict[TopicPartition, int]:
    """When the first record of each stretch was appended, in ms since 1970; empty stretches are left out."""
    return asyncio.run(_first_appended(settings, stretches))


def sent_since(
    settings: Settings, places: Iterable[TopicPartition], since: int, most: int
) -> tuple[Ranges, list[tuple[RecordPosition, DeclaredType]]]:
    """Offsets of the latest records since a time (ms), and the source and type of each of them."""
    return asyncio.run(_sent_since(settings, list(places), since, most))


@asynccontextmanager
async def _careful_reader(settings: Settings) -> AsyncIterator[PartitionReader]:
    from streams.engine.aiokafka_patches.fetched_records import hand_out_light_records  # noqa: PLC0415
    from streams.engine.aiokafka_patches.record_batches import read_any_batch  # noqa: PLC0415 (hardly ever needed, and slow)
    from streams.engine.changelog import PartitionReader  # noqa: PLC0415

    read_any_batch()
    hand_out_light_records()
    async with PartitionReader(KafkaClients(settings)) as reader:
        yield reader


async def _first_appended(settings: Settings, stretches: Stretches) -> dict[TopicPartition, int]:
    from faust.types import TP  # noqa: PLC0415

    found = {}
    async with _careful_reader(settings) as reader:
        for place, (start, end) in stretches.items():
            async for run in reader.runs(TP(place.topic, place.partition), start, end):
                if run.records:
                    found[place] = run.records[0].timestamp
                    break
    return found


async def _sent_since(
    settings: Settings, places: list[TopicPartition], since: int, most: int
) -> tuple[Ranges, list[tuple[RecordPosition, DeclaredType]]]:
    from faust.types import TP  # noqa: PLC0415

    sent: list[tuple[RecordPosition, DeclaredType]] = []
    async with _careful_reader(settings) as reader:
        wanted = [TP(place.topic, place.partition) for place in places]
        begins, ends = await reader.offsets_at(wanted, since), await reader.ends_of(wanted)
        ranges = latest_of(
            {TopicPartition(*tp): begins[tp] for tp in wanted}, {TopicPartition(*tp): ends[tp] for tp in wanted}, most
        )
        for place, offsets in ranges.items():
            if not offsets:
                continue
            async for run in reader.runs(TP(place.topic, place.partition), offsets.start, offsets.stop):
                sent += [
                    (
                        RecordPosition(record.topic, record.partition, record.offset),
                        read_declared_type(record.value, record.headers),
                    )
                    for record in run.records
                    if record.offset < offsets.stop
                ]
    return ranges, sent


HOUR_MS = 3_600_000
STALLED_S = 300.0
BETWEEN_LOOKS_S = 2.5
"""Seconds between two observations: workers commit every second."""
MOST_LETTERS = 50_000
"""Most dead letters that are read; a flood shows with fewer as well."""
PATIENCE_S = 15.0
"""Longer than it takes until a frozen broker leads nothing any more: nine seconds, as brokers are set up."""
_ASK_MS = 2_000
_FETCH_S, _AGAIN_S = 5.0, 0.2
_REBALANCED_WITHIN_S = 10.0
_REBALANCING = ("PreparingRebalance", "CompletingRebalance")
_UNKNOWN_GROUP = f"[Error {GroupIdNotFoundError.errno}]"
Answer = TypeVar("Answer")

Offsets = Mapping[TopicPartition, int]


def observe_kafka(settings: Settings, now: int) -> KafkaObservation | CodedMessage:
    """Observe Kafka, or say that it is away. Takes two seconds longer where something waits."""
    clients, replication = KafkaClients(settings), ReplicationState()
    try:
        with (
            closing(clients.tool_admin()) as admin,
            closing(clients.tool_consumer()) as asking,
            closing(clients.tool_consumer()) as reading,
        ):
            replication = patiently(partial(_replication, admin, settings))
            observer = _KafkaObserver(admin, asking, reading, settings, now)
            return patiently(partial(observer.broker, replication))
    except KafkaError as error:
        if replication.offline:
            return of_partitions("status.kafka_offline", replication.offline, error=type(error).__name__)
        return message("status.kafka_away", error=type(error).__name__, tried=kafka_tried(settings))


def _replication(admin: KafkaAdminClient, settings: Settings) -> ReplicationState:
    """How replicas stand; where something cannot be written, by a second look: while leaders change it may be so."""
    seen = _look_at_replicas(admin, settings)
    if seen.offline or seen.unwritable:
        time.sleep(BETWEEN_LOOKS_S)
        seen = _look_at_replicas(admin, settings)
    return seen


def _look_at_replicas(admin: KafkaAdminClient, settings: Settings) -> ReplicationState:
    topics = topic_replicas(admin, [topic.name for topic in wanted_topics(settings)])
    return judge_replication([*topics, *internal_replicas(admin, settings)], len(live_brokers(admin)))


def patiently(ask: Callable[[], Answer], now: Callable[[], float] = time.monotonic) -> Answer:
    """Retry for a while: a broker that has just started first has to find the group's coordinator.

    Asks twice in any case: a question to a frozen broker takes all that time, and by then another one is the leader.
    """
    deadline, tries = now() + PATIENCE_S, 0
    while True:
        try:
            return ask()
        except KafkaError as error:
            tries += 1
            if not error.retriable or (tries > 1 and now() > deadline):
                raise
            time.sleep(_AGAIN_S)


class _Rebalancing(RebalanceInProgressError):  # type: ignore[misc]
    """Is over soon, so it is asked again."""

    retriable = True


class _KafkaObserver:
    """Makes one observation. `asking` is never assigned partitions: it would forget who leads all others."""

    def __init__(
        self,
        admin: KafkaAdminClient,
        asking: KafkaConsumer,
        reading: KafkaConsumer,
        settings: Settings,
        now: int,
    ) -> None:
        self._admin = admin
        self._asking = asking
        self._reading = reading
        self._settings = settings
        self._group = settings.app_id
        self._topics = topics_read_by_workers(settings)
        self._now = now
        self._began = time.monotonic()

    def broker(self, replication: ReplicationState) -> KafkaObservation:
        there = {topic: sorted(self._asking.partitions_for_topic(topic) or ()) for topic in self._topics}
        places = [
            TopicPartition(topic, number)
            for topic, numbers in there.items()
            for number in numbers
            if number not in replication.offline.get(topic, ())
        ]
        group = self._described_group()
        letters = list(letters_between(self._reading, self._now - HOUR_MS, most=MOST_LETTERS))
        return KafkaObservation(
            group_state=str(group["group_state"]),
            members=len(group["members"]),
            flows=self._flows(places, _owned(group)),
            refused=dict(Counter(letter.reason for letter in letters).most_common()),
            came_in=sum(self._since(topic.name) for topic in INPUT_TOPICS),
            topics_missing=[topic for topic, numbers in there.items() if not numbers],
            mostly_refused=self._mostly_refused(letters),
            quarantines=quarantines_of(self._reading, self._now),
            clocks_ahead=clocks_ahead(self._reading, self._now - HOUR_MS),
            replication=replication,
        )

    def _described_group(self) -> Mapping[str, Any]:
        """The group; raises where its coordinator does not know it now, of which kafka-python says: no members."""
        group: Mapping[str, Any] = self._admin.describe_groups([self._group])[self._group]
        if (said := group.get("error")) and _UNKNOWN_GROUP not in said:
            raise CoordinatorNotAvailableError(said)
        if group["group_state"] in _REBALANCING and not self._is_late():
            raise _Rebalancing  # nobody has a partition until it is over
        return group

    def _is_late(self) -> bool:
        return time.monotonic() > self._began + _REBALANCED_WITHIN_S

    def _flows(self, places: list[TopicPartition], owned: set[TopicPartition]) -> list[TopicFlow]:
        done, ends = self._done(places), self._asking.end_offsets(places)
        waits = self._waits({tp: done[tp] for tp in places if done[tp] < ends[tp]})
        lag = {tp: ends[tp] - done[tp] if tp in waits else 0 for tp in places}  # without a wait only markers are left
        later, more = done, ends
        if waits:
            time.sleep(BETWEEN_LOOKS_S)
            later, more = self._done(places), self._asking.end_offsets(places)
        found = []
        for topic in self._topics:
            mine = [tp for tp in places if tp.topic == topic]
            found.append(
                TopicFlow(
                    topic,
                    len(mine),
                    sum(lag[tp] for tp in mine),
                    max((waits.get(tp, 0.0) for tp in mine), default=0.0),
                    [tp.partition for tp in mine if waits.get(tp, 0.0) > STALLED_S and later[tp] <= done[tp]],
                    len(set(mine) - owned),
                    sum(more[tp] - later[tp] - ends[tp] + done[tp] for tp in mine) > 0,
                )
            )
        return found

    def _done(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The group's position in each partition; the log's start where it has none."""
        committed = self._admin.list_group_offsets(self._group)[self._group]
        starts: Offsets = self._asking.beginning_offsets(list(places))
        return {tp: max(committed[tp].offset if tp in committed else 0, starts[tp]) for tp in places}

    def _waits(self, starts: Offsets) -> dict[TopicPartition, float]:
        """Seconds that the first record from each offset has waited, by partition with such a record."""
        waits: dict[TopicPartition, float] = {}
        if not starts:
            return waits
        ends = self._asking.end_offsets(list(starts))
        self._reading.assign(list(starts))
        for tp, offset in starts.items():
            self._reading.seek(tp, offset)
        deadline = time.monotonic() + _FETCH_S
        open_ = set(starts)
        while open_ and time.monotonic() < deadline:
            try:
                read = self._reading.poll(timeout_ms=500, max_records=2000)
            except Exception:  # noqa: BLE001 - of a batch that workers read and this client does not, it raises anything
                appended = first_appended(self._settings, {tp: (starts[tp], ends[tp]) for tp in open_})
                waits.update((tp, max(0, self._now - at) / 1000) for tp, at in appended.items())
                break
            for tp, records in read.items():
                waits.setdefault(tp, max(0, self._now - records[0].timestamp) / 1000)
            open_ = {tp for tp in open_ if tp not in waits and self._reading.position(tp) < ends[tp]}
            self._reading.pause(*(starts.keys() - open_))
        return waits

    def _mostly_refused(self, letters: Iterable[LetterSummary]) -> list[MostlyRefused]:
        """Sources of which most records were refused, among those of which enough were."""
        since = self._now - HOUR_MS
        if not suspects(Counter(letter.declared for letter in letters)):
            return []
        refusals = OpenRefusals(names_requeued_since(self._reading, since))
        for letter in letters:
            refusals.add(letter)
        if not (wanted := suspects(refusals.counts)):
            return []
        topics = refusals.topics_of(wanted)
        places = [TopicPartition(each, number) for each in topics for number in self._asking.partitions_for_topic(each)]
        try:
            return mostly_refused(
                *refused_and_accepted(refusals, wanted, *sent_since(self._settings, places, since, MOST_SENT))
            )
        except AioKafkaError:
            return []  # accepted records cannot be counted

    def _since(self, topic: str) -> int:
        """Number of records of a topic since an hour ago."""
        starts, ends = self._hour_ago(topic)
        return sum(ends[tp] - offset for tp, offset in starts.items())

    def _hour_ago(self, topic: str) -> tuple[Offsets, Offsets]:
        places = [TopicPartition(topic, number) for number in self._asking.partitions_for_topic(topic) or ()]
        if not places:
            return {}, {}
        ends: Offsets = self._asking.end_offsets(places)
        found = self._at(places, self._now - HOUR_MS)
        return {tp: ends[tp] if found.get(tp) is None else found[tp].offset for tp in places}, ends

    def _at(self, places: Sequence[TopicPartition], time_ms: int) -> dict[TopicPartition, Any]:
        """The first offsets from a time on, without partitions that the broker itself cannot read."""
        try:
            found: dict[TopicPartition, Any] = self._asking.offsets_for_times(
                dict.fromkeys(places, time_ms), timeout_ms=_ASK_MS
            )
        except KafkaError:
            if len(places) == 1:
                return {}
            found = {}
            for half in (places[: len(places) // 2], places[len(places) // 2 :]):
                found |= self._at(half, time_ms)
        return found


def _owned(group: Mapping[str, Any]) -> set[TopicPartition]:
    """The partitions that are assigned to members of a group."""
    owned: dict[str, set[int]] = defaultdict(set)
    for member in group["members"]:
        for topic, numbers in _assigned(member["member_assignment"]):
            owned[topic].update(numbers)
    return {TopicPartition(topic, number) for topic, numbers in owned.items() for number in numbers}


def _assigned(assignment: Mapping[str, Any] | None) -> Iterable[tuple[str, list[int]]]:
    for each in (assignment or {}).get("assigned_partitions", ()):
        yield each["topic"], each["partitions"]
