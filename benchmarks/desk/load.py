"""Records as `harmonia console follow` reads them: interactions of an election night, a copy among twenty, profiles."""

from collections.abc import Iterator
from hashlib import md5
from itertools import accumulate, islice
from random import Random
from typing import Any, NamedTuple

import orjson

from benchmarks.pipeline.sayings import MIX
from events.times import render_time
from events.topics import CONTACT_STATE, INTERACTIONS
from streams.services.console.desk_batches import TopicRecord

BEGAN_MS = 1_762_480_800_000
A_SECOND = 2_000
"""Interactions of a second: how fast the clock of the records goes."""
_MIX = {
    **MIX, "email.unsubscribed": 0.3, "email.complained": 0.03, "text.opted_out": 0.1, "donation.refunded": 0.1,
}  # fmt: skip
_TYPES, _BOUNDS = tuple(_MIX), tuple(accumulate(_MIX.values()))
_DAY_MS = 86_400_000
REGIONS = [f"US-{name}" for name in ("OH", "PA", "WI", "MI", "NV", "AZ", "GA", "NC")]
_MAILBOXES = ("gmail", "gmail", "gmail", "yahoo", "microsoft", "apple", "other")
_OUTCOMES = ("contacted", "not_home", "not_home", "left_message", "refused")
_SOURCES = {
    "email": "digital/mailer", "donation": "finance/actblue", "canvass": "field/van",
    "text": "mobilisation/textbank", "rsvp": "events/mobilize",
}  # fmt: skip
CAMPAIGNS_A_DAY = 5
_COPIES = 0.05
_REMEMBERED = 5_000


class Pace(NamedTuple):
    """When the first record was appended, and how many come in a second. `prefix` begins the id of each."""

    began_ms: int = BEGAN_MS
    a_second: float = A_SECOND
    prefix: str = ""


ELECTION_NIGHT = Pace()


def interactions(contacts: int, count: int, seed: int, pace: Pace = ELECTION_NIGHT) -> Iterator[TopicRecord]:
    """So many records of `interactions`, in the order of their time."""
    rng = Random(seed)
    said: list[TopicRecord] = []
    for number in range(count):
        at = pace.began_ms + int(number * 1000 / pace.a_second)
        if said and rng.random() < _COPIES:
            one = said[rng.randrange(len(said))]._replace(offset=number, appended=at)
        else:
            one = interaction(rng, rng.randrange(contacts), number, at, pace.prefix)
            if len(said) < _REMEMBERED:
                said.append(one)
            else:
                said[number % _REMEMBERED] = one
        yield one


def profiles(contacts: int, count: int, seed: int) -> Iterator[TopicRecord]:
    """So many records of `contact-state`: somebody's profile, later each time."""
    rng = Random(seed)
    body = orjson.dumps(PROFILE)
    for number in range(count):
        name = fragment_of(rng.randrange(contacts))
        value = body.replace(b"<who>", name.encode()).replace(b'"version":0', b'"version":%d' % (number + 1))
        yield TopicRecord(CONTACT_STATE, 0, number, name.encode(), value, (), BEGAN_MS + number * 1000 // A_SECOND)


def batches(records: Iterator[TopicRecord], size: int) -> Iterator[list[TopicRecord]]:
    """The records in batches, as they are written."""
    while batch := list(islice(records, size)):
        yield batch


def interaction(rng: Random, person: int, number: int, at: int, prefix: str = "") -> TopicRecord:
    """The record of an interaction with a person, appended at `at`. `number`: which one it is."""
    type_ = rng.choices(_TYPES, cum_weights=_BOUNDS)[0]
    family = type_.partition(".")[0]
    fragment = fragment_of(person)
    contact: dict[str, Any] = {"email": fragment, "region": REGIONS[person % len(REGIONS)]}
    if family == "email":
        contact["mailbox"] = _MAILBOXES[person % len(_MAILBOXES)]
    event = {
        "specversion": "1.0",
        "id": f"{prefix}{number:08x}-{person:08x}",
        "source": _SOURCES[family],
        "type": type_,
        "time": render_time(at - rng.randrange(5_000)),
        "data": {
            **_data(type_, person, f"{prefix}{number}", at, rng),
            "contact": contact,
            "team": _SOURCES[family].partition("/")[0],
        },
    }
    return TopicRecord(INTERACTIONS, 0, number, fragment.encode(), orjson.dumps(event), (), at)


def _data(type_: str, person: int, name: str, at: int, rng: Random) -> dict[str, Any]:
    campaign = {"campaign_id": campaign_of(at, rng.randrange(CAMPAIGNS_A_DAY))}
    if type_.startswith("email"):
        return {**campaign, "message_id": f"m{rng.randrange(40)}-{person}", "purpose": "fundraising", "list_id": "main"}
    if type_.startswith("text"):
        return {**campaign, "message_id": f"t{rng.randrange(40)}-{person}", "sender": "40404"}
    if type_ == "donation.made":
        gift = {"donation_id": f"actblue:{name}", "amount": 500 + rng.randrange(9_500), "currency": "USD"}
        return {**gift, "committee": f"C{rng.randrange(4)}", "refcode": "em-2", "period": "once"}
    if type_ == "donation.refunded":
        return {"refund_id": f"back:{name}", "amount": 500, "currency": "USD", "committee": f"C{rng.randrange(4)}"}
    if type_ == "canvass.reported":
        report = {"method": "door", "outcome": rng.choice(_OUTCOMES), "report_id": f"van:{name}"}
        return {**report, "support": 1 + rng.randrange(5), "turf": f"turf-{person % 60}", "answers": {"van:17": "jobs"}}
    return {"event_id": f"ev{rng.randrange(500)}"}


def fragment_of(person: int) -> str:
    """By what a person is known."""
    return f"email:{md5(str(person).encode(), usedforsecurity=False).hexdigest()}"


def campaign_of(at: int, number: int) -> str:
    """One of the campaigns of a day."""
    return f"gotv-{at // _DAY_MS % 1000}-{number}"


_AT = "2025-11-07T01:00:00.000Z"
_TOUCHES = [
    {
        "channel": "email",
        "purpose": "fundraising",
        "at": _AT,
        "team": "digital",
        "source": "digital/mailer",
        "id": f"{n}",
    }
    for n in range(6)
]
PROFILE: dict[str, Any] = {
    "contact_id": "<who>", "version": 0, "first_seen": _AT, "last_seen": _AT,
    "counts": {"email.sent": 12, "email.opened": 7, "donation.made": 1},
    "email": {"subscribed": True, "status": "ok", "last_opened_at": _AT, "last_clicked_at": None, "opens_human": 4.2,
              "clicks_human": 1.0},
    "donations": {"count": 1, "gross": {"USD": 5000}, "refunded": {"USD": 0}, "net": {"USD": 5000}, "first_at": _AT,
                  "last_at": _AT, "pledges": [],
                  "by_committee": {"C004": {"net": {"USD": 5000}, "last_at": _AT, "elections": {"g": {"USD": 5000}}}}},
    "canvass": {"attempts": 2, "contacts": 1, "last_at": _AT, "last_method": "door", "last_outcome": "contacted",
                "support": 2, "support_at": _AT, "support_by": None, "answers": {"van:17": "jobs"}},
    "ballot": {"2012-general": {"status": "voted", "at": _AT, "source": "b", "id": "1"}}, "tags": ["volunteer"],
    "experiments": [], "addresses": [], "touches": _TOUCHES, "stops": {"senders": {}, "lists": {}},
    "zones": {"time_zone": "America/New_York", "region": "US-OH", "postal_code": "10001"},
    "pressure": {"points": {"email": 2400}, "as_of": _AT}, "consent": {}, "merged_from": [],
}  # fmt: skip
