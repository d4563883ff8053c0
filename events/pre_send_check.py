"""Judges an event before it is sent, wherever its sender waits for an answer: the client and the gateway.

It is judged as the input topics judge it. Besides, one that they accept and that has no effect is refused where it can
only be a mistake: whoever sets the end of a suppression before its beginning thinks that somebody is left alone.
"""

from events.envelope import Interaction, Record, decode
from events.interactions.commands import ContactSuppressed
from events.refusal import Reason, Refusal
from events.times import parse_time

_OVER = Refusal(
    Reason.INVALID_DATA,
    "data.until: before the event's own time, so nobody would be left alone; equal to it lifts, later ends",
)


def judge_before_sending(record: Record, phone_region: str) -> Interaction | Refusal:
    """The interaction in a record for an input topic, or why it should not be sent."""
    read = decode(record, phone_region)
    if isinstance(read, Refusal) or not isinstance(read.data, ContactSuppressed) or read.data.until is None:
        return read
    until = parse_time(read.data.until)
    return _OVER if until is not None and until < read.time else read
