"""Invented interactions of many contacts, made the same again from a seed.

The demo's simulator tells a story; a load needs only the right mix, quickly, and over any number of contacts. Each
person is known by the same strongest identifier in everything that is said of them, so people and contacts are one
to one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TypeAlias

import orjson

from events.contact import Contact
from events.identifiers import Hasher
from events.times import render_time
from events.topics import CANVASS_EVENTS, DONATION_EVENTS, EMAIL_EVENTS, OUTREACH_EVENTS

Fields: TypeAlias = dict[str, object]

MIX = {
    "email.sent": 34,
    "email.delivered": 16,
    "email.opened": 20,
    "email.clicked": 4,
    "donation.made": 6,
    "canvass.reported": 8,
    "text.sent": 9,
    "text.replied": 1,
    "rsvp.made": 2,
}
"""Of a hundred interactions. Mail is most of what a campaign does."""

_TYPES, _BOUNDS = tuple(MIX), tuple(accumulate(MIX.values()))
_PLACES = {
    "email": (EMAIL_EVENTS, "digital/mailer"),
    "donation": (DONATION_EVENTS, "finance/actblue"),
    "canvass": (CANVASS_EVENTS, "field/van"),
    "text": (OUTREACH_EVENTS, "mobilisation/textbank"),
    "rsvp": (OUTREACH_EVENTS, "events/mobilize"),
}
_REGIONS = ("US-OH", "US-PA", "US-WI", "US-MI", "US-NV", "US-AZ")
_OUTCOMES = ("contacted", "not_home", "not_home", "left_message", "refused")
_MAILINGS = 40
_WEEK_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Saying:
    """One CloudEvent in structured mode, and the topic it belongs to."""

    topic: str
    value: bytes


def sayings(contacts: int, count: int, seed: int, now_ms: int) -> Iterator[Saying]:
    """`count` interactions of the week before `now_ms` with contacts drawn evenly; of another seed, other ids."""
    rng = Random(seed)
    for number in range(count):
        yield saying(rng, int(rng.random() * contacts), f"{seed:04x}-{number:08x}", now_ms)


def saying(rng: Random, person: int, id_: str, now_ms: int, contact: Fields | None = None) -> Saying:
    """One interaction with this person, who is named by `contact`; without it as such an interaction does usually."""
    return written(event(rng, person, id_, now_ms, contact))


def written(event: Fields) -> Saying:
    """As a team's tool would send it."""
    return Saying(_PLACES[str(event["type"]).partition(".")[0]][0], orjson.dumps(event))


def event(rng: Random, person: int, id_: str, now_ms: int, contact: Fields | None = None) -> Fields:
    """The same before it is written."""
    type_ = rng.choices(_TYPES, cum_weights=_BOUNDS)[0]
    family = type_.partition(".")[0]
    data: Fields = {"contact": contact or contact_of(person, family), **_fields(type_, person, id_, rng)}
    time = render_time(now_ms - int(rng.random() * _WEEK_MS))
    return {
        "specversion": "1.0",
        "id": id_,
        "source": _PLACES[family][1],
        "type": type_,
        "time": time,
        "data": data,
    }


def contact_of(person: int, family: str) -> Fields:
    """`data.contact`: seven of ten are known by e-mail, two by a VAN id, one by a voter id; texts add the number."""
    found: Fields = {"region": _REGIONS[person % len(_REGIONS)]}
    kind = person % 10
    if kind == 0:
        found["voter_id"] = f"OH:{person:08d}"
    elif kind <= 2:
        found["external"] = {"van": f"{person:08d}"}
    if kind > 2 or family == "email":
        found["email"] = f"supporter.{person}@mail.example"
    if family == "text":
        found["phone"] = f"+1 {200 + person // 10_000_000 % 700} {person // 10_000 % 900 + 100} {person % 10_000:04d}"
    return found


def contact_id_of(person: int, hasher: Hasher) -> str:
    """The contact_id under which everything that is said of this person is folded."""
    return fragment_of(contact_of(person, "donation"), hasher)


def fragment_of(contact: Fields, hasher: Hasher) -> str:
    """The contact_id under which an interaction is folded that names this `data.contact`."""
    fragment = hasher.fragment(Contact.model_validate(contact))
    if fragment is None:
        raise ValueError("everybody has an identifier")
    return fragment


def _fields(type_: str, person: int, id_: str, rng: Random) -> Fields:
    if type_.startswith("email"):
        return _email(type_, person, rng)
    if type_.startswith("text"):
        said: Fields = {"message_id": f"t{int(rng.random() * _MAILINGS)}-{person}", "sender": "40404"}
        return said | ({"keyword": "YES"} if type_ == "text.replied" else {"purpose": "mobilisation"})
    if type_ == "donation.made":
        committee = {"committee": "C00431445", "refcode": "em-2", "period": "once"}
        return {
            "donation_id": f"actblue:{id_}",
            "amount": 500 + int(rng.random() * 9500),
            "currency": "USD",
            **committee,
        }
    if type_ == "canvass.reported":
        return {
            "method": "door",
            "outcome": _OUTCOMES[int(rng.random() * len(_OUTCOMES))],
            "report_id": f"van:{id_}",
            "canvasser_id": f"c{person % 997}",
            "support": 1 + int(rng.random() * 5),
            "answers": {"van:17": "jobs"},
        }
    return {"event_id": f"ev{int(rng.random() * 500)}"}


def _email(type_: str, person: int, rng: Random) -> Fields:
    said: Fields = {
        "message_id": f"m{int(rng.random() * _MAILINGS)}-{person}",
        "purpose": "fundraising",
        "list_id": "main",
    }
    if type_ in ("email.opened", "email.clicked"):
        said["user_agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26"
    if type_ == "email.clicked":
        said["url"] = f"https://donate.example/give?mailing=m{person % _MAILINGS}&refcode=em-2"
    return said
