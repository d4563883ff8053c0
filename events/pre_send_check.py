"""Judges an event before it is sent, wherever its sender waits for an answer: the client and the gateway.

It is judged as the input topics judge it. Besides, one that they accept and that has no effect is refused where it can
only be a mistake: whoever sets the end of a suppression before its beginning thinks that somebody is left alone. The
refusal of an unknown type names the known ones that may be meant.
"""

import orjson

from events.envelope import Interaction, Record, decode
from events.interactions.commands import ContactSuppressed
from events.json_types import JSON
from events.near_types import unknown_type
from events.purpose_wall import OPEN, Wall, through_the_wall
from events.refusal import Reason, Refusal
from events.registry import MODELS
from events.times import parse_time

_OVER = Refusal(
    Reason.INVALID_DATA,
    "data.until: before the event's own time, so nobody would be left alone; equal to it lifts, later ends",
)


def judge_before_sending(record: Record, phone_region: str, wall: Wall = OPEN) -> Interaction | Refusal:
    """The interaction in a record for an input topic, or why it should not be sent.

    `wall`: what nothing is taken of.
    """
    read = decode(record, phone_region)
    if isinstance(read, Interaction):
        read = through_the_wall(read, wall)
    if isinstance(read, Refusal) and read.reason is Reason.UNKNOWN_TYPE:
        return _with_near_type(read, _type_of(record))
    if isinstance(read, Refusal) or not isinstance(read.data, ContactSuppressed) or read.data.until is None:
        return read
    until = parse_time(read.data.until)
    return _OVER if until is not None and until < read.time else read


def _type_of(record: Record) -> JSON:
    """The type that a record gives itself, in a header or in its JSON."""
    for name, value in record.headers:
        if name == "ce_type":
            return (value or b"").decode(errors="replace")
    try:
        event = orjson.loads(record.value or b"null")
    except orjson.JSONDecodeError:
        return None
    return event.get("type") if isinstance(event, dict) else None


def _with_near_type(refusal: Refusal, type_: JSON) -> Refusal:
    """`refusal` with the types that may be meant. A known type is refused for its topic or its version."""
    if not isinstance(type_, str) or type_ in MODELS:
        return refusal
    return Refusal(refusal.reason, unknown_type(type_))
