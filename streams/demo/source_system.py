"""The source systems of the demo's teams: each has its `source`, its topic, and its own way to write a time.

Real feeds differ in exactly that. A mailer writes milliseconds in UTC, a canvassing app whole seconds with the local
offset, a text bank microseconds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from random import Random
from typing import NamedTuple

from streams.demo.truth import ContactFields, Fields, Sent

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_midnight(year: int, month: int, day: int) -> int:
    """Midnight of a day in UTC, in milliseconds since the epoch."""
    return (datetime(year, month, day, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def parse_time_ms(text: str) -> int:
    """An RFC 3339 time in milliseconds since the epoch."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


class TimeFormat(Enum):
    """A way to write times: offset from UTC in hours, and precision."""

    MILLISECONDS = (0, "milliseconds")
    LOCAL_SECONDS = (-7, "seconds")
    MICROSECONDS = (0, "microseconds")

    def __init__(self, hours: int, precision: str) -> None:
        """Keep the zone and the precision ready."""
        self._zone = timezone(timedelta(hours=hours))
        self._precision = precision

    def write(self, at: int) -> str:
        """`at`, in milliseconds since the epoch, as RFC 3339."""
        text = (_EPOCH + timedelta(milliseconds=at)).astimezone(self._zone).isoformat(timespec=self._precision)
        return text.replace("+00:00", "Z") if self._precision == "milliseconds" else text


class TimedInteraction(NamedTuple):
    """An interaction and when it happened, in milliseconds since the epoch."""

    at: int
    sent: Sent


@dataclass(frozen=True, slots=True)
class SourceSystem:
    """One system of one team, which emits interactions."""

    rng: Random
    source: str
    topic: str
    spelling: TimeFormat

    def say(self, type_: str, at: int, contact: ContactFields, fields: Fields) -> TimedInteraction:
        """An interaction under a new id, its time cut to the precision of this system."""
        at -= at % (SECOND if self.spelling is TimeFormat.LOCAL_SECONDS else 1)
        id_ = f"{self.rng.getrandbits(64):016x}"
        return TimedInteraction(at, Sent(self.topic, type_, self.source, id_, self.spelling.write(at), contact, fields))

    def take_back(self, said: TimedInteraction, after: int) -> TimedInteraction:
        """The retraction of an interaction of this system, `after` milliseconds later."""
        retracts: Fields = {"retracts": {"source": said.sent.source, "id": said.sent.id}}
        return self.say("interaction.retracted", said.at + after, said.sent.contact, retracts)
