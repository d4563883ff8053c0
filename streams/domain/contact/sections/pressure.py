"""How much of a person's patience has been used, by channel, at the time of the latest touch."""

from collections.abc import Mapping, Sequence

from events.interactions.base import Channel
from events.outputs import Pressure
from events.times import render_time
from streams.domain.contact.sections.messages import Touch

COSTS: Mapping[Channel, int] = {"door": 3_000, "phone": 2_000, "text": 1_500, "letter": 500, "email": 1_000}
"""Milli-points of a touch that is not transactional; those cost nothing."""

HALF_LIFE = 7 * 24 * 3_600_000
"""After so long (ms) a touch weighs half."""


def weight(cost: int, age: int) -> int:
    """What is left of a touch after so long (ms): floor(cost · 2^(−age / 7 days) + 0.5), the contract's formula."""
    return int(cost * 2.0 ** (-age / HALF_LIFE) + 0.5)


def pressure(listed: Sequence[Touch]) -> Pressure:
    """The profile's `pressure` of its listed touches, newest first: rounded touch by touch."""
    return {"points": points(listed), "as_of": render_time(listed[0].time) if listed else None}


def points(listed: Sequence[Touch]) -> dict[Channel, int]:
    """The milli-points of touches, newest first, by channel, at the time of the first."""
    found: dict[Channel, int] = {}
    latest = listed[0].time if listed else 0
    for touch in listed:
        channel = touch.channel
        left = 0
        if touch.purpose != "transactional":  # as `weight` has it; a call takes as long again
            left = int(COSTS[channel] * 2.0 ** ((touch.time - latest) / HALF_LIFE) + 0.5)
        found[channel] = found.get(channel, 0) + left
    return found
