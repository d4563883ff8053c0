"""Invented people: profiles as the contract has them, with the touches of a busy month, and the list of a sender."""

from collections.abc import Iterator
from random import Random

import orjson

from events.identifiers import Hasher, ref_of
from events.json_types import JSON
from events.times import render_time

_DAY = 86_400_000
_ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
_TEAMS = ("digital", "field", "finance", "text")
_PURPOSES = ("fundraising", "mobilisation", "informational")
_CHANNELS = ("email", "email", "email", "text", "phone", "door")
MOST_TOUCHES = 12


def van_of(person: int) -> str:
    """Their number in VAN."""
    return str(10_000_000 + person)


def email_of(person: int) -> str:
    """Their address."""
    return f"person{person}@example.org"


def phone_of(person: int) -> str:
    """Their number."""
    return f"+1212{2_000_000 + person:07}"


def profile(person: int, hasher: Hasher, rng: Random, now_ms: int) -> tuple[str, bytes]:
    """Contact_id and profile; the contact is named by the number in VAN, and has an address and a phone."""
    contact_id = hasher.external("van", van_of(person))
    email, phone = hasher.lookups("email", email_of(person))[0], hasher.lookups("phone", phone_of(person))[0]
    at = sorted((now_ms - rng.randrange(30 * _DAY) for _ in range(rng.randrange(MOST_TOUCHES + 1))), reverse=True)
    touches: list[JSON] = [_touch(rng, one, number) for number, one in enumerate(at)]
    money: JSON = {"USD": 5000}
    seen = render_time(now_ms - 90 * _DAY)
    said: dict[str, JSON] = {
        "contact_id": contact_id,
        "version": 81_234,
        "first_seen": seen,
        "last_seen": render_time(at[0]) if at else seen,
        "counts": {"email.sent": 12, "email.opened": 7, "email.clicked": 2, "donation.made": 1, "canvass.reported": 2},
        "email": {
            "subscribed": True,
            "status": "ok",
            "last_opened_at": seen,
            "last_clicked_at": None,
            "opens_human": 4.2,
            "clicks_human": 1.0,
        },
        "donations": {
            "count": 1,
            "gross": money,
            "refunded": {"USD": 0},
            "net": money,
            "first_at": seen,
            "last_at": seen,
            "pledges": [],
            "by_committee": {"C00000001": {"net": money, "last_at": seen, "elections": {}}},
        },
        "canvass": {
            "attempts": 2,
            "contacts": 1,
            "last_at": seen,
            "last_method": "door",
            "last_outcome": "contacted",
            "support": rng.randrange(1, 4),
            "support_at": seen,
            "support_by": {"source": "field/van", "id": "r1"},
            "answers": {"van:17": "jobs"},
        },
        "ballot": {},
        "tags": ["volunteer"],
        "experiments": [],
        "addresses": [
            {"ref": _ref(email), "channel": "email", "status": "hard_bounced" if rng.random() < 0.02 else "ok"},
            {"ref": _ref(phone), "channel": "phone", "status": "ok"},
        ],
        "zones": {"time_zone": rng.choice(_ZONES), "region": None, "postal_code": None},
        "touches": touches,
        "stops": {**(_unsubscribed(seen, person) if rng.random() < 0.05 else {}), "senders": {}, "lists": {}},
        "pressure": {"points": {"email": 2400}, "as_of": render_time(at[0]) if at else None},
        "consent": {},
        "merged_from": [],
    }
    return contact_id, orjson.dumps(said)


def audience(people: int, rows: int, rng: Random) -> Iterator[bytes]:
    """A sender's list, header first: each person as often as it takes, by VANID, address and phone, with other columns.

    A tenth of the rows have an address that nobody has heard of, and no more.
    """
    yield b"VANID,First Name,Email,Phone,City\n"
    for row in range(rows):
        person = row % people
        if rng.random() < 0.1:
            yield f",Nobody,unheard{row}@example.org,,\n".encode()
        else:
            number = phone_of(person)
            phone = f"({number[2:5]}) {number[5:8]}-{number[8:]}"
            yield f'{van_of(person)},Ada {person},{email_of(person)},{phone},"Springfield, IL"\n'.encode()


def _touch(rng: Random, at: int, number: int) -> JSON:
    return {
        "channel": rng.choice(_CHANNELS),
        "purpose": rng.choice(_PURPOSES),
        "at": render_time(at),
        "team": rng.choice(_TEAMS),
        "source": "digital/mailer",
        "id": f"{at:x}-{number}-{rng.getrandbits(64):016x}",
    }


def _unsubscribed(at: str, person: int) -> dict[str, JSON]:
    return {"email": {"reason": "unsubscribed", "at": at, "source": "digital/mailer", "id": f"stop-{person}"}}


def _ref(hashed: str) -> str:
    return ref_of(hashed)
