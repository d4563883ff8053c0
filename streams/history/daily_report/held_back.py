"""Who was held back and why: counted from `audit-log`, in which every answer is written down before it is given."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from kafka import KafkaConsumer
from msgspec import Struct

from events.times import parse_time
from events.topics import AUDIT_LOG
from streams.history.daily_report.figures import Held
from streams.history.insights.spans import Span
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_between
from streams.services.audience_filter.chunk_verdicts import REPEATED

LATE_MS = 3_600_000
"""What is written down may wait so long while Kafka is away."""
_HELD_BACK = frozenset({"defer", "deny"})
_NOBODY = frozenset({"malformed_row", "no_identifier", REPEATED})
"""Reasons of rows that name nobody, or somebody who was named before: nobody was held back by them."""


class Told(Struct):
    contact_id: str
    decision: str | None = None
    reason: str | None = None


class Counted(Struct):
    decision: str
    reason: str
    rows: int


class Asked(Struct):
    """What of a record of `audit-log` is counted: answers about people, or counts of a list's."""

    at: str
    what: str
    channel: str | None = None
    answers: list[Told] = []
    counts: list[Counted] = []
    request: str = ""


_asked = msgspec.json.Decoder(Asked).decode


def held_in(records: Iterable[Asked], span: Span) -> tuple[Held, ...]:
    """About how many each answer but yes was given in a span, most first; people once, rows of lists each time."""
    people: dict[tuple[str, str, str | None], set[str]] = {}
    rows: Counter[tuple[str, str, str | None]] = Counter()
    lists: set[str] = set()
    for record in records:
        at = parse_time(record.at)
        if record.what != "permission" or at is None or not span.since <= at < span.until:
            continue
        for told in record.answers:
            if told.decision in _HELD_BACK and told.decision and told.reason:
                people.setdefault((told.decision, told.reason, record.channel), set()).add(told.contact_id)
        if not record.counts or record.request in lists:
            continue  # one of a list may come twice
        lists.add(record.request)
        for count in record.counts:
            if count.decision in _HELD_BACK and count.reason not in _NOBODY:
                rows[count.decision, count.reason, record.channel] += count.rows
    found = [Held(*answer, len(people.get(answer, ())), rows[answer]) for answer in people.keys() | rows.keys()]
    return tuple(sorted(found, key=lambda one: (-one.people - one.rows, one.reason, one.channel or "", one.decision)))


def held_on(settings: Settings, spans: Sequence[Span]) -> list[tuple[Held, ...] | None]:
    """The same for each span, from the topic; None where there is no such topic. Raises Kafka's errors."""
    consumer = KafkaClients(settings).tool_consumer()
    try:
        if not consumer.partitions_for_topic(AUDIT_LOG):
            return [None for _ in spans]
        return [held_in(_records(consumer, span), span) for span in spans]
    finally:
        consumer.close()


def _records(consumer: KafkaConsumer, span: Span) -> Iterator[Asked]:
    for record in records_between(consumer, AUDIT_LOG, span.since, span.until + LATE_MS):
        if (asked := _read(record.value)) is not None:
            yield asked


def _read(value: bytes | None) -> Asked | None:
    try:
        return _asked(value or b"")
    except msgspec.DecodeError:
        return None
