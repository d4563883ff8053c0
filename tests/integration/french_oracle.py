"""The oracle of the French campaign: who must be left with what, in plain loops over the events as they were sent.

It shares nothing with the system: who is one person it knows from the list of people, and the rules from the docs.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.integration.french_files import EVERYBODY, Person

Event = Mapping[str, Any]
Facts = dict[str, Any]
ALL_CHANNELS = ("door", "email", "letter", "phone", "text")
_BINDING = ("refused", "do_not_contact", "deceased")
_BARE = ("method", "outcome", "channel", "granted")
_OWN = ("form.submitted", "donation.made", "rsvp.attended", "email.unsubscribed", "email.clicked")


def owner_of(event: Event) -> Person | None:
    """Whom an event is about, by what it says of them as it was sent."""
    contact = event["data"]["contact"]
    for one in EVERYBODY:
        if one.voter and contact.get("voter_id") == f"FR:{one.voter}":
            return one
        if one.email and contact.get("email", "").lower() == one.email:
            return one
        if one.mobile and _last_nine(contact.get("phone", "")) == _last_nine(one.mobile):
            return one
    return None


def _last_nine(number: str) -> str:
    return re.sub(r"\D", "", number)[-9:]


def by_person(events: Iterable[Event]) -> dict[Person, list[Event]]:
    """What was said of each, each event once, in the order of time."""
    found: dict[Person, dict[tuple[str, str], Event]] = {}
    for event in events:
        one = owner_of(event)
        if one is not None:
            found.setdefault(one, {}).setdefault((event["source"], event["id"]), event)
    return {one: sorted(told.values(), key=lambda event: event["time"]) for one, told in found.items()}


def is_from(event: Event, kind: str, until: str) -> bool:
    """Whether it came from a source until a time, both in UTC."""
    return (event["data"].get("provenance") or {}).get("kind") == kind and event["time"] <= until


def is_yes_for(event: Event, purpose: str, until: str) -> bool:
    """Whether somebody said yes to a purpose until a time; nothing here was collected for one otherwise."""
    data = event["data"]
    return data.get("granted") is True and data.get("purpose") == purpose and event["time"] <= until


def binds(event: Event) -> bool:
    """Whether it protects the person, and stays bare when its source is forgotten."""
    return event["data"].get("granted") is False or event["data"].get("outcome") in _BINDING


def what_stays(told: Sequence[Event], is_due: Callable[[Event], bool]) -> list[Event]:
    """What is left of a person's events once those that are due are forgotten."""
    left = []
    for event in told:
        if not is_due(event):
            left.append(event)
        elif binds(event):
            left.append({**event, "data": {name: event["data"][name] for name in _BARE if name in event["data"]}})
    return left


def is_silent(told: Sequence[Event], until: str) -> bool:
    """Whether somebody has done nothing of their own after a time; of who never did anything the first word counts."""
    acts = [event["time"] for event in told if _is_own(event)]
    return bool(max(acts, default=told[0]["time"]) <= until)


def _is_own(event: Event) -> bool:
    data = event["data"]
    if event["type"] == "consent.changed":
        return not data["granted"] or bool(data.get("basis", "consent") == "consent")
    is_self = event["type"] == "provenance.reported" and data["provenance"]["kind"] == "self"
    return bool(event["type"] in _OWN or is_self or data.get("outcome") == "contacted")


def facts_of(told: Sequence[Event]) -> Facts:
    """What must be known of a person of whom just this was said."""
    counts: dict[str, int] = {}
    sources, words, tags = set(), set(), set()
    support = postcode = None
    for event in told:
        data = event["data"]
        counts[event["type"]] = counts.get(event["type"], 0) + 1
        source = data.get("provenance")
        if source is not None:
            sources.add((source["kind"], source.get("file"), source.get("notice"), source.get("polling_station")))
        if event["type"] == "consent.changed":
            words.add((data["channel"], data.get("purpose"), data["granted"], data.get("proof")))
        support = data.get("support", support)
        tags.update(data.get("tags_added", ()))
        postcode = data.get("contact", {}).get("postal_code", postcode)
    return {
        "counts": counts,
        "sources": sources,
        "words": words,
        "support": support,
        "tags": tags,
        "postcode": postcode,
    }


def facts_in(profile: Mapping[str, Any]) -> Facts:
    """The same of a profile, wherever it was read. Commands are no facts: what is closed tells of them."""
    counts = {name: number for name, number in profile["counts"].items() if not name.startswith("contact.")}
    return {
        "counts": counts,
        "sources": {
            (item["kind"], item.get("file"), item.get("notice"), item.get("polling_station"))
            for item in profile.get("provenance", ())
        },
        "words": {
            (word["channel"], word.get("purpose"), word["granted"], word.get("proof"))
            for word in profile.get("consent_ledger", ())
        },
        "support": profile["canvass"]["support"],
        "tags": {*profile["tags"]},
        "postcode": profile["zones"]["postal_code"],
    }


def closed_to(told: Sequence[Event]) -> dict[str, str]:
    """Which channels are closed to everybody by what somebody said."""
    found: dict[str, str] = {}
    for event in told:
        data = event["data"]
        if data.get("outcome") == "do_not_contact":
            found = dict.fromkeys(ALL_CHANNELS, "do_not_contact")
        if event["type"] == "email.unsubscribed":
            found.setdefault("email", "unsubscribed")
    return found
