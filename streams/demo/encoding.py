"""Kafka records of the demo, good ones in both CloudEvents modes, and bad ones with the `dl_reason` that they must get.

Written by hand and not with `events.envelope`, for an outsider has only the contract to go by.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import orjson

from streams.demo.truth import Publication, Sent

Headers = list[tuple[str, bytes]]


def attributes(sent: Sent) -> dict[str, object]:
    """The CloudEvents attributes of an interaction, without `data`."""
    return {"specversion": "1.0", "id": sent.id, "source": sent.source, "type": sent.type, "time": sent.time}


def body(sent: Sent) -> dict[str, object]:
    """The `data` of an interaction."""
    return {"contact": sent.contact, **sent.fields}


def encode(attributes: dict[str, object], data: dict[str, object], rng: Random) -> tuple[bytes, Headers]:
    """Value and headers of a record, in structured or binary mode by chance; some structured ones have no headers."""
    chance = rng.random()
    if chance < 0.4:
        headers = [(f"ce_{name}", str(value).encode()) for name, value in attributes.items()]
        return orjson.dumps(data), [*headers, ("content-type", b"application/json")]
    event = orjson.dumps({**attributes, "data": data})
    return event, [] if chance < 0.7 else [("content-type", b"application/cloudevents+json; charset=UTF-8")]


def key(sent: Sent, rng: Random) -> bytes | None:
    """A record key as producers choose it: none, their own id of the person, or the message id."""
    chance = rng.random()
    if chance < 0.5:
        return None
    if chance < 0.8:
        return (sent.contact.get("external", {}).get("fec") or sent.contact.get("voter_id", "")).encode()
    return sent.fields.get("message_id", sent.id).encode()


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
    """A bad record made from a good one, under a new id; successive numbers go through all kinds of mistakes."""
    return spoil_as(_KINDS[number % len(_KINDS)][0], sent, number, rng)


def spoil_as(reason: str, sent: Sent, number: int, rng: Random) -> Publication:
    """A bad record made from a good one, to be refused for this reason."""
    fresh = replace(sent, id=f"spoilt-{number}-{sent.id}"[:64])
    if reason == "invalid_data":
        fresh = replace(fresh, topic="donation-events", type="donation.made", source="finance/actblue")
    value, headers = dict(_KINDS)[reason](fresh, rng)
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
