"""What `contact-suppressions` says of one channel of one contact."""

from typing import NamedTuple

import orjson

from events.interactions.base import Channel
from events.times import parse_time


class Closing(NamedTuple):
    """Why a channel is closed to everyone, since when, and until when if not for ever; times in ms."""

    reason: str
    since: int
    until: int | None = None

    def is_over(self, at: int) -> bool:
        """Whether the channel is open again at a time, though nobody has said so."""
        return self.until is not None and self.until <= at


def closing_of(value: bytes | None, channel: Channel) -> Closing | None:
    """What a value of `contact-suppressions` says of a channel; None: it is open."""
    said = None if value is None else orjson.loads(value).get(channel)
    if said is None:
        return None
    until = said.get("until")
    return Closing(said["reason"], parse_time(said["since"]) or 0, None if until is None else parse_time(until))
