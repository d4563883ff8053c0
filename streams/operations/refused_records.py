"""Refused and held records by source, for `harmonia status` and the daily report, read from Kafka.

A source of which most records of a type are refused is a broken producer, however few records it sends. A share of all
records does not show it: the gifts of one page are a handful among the opens of a mailing. Of dead letters, requeue
notes and held records at most a fixed number is read.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition

from events.envelope import Interaction, ahead_ms
from events.harmonised import read_harmonised
from events.opening_words import CLOCK_AHEAD_MS, TIME_SENT
from events.registry import MODELS
from events.topics import (
    DEAD_LETTERS,
    DEAD_LETTERS_REQUEUED,
    INPUT_TOPICS,
    INTERACTIONS,
    QUARANTINE,
    SOURCE_QUARANTINES,
)
from streams.domain.dead_letter_repair.letters import DeclaredType, RecordPosition, read_declared_type, read_letter
from streams.domain.dead_letter_repair.verdicts import INTAKE
from streams.domain.display_names import named
from streams.domain.messages import CodedMessage, Field, message
from streams.domain.quarantine.held_records import ListedSource, ReleasedRecords, list_sources
from streams.domain.quarantine.quarantines import Quarantine, read_quarantine_record
from streams.platform.errors import MissingTopic
from streams.platform.topic_reading import ranges_between, records_between, records_in, records_of

LEAST = 10
"""Records of a source and type below which "most" means little."""
MOST = 0.5


@dataclass(frozen=True, slots=True)
class MostlyRefused:
    """More than half of these `sent` records were `refused`. Names may be shown to anybody."""

    source: str
    type: str
    refused: int
    sent: int


def suspects(refused: Mapping[DeclaredType, int]) -> list[DeclaredType]:
    """Sources and types that can be read, and of which enough was refused to ask what was accepted."""
    least = int(LEAST * MOST) + 1
    return [said for said, count in refused.items() if count >= least and said.source and said.type]


def mostly_refused(refused: Mapping[DeclaredType, int], accepted: Mapping[DeclaredType, int]) -> list[MostlyRefused]:
    """Sources and types with `LEAST` records or more, of which more than half is refused; most refused first."""
    found = []
    for said in suspects(refused):
        count, sent = refused[said], refused[said] + accepted.get(said, 0)
        if sent >= LEAST and count > MOST * sent:
            found.append(MostlyRefused(named(said.source), named(said.type), count, sent))
    return sorted(found, key=lambda each: (-each.refused, each.source, each.type))


def refused_message(each: MostlyRefused) -> CodedMessage:
    """`finance/actblue: 40 of 40 gifts refused`."""
    records = records_of_type(each.type)
    return message("source.refused", source=each.source, refused=each.refused, sent=each.sent, records=records)


def records_of_type(type_: str) -> Field:
    """What the records of a type are called; of one that nobody announced its name."""
    return message(f"records_of.{type_}") if type_ in MODELS else type_


def shortened_list(sentences: Iterable[CodedMessage], most: int) -> list[CodedMessage]:
    """The first sentences, and how many more there are."""
    said = list(sentences)
    more = len(said) - most
    return [*said[:most], *([message("source.more", more=more)] if more > 0 else [])]


MOST_HELD = 100_000
"""Most held records that are read, the latest: a few seconds."""
MOST_SENT = 50_000
"""Most records of input topics that are read to learn what was accepted of a source."""
MOST_DATED = 10_000
"""Most records of `interactions` that are looked through for times that were ahead, the latest."""
_DATED = f'"{TIME_SENT}"'.encode()
_INPUTS = frozenset(topic.name for topic in INPUT_TOPICS)


class LetterSummary(NamedTuple):
    """A dead letter without its content, which may be a megabyte."""

    reason: str
    stage: str
    origin: RecordPosition
    declared: DeclaredType
    name: str


def letters_between(
    consumer: KafkaConsumer, since: int, until: int | None = None, most: int | None = None
) -> Iterator[LetterSummary]:
    """Dead letters between two times (ms), the latest if more than `most`. Raises Kafka's errors."""
    for record in records_between(consumer, DEAD_LETTERS, since, until, most):
        place = RecordPosition(record.topic, record.partition, record.offset)
        if letter := read_letter(place, record.key, record.value, record.headers):
            yield LetterSummary(
                letter.refusal.reason.value, letter.origin.stage, letter.origin_place, letter.declared, letter.name
            )


def names_requeued_since(consumer: KafkaConsumer, since: int) -> set[str]:
    """Names of letters requeued since a time (ms). Raises Kafka's errors."""
    records = records_between(consumer, DEAD_LETTERS_REQUEUED, since)
    return {record.key.decode(errors="replace") for record in records if record.key and record.value is not None}


class OpenRefusals:
    """Dead letters of input topics by source and type, without those requeued (`names`)."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._places: dict[DeclaredType, set[RecordPosition]] = {}
        self._mended: set[RecordPosition] = set()

    def add(self, letter: LetterSummary) -> None:
        """Count one letter."""
        if letter.stage != INTAKE or letter.origin.topic not in _INPUTS:
            return
        if letter.name in self._names:
            self._mended.add(letter.origin)
        else:
            self._places.setdefault(letter.declared, set()).add(letter.origin)

    @property
    def counts(self) -> dict[DeclaredType, int]:
        """Number of open letters by source and type, each record once."""
        return {said: len(places) for said, places in self._places.items()}

    def within(self, wanted: Iterable[DeclaredType], ranges: Mapping[TopicPartition, range]) -> dict[DeclaredType, int]:
        """Number of open letters of some sources and types, of records within these ranges of offsets."""
        return {
            said: sum(place.offset in ranges.get(TopicPartition(*place[:2]), ()) for place in self._places[said])
            for said in wanted
        }

    def is_accepted(self, said: DeclaredType, place: RecordPosition) -> bool:
        """Whether a record in an input topic is neither refused nor a refused one that was requeued."""
        return place not in self._mended and place not in self._places.get(said, ())

    def topics_of(self, wanted: Iterable[DeclaredType]) -> set[str]:
        """Topics in which records of these sources and types were refused."""
        return {place.topic for said in wanted for place in self._places[said]}


def refused_and_accepted(
    refusals: OpenRefusals,
    wanted: list[DeclaredType],
    ranges: Mapping[TopicPartition, range],
    records: Iterable[tuple[RecordPosition, DeclaredType]],
) -> tuple[dict[DeclaredType, int], Counter[DeclaredType]]:
    """Refused and accepted records of these sources and types, within some ranges of their topics."""
    mine = set(wanted)
    accepted = Counter(said for place, said in records if said in mine and refusals.is_accepted(said, place))
    return refusals.within(wanted, ranges), accepted


def quarantines_of(consumer: KafkaConsumer, now: int) -> list[ListedSource]:
    """Sources in quarantine, since when, and how many of their records wait. Raises Kafka's errors."""
    known: dict[str, Quarantine] = {}
    with suppress(MissingTopic):
        for record in records_of(consumer, SOURCE_QUARANTINES):
            read_quarantine_record(record.key, record.value, known)
    return list_sources(known, waiting_by_source(consumer), now)


def clocks_ahead(consumer: KafkaConsumer, since: int) -> dict[str, int]:
    """Latest interactions since a time (ms) that were dated by their record, by source. Raises Kafka's errors.

    Names may be shown to anybody.
    """
    found = Counter[str]()
    for record in records_between(consumer, INTERACTIONS, since, most=MOST_DATED):
        if _DATED not in (record.value or b""):
            continue
        read = read_harmonised(record.value)
        if isinstance(read, Interaction) and ahead_ms(read) > CLOCK_AHEAD_MS:
            found[named(read.source)] += 1
    return dict(found)  # `dataclasses.asdict` counts the pairs of a Counter


def waiting_by_source(consumer: KafkaConsumer) -> Counter[str]:
    """How many held records of each source wait to be released. Raises Kafka's errors."""
    places = [TopicPartition(QUARANTINE, number) for number in consumer.partitions_for_topic(QUARANTINE) or ()]
    ranges = ranges_between(consumer, places, 0, None, MOST_HELD)
    waiting = Counter[str]()
    if not any(ranges.values()):
        return waiting
    released = ReleasedRecords()
    with suppress(MissingTopic):
        for note in records_of(consumer, DEAD_LETTERS_REQUEUED):
            released.take(note.value)
    for record in records_in(consumer, ranges):
        source = read_declared_type(record.value, record.headers).source
        if source is not None and not released.has(record.partition, record.offset):
            waiting[source] += 1
    return waiting
