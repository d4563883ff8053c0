"""What became of an act: done, not done, or sent and not seen, on which nobody should rely. Pure.

Titles and texts are English, as keys of the catalogue; `fields` fill the places of a text.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

Kind = Literal["done", "not_done", "unsure"]
Field = str | int


class Outcome(Struct, frozen=True):
    """What became of an act. `status`: of the answer; `to`: the path of the console where to go on.

    `is_shown_there`: that page shows what was done, so the answer leads to it at once.
    """

    kind: Kind
    title: str
    text: str
    to: str = "/"
    status: int = 200
    is_shown_there: bool = False
    fields: Mapping[str, Field] = {}


def done(title: str, text: str, to: str, **fields: Field) -> Outcome:
    """It is done and in force, and its own page says so."""
    return Outcome("done", title, text, to, 200, False, fields)


def done_as_shown(to: str) -> Outcome:
    """It is done and in force, as the page of `to` shows."""
    return Outcome("done", "", "", to, 303, True)


def not_done(title: str, text: str, to: str = "/", status: int = 409, **fields: Field) -> Outcome:
    """Nothing was changed, and why."""
    return Outcome("not_done", title, text, to, status, False, fields)


def unsure(title: str, text: str, to: str = "/", **fields: Field) -> Outcome:
    """It was sent, or may have been, and was not seen to be in force."""
    return Outcome("unsure", title, text, to, 503, False, fields)


NOT_AUDITED = not_done(
    "Nothing was done",
    "Kafka cannot write down who does it, so nothing was sent. Try again in a minute.",
    status=503,
)
REDIS_AWAY = not_done(
    "Nothing was done",
    "Redis does not answer, so it cannot be seen how things stand, and nothing was sent. Try again in a minute.",
    status=503,
)
BROKEN_OFF = unsure(
    "Not sure that it was done",
    "Something failed while it was being done: do not rely on it. Look at how things stand, and do it again if need "
    "be: what is so already does no harm.",
)
STILL_RUNNING = unsure(
    "Not done yet",
    "It was sent a moment ago and is still being done: do not rely on it yet. Load this page again to see what became "
    "of it.",
)
NOT_KNOWN_YET = unsure(
    "Not known yet",
    "Another console has begun it a moment ago, or this one before it was started anew: it is being done, or was "
    "broken off. Do not rely on it, and load this page again in a minute to see what became of it.",
)

encode_outcome = msgspec.json.Encoder().encode
decode_outcome = msgspec.json.Decoder(Outcome).decode
