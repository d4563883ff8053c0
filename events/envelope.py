"""Decodes a record of an input topic into an interaction, or into the reason of its refusal.

`decode` runs for every record of every topic, so it is one straight walk in the order of `dl_reason`: the first reason
ends it, and limits that a short record cannot exceed are not checked.
"""

from collections.abc import Mapping

import orjson
from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationError

from events.cloudevents import Head, Headers, extensions_of, is_version_1, open_event, read_head
from events.dead_letters import first_heard
from events.error_messages import explain, sentence
from events.fields import MAX_HEADER_BYTES, MAX_ID, MAX_RECORD_BYTES
from events.identifier_presence import require_person
from events.interactions.base import InteractionData
from events.interactions.commands import ContactErasedIfInactive, ContactSuppressed
from events.json_types import JSON
from events.limits import first_excess, within_by_size
from events.near_types import UNKNOWN_TYPE
from events.opening_words import TIME_SENT, opens
from events.refusal import Reason, Refusal
from events.registry import MODELS, TOPICS_OF
from events.times import FIRST_MS, parse_time, render_time

MAX_AHEAD_MS = 3_600_000
"""How far `time` may be ahead of the broker's clock."""

_TOO_LARGE = Refusal(Reason.TOO_LARGE, f"value: at most {MAX_RECORD_BYTES} bytes")
_LONG_HEADERS = Refusal(Reason.TOO_LARGE, f"headers: at most {MAX_HEADER_BYTES} bytes together")
_UNKNOWN_TYPE = Refusal(Reason.UNKNOWN_TYPE, UNKNOWN_TYPE)
_OTHER_VERSION = Refusal(Reason.UNKNOWN_TYPE, "dataschema: only version 1 of a type is known")
_NO_TIME = Refusal(Reason.NO_TIME, "time: give RFC 3339 with an offset, such as 2012-02-22T00:00:00Z")
_FUTURE = Refusal(Reason.TIME_IN_FUTURE, "time: more than 1 h after the record's own timestamp; mend the clock")
_LONG_NAME = Refusal(Reason.INVALID_DATA, f"id, source: at most {MAX_ID} characters each")
_NOT_YET = Refusal(Reason.INVALID_DATA, "data.inactive_since: give a time before the event's own time")
_WRONG_TOPIC = {
    type_: Refusal(Reason.UNKNOWN_TYPE, f"type: send it to {' or '.join(sorted(topics))}")
    for type_, topics in TOPICS_OF.items()
}


class Record(Struct, frozen=True, gc=False):
    """A record as it came from Kafka. `appended_at`: its timestamp, ms since 1970."""

    topic: str
    value: bytes | None
    headers: Headers
    appended_at: int


class Interaction(Struct, frozen=True, gc=False):
    """Something that happened between the organisation and one person. `time`: milliseconds since 1970.

    `id` and `source` together name it. `extensions`: attributes of the envelope that are not CloudEvents' own.
    `time_sent`: the time that the producer gave, ms, where `time` is an earlier one (`not_after`).
    """

    id: str
    source: str
    type: str
    time: int
    data: InteractionData
    dataschema: str | None = None
    extensions: dict[str, JSON] = {}
    time_sent: int | None = None


def decode(record: Record, phone_region: str = "US") -> Interaction | Refusal:
    """The interaction in a record of an input topic, or the first reason of `dl_reason` that applies.

    `phone_region` reads phone numbers without a country code; the same as the `Hasher`'s. Raises nothing.
    """
    value = record.value
    if value is not None and len(value) > MAX_RECORD_BYTES:
        return _TOO_LARGE
    if record.headers and headers_too_long(record.headers):
        return _LONG_HEADERS
    event = open_event(value, record.headers)
    if isinstance(event, Refusal):
        return event
    head = read_head(event)
    if isinstance(head, Refusal):
        return head
    if refusal := _misplaced(head, record.topic):
        return refusal
    time = read_time(event)
    if isinstance(time, Refusal):
        return time
    if time > record.appended_at + MAX_AHEAD_MS:
        return _FUTURE
    data = require_person(head[2], event.get("data"), phone_region)
    if isinstance(data, Refusal):
        return data
    read = _beyond_limits(record, event) or build(head, time, data, event)
    return read if isinstance(read, Refusal) else not_after(read, first_heard(record.headers, record.appended_at))


def not_after(interaction: Interaction, heard_at: int) -> Interaction:
    """The interaction, at `heard_at` (ms) if it opens something and its producer's clock says later.

    A clock that is fast would let a yes beat every no of the time until then. An earlier moment only makes a yes older.
    """
    time, data, heard_at = interaction.time, interaction.data, max(heard_at, FIRST_MS)
    if time <= heard_at or not opens(interaction.type, data):
        return interaction
    if isinstance(data, ContactSuppressed) and (end := parse_time(data.until or "")) is not None and end <= time:
        if end < time:  # it counts for nothing, but would end another one if it began earlier
            return interaction
        data = data.model_copy(update={"until": render_time(heard_at)})  # it lifts
    return replace(interaction, time=heard_at, data=data, time_sent=time)


def headers_too_long(headers: Headers) -> bool:
    """Whether a record's headers are larger together than they may be."""
    return sum(len(name) + len(text or b"") for name, text in headers) > MAX_HEADER_BYTES


def _misplaced(head: Head, topic: str) -> Refusal | None:
    _, _, type_, schema = head
    topics = TOPICS_OF.get(type_)
    if topics is None:
        return _UNKNOWN_TYPE
    if topic not in topics:
        return _WRONG_TOPIC[type_]
    return None if schema is None or is_version_1(schema) else _OTHER_VERSION


def read_time(event: dict[str, JSON]) -> int | Refusal:
    """The time of an event, in ms since 1970."""
    text = event.get("time")
    time = parse_time(text) if isinstance(text, str) else None
    return _NO_TIME if time is None else time


def _beyond_limits(record: Record, event: dict[str, JSON]) -> Refusal | None:
    value = record.value or b""
    size = len(value)
    if record.headers:
        size += sum(len(text or b"") for _, text in record.headers)
    if within_by_size(size, value.count(b"{") + value.count(b"[")):
        return None
    excess = first_excess(event)
    return None if excess is None else Refusal(Reason.INVALID_DATA, sentence(*excess))


def build(head: Head, time: int, data: Mapping[str, object], event: dict[str, JSON]) -> Interaction | Refusal:
    """The interaction, if `data` is valid for its type."""
    id_, source, type_, schema = head
    if len(id_) > MAX_ID or len(source) > MAX_ID:
        return _LONG_NAME
    try:
        model = MODELS[type_].model_validate(data)
    except ValidationError as error:
        return Refusal(Reason.INVALID_DATA, explain(error))
    if model.__class__ is ContactErasedIfInactive and _is_not_before(model, time):
        return _NOT_YET
    return Interaction(id_, source, type_, time, model, schema, extensions_of(event))


def _is_not_before(command: ContactErasedIfInactive, time: int) -> bool:
    """Whether it would erase by a time that had not come when it was decided: nobody can have acted since."""
    since = parse_time(command.inactive_since)
    return since is None or since >= time


def attributes(interaction: Interaction) -> dict[str, JSON]:
    """The envelope without its `data`, as CloudEvents writes it."""
    event: dict[str, JSON] = {
        "specversion": "1.0",
        "id": interaction.id,
        "source": interaction.source,
        "type": interaction.type,
        "time": render_time(interaction.time),
    }
    if interaction.dataschema is not None:
        event["dataschema"] = interaction.dataschema
    if interaction.extensions:
        return interaction.extensions | event
    return event


def ahead_ms(interaction: Interaction) -> int:
    """How far the clock of its producer was ahead of the record, ms; 0 where the producer's time was taken."""
    told = (interaction.data.model_extra or {}).get(TIME_SENT)  # where the gateway has dated it before
    before = parse_time(told) if isinstance(told, str) else None
    return max(0, *(sent - interaction.time for sent in (interaction.time_sent, before) if sent is not None), 0)


def plain_data(interaction: Interaction) -> dict[str, JSON]:
    """`data` as JSON, with the time that the producer gave where the interaction has an earlier one."""
    data = interaction.data.plain()
    if interaction.time_sent is not None:
        data[TIME_SENT] = render_time(interaction.time + ahead_ms(interaction))
    return data


def encode_structured(interaction: Interaction) -> bytes:
    """The value of a record in structured mode: the whole event as JSON."""
    return orjson.dumps(attributes(interaction) | {"data": plain_data(interaction)})


def encode_binary(interaction: Interaction) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of a record in Kafka binary mode. An extension that is no text is written as JSON."""
    headers = [("content-type", b"application/json")]
    for name, value in attributes(interaction).items():
        headers.append((f"ce_{name}", value.encode() if isinstance(value, str) else orjson.dumps(value)))
    return orjson.dumps(plain_data(interaction)), headers
