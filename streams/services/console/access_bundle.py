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
from events.outputs import ContactProfile, ProvenanceItem
from events.times import parse_time
from events.topics import AUDIT_LOG, INTERACTIONS, kept_days
from streams.domain.messages import Day
from streams.domain.pressure.notices import notice_of
from streams.platform.settings import Settings
from streams.services.console.bundle_deciders import without_deciders
from streams.services.console.names import STOPS
from streams.services.console.pages.person import stops_of
from streams.services.console.rendering import render_signed_out
from streams.services.console.words import Words

PAGE, DATA = "index.html", "data.json"
_LEFT_OUT = frozenset({"contact", "provenance"})
_CODED: Mapping[str, str] = {
    **dict.fromkeys(("channel", "method"), "channel"),
    **dict.fromkeys(("outcome", "status", "kind"), "outcome"),
    **{each: each for each in ("purpose", "period")},
    "basis": "ground",
}
"""Fields whose values are codes, and what those are called by (`Words.name`)."""
_OF_ORIGINS = "contact.provenance_forgotten"
"""The type whose `kind` is one of provenance; that of other types is one of outcomes."""
_TIMES = frozenset({"starts_at", "until", "inactive_since"})


class HeardOf(Struct, frozen=True):
    """An interaction as the page tells it. `said`: its fields in words, without whom it named."""

    at_ms: int | None
    type: str
    source: str
    said: tuple[tuple[str, str], ...]


class Closed(Struct, frozen=True):
    """What nobody reaches the person by. `of`: `channel`, `sender`, `list` or `address`; `name`: which one.

    `by`: whose interaction it was; empty where it is not kept, as for addresses.
    """

    of: str
    name: str
    reason: str
    since_ms: int | None = None
    until_ms: int | None = None
    by: str = ""


class Keeping(Struct, frozen=True):
    """How long what is held is kept, in days; `inactive` 0: nobody is forgotten for doing nothing.

    `in_france`: whom to complain to.
    """

    interactions: int
    asked: int
    inactive: int
    in_france: bool


def keeping_of(settings: Settings) -> Keeping:
    """How long what is held is kept in the deployment of these settings."""
    days = kept_days(INTERACTIONS), kept_days(AUDIT_LOG)
    return Keeping(*days, inactive=settings.inactivity_days, in_france=settings.regime == "fr")


class ToldOrigin(Struct, frozen=True):
    """Where something comes from, and the entry that says which notice was given of it; None: none is known."""

    at_ms: int | None
    item: ProvenanceItem
    told: ProvenanceItem | None
    told_ms: int | None


class Asked(Struct, frozen=True):
    """That a team asked about the person, or saw their record. `what`: as `audit-log` has it. Nobody's name is told."""

    at_ms: int | None
    team: str
    what: str
    channel: str | None
    decision: str | None


class AskedFor(Struct, frozen=True):
    """A request that the person has made before."""

    kind: str
    received: Day
    due: Day
    closed: Day | None
    outcome: str | None


def bundle_of(held: Mapping[str, JSON], words: Words, at_ms: int, keeping: Keeping) -> dict[str, bytes]:
    """The files by name; no name of the staff is in them.

    `held`: as `harmonia contact export` writes it; `at_ms`: when it was read.
    """
    held = without_deciders(held)
    profile: Any = held["profile"]
    shown: ContactProfile = profile
    context = {
        "contact_id": held["contact_id"],
        "profile": shown,
        "kinds": _kinds(held["identifiers"]),
        "origins": [_origin(shown, item) for item in shown.get("provenance", ())],
        "consents": [(_at(word["at"]), word) for word in shown.get("consent_ledger", ())],
        "closed": [*_closed(shown, held.get("suppressions"))],
        "visited_ms": _at(shown["canvass"]["last_at"]),
        "purposes": _purposes(shown),
        "asked": sorted(_asked(held.get("asked")), key=lambda one: one.at_ms or 0, reverse=True),
        "requests": [*_requests(held.get("requests"))],
        "keeping": keeping,
        "heard": sorted(_heard(held["interactions"], words), key=lambda one: one.at_ms or 0, reverse=True),
        "first_ms": _at(shown["first_seen"]),
        "last_ms": _at(shown["last_seen"]),
        "at_ms": at_ms,
    }
    page = render_signed_out("access_bundle.html", words, context)
    data = orjson.dumps(held, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return {PAGE: page.encode(), DATA: data}


def _origin(profile: ContactProfile, item: ProvenanceItem) -> ToldOrigin:
    told = notice_of(profile, item)
    got = _at(item.get("obtained_at") or item["first_at"])
    return ToldOrigin(got, item, None, None) if told is None else ToldOrigin(got, item, told.item, told.at)


def _kinds(names: JSON) -> list[tuple[str, int]]:
    """How many identifiers of each kind there are: `email`, `phone`, `voter`, `external`, and `contact` for others."""
    found: dict[str, int] = {}
    for name in names if isinstance(names, list) else ():
        kind = kind_of(str(name)) if is_identity_hash(str(name)) else "contact"
        found[kind] = found.get(kind, 0) + 1
    return sorted(found.items())


def _closed(profile: ContactProfile, suppressions: JSON) -> Iterator[Closed]:
    """What the profile says is closed; of channels also what is closed to everybody and stands in no profile."""
    told = set()
    for kind, name, at, stop in stops_of(profile):
        told.add((stop["source"], stop["id"]))
        yield Closed(kind, name, stop["reason"], at, _at(stop.get("until")), stop["source"])
    for channel, one in suppressions.items() if isinstance(suppressions, dict) else ():
        if isinstance(one, dict) and (one["source"], one["id"]) not in told:
            until, since = one.get("until"), one["since"]
            by = str(one["source"])
            yield Closed("channel", channel, str(one["reason"]), _at(since), _at(until), by)
    for address in profile["addresses"]:
        if address["status"] in STOPS:
            yield Closed("address", address["channel"], address["status"])


def _heard(interactions: JSON, words: Words) -> Iterator[HeardOf]:
    for event in interactions if isinstance(interactions, list) else ():
        if isinstance(event, dict):
            data = event.get("data")
            kind = str(event.get("type"))
            said = (*_said(kind, data, words),) if isinstance(data, dict) else ()
            at = parse_time(str(event.get("time")))
            yield HeardOf(at, kind, str(event.get("source")), said)


def _said(of: str, data: Mapping[str, JSON], words: Words) -> Iterator[tuple[str, str]]:
    """What an interaction of a type says, each field as a label and a text."""
    currency = data.get("currency")
    for name, value in data.items():
        if name in _LEFT_OUT or (name == "currency" and "amount" in data):
            continue
        if name == "amount" and isinstance(value, int) and isinstance(currency, str):
            yield words.name("field", name), words.amounts({currency: value})
        elif name == "kind" and of == _OF_ORIGINS:
            yield words.name("field", name), words.name("origin", str(value))
        else:
            yield words.name("field", name), _text(name, value, words)


def _purposes(profile: ContactProfile) -> list[tuple[str, str]]:
    """For what somebody may be reached by a word of theirs that holds, and on what ground; each once."""
    said: dict[tuple[str, str], bool] = {}
    for word in sorted(profile.get("consent_ledger", ()), key=lambda word: word["at"]):
        said[word["channel"], word.get("purpose", "")] = word["granted"]
    found: dict[tuple[str, str], None] = {}
    for word in profile.get("consent_ledger", ()):
        if word["granted"] and said[word["channel"], word.get("purpose", "")]:
            found[word.get("purpose", ""), word.get("basis", "")] = None
    return [*found]


def _asked(records: JSON) -> Iterator[Asked]:
    for record in records if isinstance(records, list) else ():
        if isinstance(record, dict):
            answers = record.get("answers")
            answer = answers[0] if isinstance(answers, list) and answers else {}
            decision = answer.get("decision") if isinstance(answer, dict) else None
            team, channel = str(record.get("team") or ""), record.get("channel")
            yield Asked(
                *(_at(record.get("at")), team, str(record.get("what"))),
                None if channel is None else str(channel),
                None if decision is None else str(decision),
            )


def _requests(rows: JSON) -> Iterator[AskedFor]:
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            closed, outcome = row.get("closed"), row.get("outcome")
            yield AskedFor(
                str(row["kind"]),
                *(Day(str(row["received"])), Day(str(row["due"]))),
                None if closed is None else Day(str(closed)),
                None if outcome is None else str(outcome),
            )


def _text(name: str, value: JSON, words: Words) -> str:
    """The value of a field in words. Answers are by question, which the page has as they were asked."""
    if isinstance(value, bool):
        return words.text("Yes") if value else words.text("No")
    if isinstance(value, list):
        return ", ".join(_text(name, each, words) for each in value)
    if isinstance(value, dict):
        told = (
            (key if name == "answers" else words.name("field", key), _text(key, each, words))
            for key, each in value.items()
        )
        return words.text("; ").join(f"{label}{words.text(': ')}{text}" for label, text in told)
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    at = parse_time(value) if name in _TIMES else None
    return words.name(_CODED[name], value) if name in _CODED else value if at is None else words.moment(at)


def _at(text: JSON) -> int | None:
    return parse_time(text) if isinstance(text, str) else None
