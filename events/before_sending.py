"""What is said of an event before it is sent, at every door where somebody waits for an answer.

It is judged as the input topics judge it. Besides, what they take and pass over is refused where it can only be a slip:
whoever set an end to a suppression that lies before its beginning thinks that somebody is left alone.
"""

from events.envelope import Interaction, Record, decode
from events.interactions.commands import ContactSuppressed
from events.refusal import Reason, Refusal
from events.times import parse_time

_OVER = Refusal(
    Reason.INVALID_DATA,
    "data.until: before the event's own time, so nobody would be left alone; equal to it lifts, later ends",
)


def judge(record: Record, phone_region: str) -> Interaction | Refusal:
    """The interaction in a record of an input topic, or why it should not be sent."""
    read = decode(record, phone_region)
    if isinstance(read, Refusal) or not isinstance(read.data, ContactSuppressed) or read.data.until is None:
        return read
    until = parse_time(read.data.until)
    return _OVER if until is not None and until < read.time else read
