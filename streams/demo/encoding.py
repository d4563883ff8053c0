"""Interactions as other people's producers write them: both CloudEvents modes, keyed or not.

Written by hand and not with `events.envelope`, for an outsider has only the contract to go by.
"""

from random import Random

import orjson

from streams.demo.truth import Sent

Headers = list[tuple[str, bytes]]


def attributes(sent: Sent) -> dict[str, object]:
    """The CloudEvents attributes, without `data`."""
    return {"specversion": "1.0", "id": sent.id, "source": sent.source, "type": sent.type, "time": sent.time}


def body(sent: Sent) -> dict[str, object]:
    """`data`."""
    return {"contact": sent.contact, **sent.fields}


def encode(attributes: dict[str, object], data: dict[str, object], rng: Random) -> tuple[bytes, Headers]:
    """Value and headers, in structured or binary mode by chance; some structured events have no headers."""
    chance = rng.random()
    if chance < 0.4:
        headers = [(f"ce_{name}", str(value).encode()) for name, value in attributes.items()]
        return orjson.dumps(data), [*headers, ("content-type", b"application/json")]
    event = orjson.dumps({**attributes, "data": data})
    return event, [] if chance < 0.7 else [("content-type", b"application/cloudevents+json; charset=UTF-8")]


def key(sent: Sent, rng: Random) -> bytes | None:
    """What a producer may choose as the key: nothing, its own name of the person, or the message."""
    chance = rng.random()
    if chance < 0.5:
        return None
    if chance < 0.8:
        return sent.contact.get("external", {}).get("fec", "").encode()
    return sent.fields.get("message_id", sent.id).encode()
