"""Who was held back and why: counted from `audit-log`, in which every answer is written down before it is given."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition
from msgspec import Struct

from events.times import parse_time
from events.topics import AUDIT_LOG
from streams.clients import KafkaClients
from streams.insights.spans import Span
from streams.morning.figures import Held
from streams.settings import Settings

LATE_MS = 3_600_000
"""What is written down may wait so long while Kafka is away."""
_HELD_BACK = frozenset({"defer", "deny"})


class Told(Struct):
    contact_id: str
    decision: str | None = None
    reason: str | None = None


class Asked(Struct):
    """What of a record of `audit-log` is counted."""

    at: str
    what: str
    channel: str | None = None
    answers: list[Told] = []


_asked = msgspec.json.Decoder(Asked).decode


def held_in(records: Iterable[Asked], span: Span) -> tuple[Held, ...]:
    """How many people each answer other than yes was given about in a span, most first; each person once."""
    people: dict[tuple[str, str, str | None], set[str]] = {}
    for record in records:
        at = parse_time(record.at)
        if record.what != "permission" or at is None or not span.since <= at < span.until:
            continue
        for told in record.answers:
            if told.decision in _HELD_BACK and told.decision and told.reason:
                people.setdefault((told.decision, told.reason, record.channel), set()).add(told.contact_id)
    found = [Held(*answer, len(who)) for answer, who in people.items()]
    return tuple(sorted(found, key=lambda one: (-one.people, one.reason, one.channel or "", one.decision)))


def held_on(settings: Settings, spans: Sequence[Span]) -> list[tuple[Held, ...] | None]:
    """The same for each span, from the topic; None where there is no such topic. Raises Kafka's errors."""
    consumer = KafkaClients(settings).tool_consumer()
    try:
        places = [TopicPartition(AUDIT_LOG, number) for number in consumer.partitions_for_topic(AUDIT_LOG) or ()]
        if not places:
            return [None for _ in spans]
        return [held_in(_records(consumer, places, span), span) for span in spans]
    finally:
        consumer.close()


def _records(consumer: KafkaConsumer, places: Sequence[TopicPartition], span: Span) -> Iterator[Asked]:
    begin = _offsets(consumer, places, span.since)
    end = _offsets(consumer, places, span.until + LATE_MS)
    left = [place for place in places if begin[place] < end[place]]
    if not left:
        return
    consumer.assign(left)
    for place in left:
        consumer.seek(place, begin[place])
    while any(consumer.position(place) < end[place] for place in left):
        for place, records in consumer.poll(timeout_ms=500).items():
            for record in records:
                if record.offset < end[place] and (asked := _read(record.value)) is not None:
                    yield asked


def _offsets(consumer: KafkaConsumer, places: Sequence[TopicPartition], at: int) -> dict[TopicPartition, int]:
    """Of the first record that was appended at a time or later; where there is none, of the next to come."""
    found: dict[TopicPartition, Any] = consumer.offsets_for_times(dict.fromkeys(places, at))
    ends: dict[TopicPartition, int] = consumer.end_offsets(places)
    return {place: ends[place] if found.get(place) is None else found[place].offset for place in places}


def _read(value: bytes | None) -> Asked | None:
    try:
        return _asked(value or b"")
    except msgspec.DecodeError:
        return None
