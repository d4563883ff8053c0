"""What is held of a person, as a page that the person can read and a file that programs can: for a request for access.

It shows what topics and Redis hold, hashes of identifiers and no names; whoever answers the request adds what other
tools hold, and decides what may be handed out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from msgspec import Struct

from events.identifiers import is_identity_hash, kind_of
from events.json_types import JSON
from events.outputs import ContactProfile
from events.times import parse_time
from streams.services.console.rendering import render_signed_out
from streams.services.console.words import Words

PAGE, DATA = "index.html", "data.json"
_LEFT_OUT = frozenset({"contact", "provenance"})


class HeardOf(Struct, frozen=True):
    """An interaction as the page tells it. `said`: its fields as text, without whom it named."""

    at_ms: int | None
    type: str
    source: str
    said: tuple[tuple[str, str], ...]


def bundle_of(held: Mapping[str, JSON], words: Words, at_ms: int) -> dict[str, bytes]:
    """The files by name. `held`: as `harmonia contact export` writes it; `at_ms`: when it was read."""
    profile: Any = held["profile"]
    shown: ContactProfile = profile
    context = {
        "contact_id": held["contact_id"],
        "profile": shown,
        "kinds": _kinds(held["identifiers"]),
        "origins": [(_ms(item.get("obtained_at") or item["first_at"]), item) for item in shown.get("provenance", ())],
        "consents": [(_ms(word["at"]), word) for word in shown.get("consent_ledger", ())],
        "heard": sorted(_heard(held["interactions"]), key=lambda one: one.at_ms or 0, reverse=True),
        "first_ms": _ms(shown["first_seen"]),
        "last_ms": _ms(shown["last_seen"]),
        "at_ms": at_ms,
    }
    page = render_signed_out("access_bundle.html", words, context)
    data = orjson.dumps(held, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return {PAGE: page.encode(), DATA: data}


def _kinds(names: JSON) -> list[tuple[str, int]]:
    """How many identifiers of each kind there are: `email`, `phone`, `voter`, `external`, and `contact` for others."""
    found: dict[str, int] = {}
    for name in names if isinstance(names, list) else ():
        kind = kind_of(str(name)) if is_identity_hash(str(name)) else "contact"
        found[kind] = found.get(kind, 0) + 1
    return sorted(found.items())


def _heard(interactions: JSON) -> Iterator[HeardOf]:
    for event in interactions if isinstance(interactions, list) else ():
        if isinstance(event, dict):
            data = event.get("data")
            fields = data.items() if isinstance(data, dict) else ()
            said = tuple((name, _text(value)) for name, value in fields if name not in _LEFT_OUT)
            at = parse_time(str(event.get("time")))
            yield HeardOf(at, str(event.get("type")), str(event.get("source")), said)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _ms(text: str | None) -> int | None:
    return None if text is None else parse_time(text)
