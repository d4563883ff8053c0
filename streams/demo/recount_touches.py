"""The oracle's recount of `touches` and of the `pressure` that they leave.

The contract forgets a touch once one 30 days later has been known for 7 days, by the broker's clock. The records of the
demo and the chaos suite are minutes old when they are checked, so nothing is forgotten here and no clock is needed: a
touch that a retraction uncovers is back.
"""

from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from typing import NamedTuple

from streams.demo.recount import CountedEvent, Profile, text_of

_LISTED = timedelta(days=30)
_HALF_LIFE = timedelta(days=7)
_MILLISECOND = timedelta(milliseconds=1)
_COSTS = {"door": 3000, "phone": 2000, "text": 1500, "letter": 500, "email": 1000}
_REACHED = ("contacted", "refused", "left_message", "language_barrier")
_SHOWN_BY = {"email": ("email.sent", "email.delivered"), "text": ("text.sent", "text.delivered")}
_KILLED_BY = {"email": ("email.bounced", "email.dropped"), "text": ("text.failed",)}
_exactly = Context(prec=50)


class Touch(NamedTuple):
    """One touch and the interaction that shows it."""

    channel: str
    purpose: str
    shown_by: CountedEvent


def listed_touches(told: list[CountedEvent]) -> list[Touch]:
    """The touches of the 30 days up to the latest one, newest first; `told` has one version of each report."""
    found = all_touches(told)
    if not found:
        return []
    newest = max(one.shown_by.at for one in found)
    recent = [one for one in found if newest - one.shown_by.at <= _LISTED]
    return sorted(recent, key=lambda one: (one.shown_by.at, one.shown_by.source, one.shown_by.id), reverse=True)


def all_touches(told: list[CountedEvent]) -> list[Touch]:
    """Every touch there ever was, in no order."""
    return [*_messages(told, "email"), *_messages(told, "text"), *_canvassed(told)]


def touches(recent: list[Touch]) -> list[Profile]:
    """The section `touches`."""
    return [
        {
            "channel": one.channel,
            "purpose": one.purpose,
            "at": text_of(one.shown_by.at),
            "team": one.shown_by.team,
            "source": one.shown_by.source,
            "id": one.shown_by.id,
        }
        for one in recent
    ]


def pressure(recent: list[Touch]) -> Profile:
    """The section `pressure`: milli-points by channel at the time of the latest touch."""
    points: dict[str, int] = {}
    for one in recent:
        age = recent[0].shown_by.at - one.shown_by.at
        points[one.channel] = points.get(one.channel, 0) + _points(one, age)
    return {"points": points, "as_of": text_of(_latest(recent))}


def _latest(recent: list[Touch]) -> datetime | None:
    return recent[0].shown_by.at if recent else None


def _points(touch: Touch, age: timedelta) -> int:
    """What is left of a touch's cost: floor(cost · 2^(−age / 7 days) + 0.5), in fifty digits."""
    cost = 0 if touch.purpose == "transactional" else _COSTS[touch.channel]
    weeks = _exactly.divide(Decimal(age // _MILLISECOND), Decimal(_HALF_LIFE // _MILLISECOND))
    left = _exactly.multiply(Decimal(cost), _exactly.power(Decimal(2), -weeks))
    return int((left + Decimal("0.5")).to_integral_value(ROUND_FLOOR))


def _messages(told: list[CountedEvent], channel: str) -> list[Touch]:
    """The touches of messages: one for each that was sent or delivered and did not fail."""
    killed = {one.fields["message_id"] for one in told if one.type in _KILLED_BY[channel]}
    found: dict[str, Touch] = {}
    for one in told:
        if one.type in _SHOWN_BY[channel]:
            message_id = one.fields["message_id"]
            if message_id not in killed and message_id not in found:
                found[message_id] = Touch(channel, one.fields.get("purpose") or "informational", one)
    return list(found.values())


def _canvassed(told: list[CountedEvent]) -> list[Touch]:
    """The touches of canvass reports: each call and text; of doors and of letters the first of a day in UTC."""
    found = []
    been = set()
    for one in told:
        if one.type != "canvass.reported" or one.fields["outcome"] not in _REACHED:
            continue
        method = one.fields["method"]
        if method in ("phone", "text"):
            found.append(Touch(method, "informational", one))
        elif method in ("door", "letter") and (method, one.at.date()) not in been:
            been.add((method, one.at.date()))
            found.append(Touch(method, "informational", one))
    return found
