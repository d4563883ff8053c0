"""Counts people whom teams were told not to reach, from `audit-log`, which records every answer before it is given."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from kafka import KafkaConsumer
from msgspec import Struct

from events.json_types import UNREADABLE
from events.times import parse_time
from events.topics import AUDIT_LOG
from streams.domain.pressure.asking import REPEATED
from streams.history.daily_report.figures import HeldBackCount
from streams.history.insights.spans import Span
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_between

LATE_MS = 3_600_000
"""How long a record may wait while Kafka is away."""
_HELD_BACK = frozenset({"defer", "deny"})
_NOBODY = frozenset({"malformed_row", "no_identifier", REPEATED})
"""Reasons of rows that name nobody, or somebody named before: they held nobody back."""


class PersonAnswer(Struct):
    """The answer about one person."""

    contact_id: str
    decision: str | None = None
    reason: str | None = None


class ReasonCount(Struct):
    """How many rows of a list got an answer for a reason."""

    decision: str
    reason: str
    rows: int


class AuditRecord(Struct):
    """The counted fields of a record of `audit-log`: answers about people, or counts of a list."""

    at: str
    what: str
    channel: str | None = None
    answers: list[PersonAnswer] = []
    counts: list[ReasonCount] = []
    request: str = ""


_asked = msgspec.json.Decoder(AuditRecord).decode


def held_back_in(records: Iterable[AuditRecord], span: Span) -> tuple[HeldBackCount, ...]:
    """Counts of each answer but yes within a span, most first; people once, rows of lists each time."""
    people: dict[tuple[str, str, str | None], set[str]] = {}
    rows: Counter[tuple[str, str, str | None]] = Counter()
    lists: set[str] = set()
    for record in records:
        at = parse_time(record.at)
        if record.what != "permission" or at is None or not span.since <= at < span.until:
            continue
        for answer in record.answers:
            if answer.decision in _HELD_BACK and answer.decision and answer.reason:
                people.setdefault((answer.decision, answer.reason, record.channel), set()).add(answer.contact_id)
        if not record.counts or record.request in lists:
            continue  # the record of a list may come twice
        lists.add(record.request)
        for count in record.counts:
            if count.decision in _HELD_BACK and count.reason not in _NOBODY:
                rows[count.decision, count.reason, record.channel] += count.rows
    found = [
        HeldBackCount(*answer, len(people.get(answer, ())), rows[answer]) for answer in people.keys() | rows.keys()
    ]
    return tuple(sorted(found, key=lambda one: (-one.people - one.rows, one.reason, one.channel or "", one.decision)))


def held_back_on(settings: Settings, spans: Sequence[Span]) -> list[tuple[HeldBackCount, ...] | None]:
    """The counts of each span, from the topic; None where the topic does not exist. Raises Kafka's errors."""
    consumer = KafkaClients(settings).tool_consumer()
    try:
        if not consumer.partitions_for_topic(AUDIT_LOG):
            return [None for _ in spans]
        return [held_back_in(_records(consumer, span), span) for span in spans]
    finally:
        consumer.close()


def _records(consumer: KafkaConsumer, span: Span) -> Iterator[AuditRecord]:
    for record in records_between(consumer, AUDIT_LOG, span.since, span.until + LATE_MS):
        if (answer := _read(record.value)) is not None:
            yield answer


def _read(value: bytes | None) -> AuditRecord | None:
    try:
        return _asked(value or b"")
    except UNREADABLE:
        return None
