"""Bad records, made from good ones, each with the `dl_reason` that it must get."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from streams.demo.encoding import Headers, attributes, body, encode, key
from streams.demo.truth import Publication, Sent

_NOBODY: tuple[dict[str, str], ...] = (
    {"region": "US-CA"},
    {},
    {"email": "not an address", "region": "US-AZ"},
    {"phone": "unknown"},
)
_UNKNOWN = {
    "email-events": "email.forwarded",
    "donation-events": "donation.promised",
    "canvass-events": "canvass.guessed",
    "outreach-events": "text.read",
    "contact-commands": "contact.paused",
}
_Encoded = tuple[bytes, Headers]


def spoil(sent: Sent, number: int, rng: Random) -> Publication:
    """A bad record under a new id; `number` goes through the kinds in turn."""
    reason, make = _KINDS[number % len(_KINDS)]
    fresh = replace(sent, id=f"spoilt-{number}-{sent.id}"[:64])
    if reason == "invalid_data":
        fresh = replace(fresh, topic="donation-events", type="donation.made", source="finance/actblue")
    value, headers = make(fresh, rng)
    return Publication(fresh.topic, key(fresh, rng), value, headers, fresh, "bad", False, reason)


def _invalid_json(sent: Sent, rng: Random) -> _Encoded:
    value, headers = encode(attributes(sent), body(sent), rng)
    return value[: rng.randrange(1, len(value))], headers


def _unknown_type(sent: Sent, rng: Random) -> _Encoded:
    return encode({**attributes(sent), "type": _UNKNOWN[sent.topic]}, body(sent), rng)


def _no_time(sent: Sent, rng: Random) -> _Encoded:
    named = attributes(sent)
    if rng.random() < 0.5:
        del named["time"]
    else:
        named["time"] = "2012-02-22 10:00"
    return encode(named, body(sent), rng)


def _no_identifier(sent: Sent, rng: Random) -> _Encoded:
    return encode(attributes(sent), {**body(sent), "contact": rng.choice(_NOBODY)}, rng)


def _negative_amount(sent: Sent, rng: Random) -> _Encoded:
    gift = {"donation_id": f"actblue:{sent.id}", "amount": -rng.randrange(500, 50_000), "currency": "USD"}
    return encode(attributes(sent), {"contact": sent.contact, **gift}, rng)


_KINDS: tuple[tuple[str, Callable[[Sent, Random], _Encoded]], ...] = (
    ("not_json", _invalid_json),
    ("unknown_type", _unknown_type),
    ("no_time", _no_time),
    ("no_identifier", _no_identifier),
    ("invalid_data", _negative_amount),
)
