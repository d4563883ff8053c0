"""How the teams' systems speak: each has its source, its topic, and its own way to write a time.

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


def utc(year: int, month: int, day: int) -> int:
    """Midnight of that day, in milliseconds since the epoch."""
    return (datetime(year, month, day, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def when(text: str) -> int:
    """An RFC 3339 time in milliseconds since the epoch."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


class Spelling(Enum):
    """The ways in which times are written: offset from UTC in hours, and precision."""

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


class Timed(NamedTuple):
    """Something said and when it happened, in milliseconds since the epoch."""

    at: int
    sent: Sent


@dataclass(frozen=True, slots=True)
class Voice:
    """One system of one team."""

    rng: Random
    source: str
    topic: str
    spelling: Spelling

    def say(self, type_: str, at: int, contact: ContactFields, fields: Fields) -> Timed:
        """One interaction under a new id, its time cut as this system writes it."""
        at -= at % (SECOND if self.spelling is Spelling.LOCAL_SECONDS else 1)
        id_ = f"{self.rng.getrandbits(64):016x}"
        return Timed(at, Sent(self.topic, type_, self.source, id_, self.spelling.write(at), contact, fields))

    def take_back(self, said: Timed, after: int) -> Timed:
        """Retract what this system said, `after` milliseconds later."""
        retracts: Fields = {"retracts": {"source": said.sent.source, "id": said.sent.id}}
        return self.say("interaction.retracted", said.at + after, said.sent.contact, retracts)
