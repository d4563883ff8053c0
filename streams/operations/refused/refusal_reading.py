"""Letters and held records from the broker: bounded, however many there are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition

from events.topics import DEAD_LETTERS, DEAD_LETTERS_REQUEUED, INPUT_TOPICS, QUARANTINE, SOURCE_QUARANTINES
from streams.domain.dead_letter_repair.letters import DeclaredType, RecordPosition, read_declared_type, read_letter
from streams.domain.dead_letter_repair.verdicts import INTAKE
from streams.domain.quarantine.held_records import ListedSource, ReleasedRecords, list_sources
from streams.domain.quarantine.quarantines import Quarantine, read_quarantine_record
from streams.platform.errors import MissingTopic
from streams.platform.topic_reading import ranges_between, records_between, records_in, records_of

MOST_HELD = 100_000
"""Held records that are read at most, the latest: a few seconds."""
MOST_SENT = 50_000
"""Records of input topics that are read at most, to learn what was accepted of a source."""
_INPUTS = frozenset(topic.name for topic in INPUT_TOPICS)


class Brief(NamedTuple):
    """A letter without what is in it, which may be a megabyte."""

    reason: str
    stage: str
    origin: RecordPosition
    said: DeclaredType
    name: str


def letters_between(
    consumer: KafkaConsumer, since: int, until: int | None = None, most: int | None = None
) -> Iterator[Brief]:
    """What was refused, of more than `most` the latest. Times in ms. Raises Kafka's errors."""
    for record in records_between(consumer, DEAD_LETTERS, since, until, most):
        place = RecordPosition(record.topic, record.partition, record.offset)
        if letter := read_letter(place, record.key, record.value, record.headers):
            yield Brief(letter.refusal.reason.value, letter.origin.stage, letter.origin_place, letter.said, letter.name)


def names_requeued_since(consumer: KafkaConsumer, since: int) -> set[str]:
    """The names of letters that were requeued from then on, ms. Raises Kafka's errors."""
    records = records_between(consumer, DEAD_LETTERS_REQUEUED, since)
    return {record.key.decode(errors="replace") for record in records if record.key and record.value is not None}


class Refusals:
    """Letters of input topics by source and type; those that were requeued (`names`) count for nothing."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._places: dict[DeclaredType, set[RecordPosition]] = {}
        self._mended: set[RecordPosition] = set()

    def add(self, letter: Brief) -> None:
        """Count one."""
        if letter.stage != INTAKE or letter.origin.topic not in _INPUTS:
            return
        if letter.name in self._names:
            self._mended.add(letter.origin)
        else:
            self._places.setdefault(letter.said, set()).add(letter.origin)

    @property
    def counts(self) -> dict[DeclaredType, int]:
        """How many are open, each record once."""
        return {said: len(places) for said, places in self._places.items()}

    def within(self, wanted: Iterable[DeclaredType], ranges: Mapping[TopicPartition, range]) -> dict[DeclaredType, int]:
        """The same of some, as far as their records stand in these ranges."""
        return {
            said: sum(place.offset in ranges.get(TopicPartition(*place[:2]), ()) for place in self._places[said])
            for said in wanted
        }

    def is_accepted(self, said: DeclaredType, place: RecordPosition) -> bool:
        """Whether a record that stands in an input topic is neither refused nor one that was."""
        return place not in self._mended and place not in self._places.get(said, ())

    def topics_of(self, wanted: Iterable[DeclaredType]) -> set[str]:
        """Where records of these were refused."""
        return {place.topic for said in wanted for place in self._places[said]}


def sent_lately(
    refusals: Refusals,
    wanted: list[DeclaredType],
    ranges: Mapping[TopicPartition, range],
    records: Iterable[tuple[RecordPosition, DeclaredType]],
) -> tuple[dict[DeclaredType, int], Counter[DeclaredType]]:
    """Of these, how many of the records in some ranges of their topics were refused, and how many accepted."""
    mine = set(wanted)
    accepted = Counter(said for place, said in records if said in mine and refusals.is_accepted(said, place))
    return refusals.within(wanted, ranges), accepted


def quarantines_of(consumer: KafkaConsumer, now: int) -> list[ListedSource]:
    """Which sources are held, since when, and how many of their records wait. Raises Kafka's errors."""
    known: dict[str, Quarantine] = {}
    with suppress(MissingTopic):
        for record in records_of(consumer, SOURCE_QUARANTINES):
            read_quarantine_record(record.key, record.value, known)
    return list_sources(known, _waiting(consumer), now)


def _waiting(consumer: KafkaConsumer) -> Counter[str]:
    """How many records wait of each source."""
    places = [TopicPartition(QUARANTINE, number) for number in consumer.partitions_for_topic(QUARANTINE) or ()]
    ranges = ranges_between(consumer, places, 0, None, MOST_HELD)
    waiting = Counter[str]()
    if not any(ranges.values()):
        return waiting
    released = ReleasedRecords()
    with suppress(MissingTopic):
        for note in records_of(consumer, DEAD_LETTERS_REQUEUED):
            released.hear(note.value)
    for record in records_in(consumer, ranges):
        source = read_declared_type(record.value, record.headers).source
        if source is not None and not released.has(record.partition, record.offset):
            waiting[source] += 1
    return waiting
