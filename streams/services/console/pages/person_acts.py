"""What may be done about a person by who looks, and `/erase/{contact_id}`, which tells what an erasure does first."""

from typing import cast

import orjson

from events.fields import CONTACT_ID_PATTERN
from events.outputs import ContactProfile
from events.times import parse_time
from sinks.lookup import KnownContact
from streams.services.console.page import Block, Loaded, Page, PageRefused, PageRequest
from streams.services.console.pages.person_looks import Subject, enter, whole_subject
from streams.services.console.rights import EVERYTHING, lacking, may
from streams.services.contact_decisions.effects import suppression_of

BECAUSE = ("asked", "complained", "died", "mistake", "other")
"""Why nobody is to reach a person; each is a sentence of `person_acts.html`."""


async def load_acts(asked: PageRequest) -> Loaded:
    """What may be done about the person by who looks: stop contact, lift that, export, erase."""
    subject = whole_subject(asked)
    profile = cast(ContactProfile, subject.profile)
    known = KnownContact(subject.contact_id, orjson.dumps(profile))
    stop = suppression_of(known, asked.wall_ms)
    until = None if stop is None else stop.get("until")
    shown = {
        "contact_id": subject.contact_id,
        "is_suppressed": stop is not None,
        "until_ms": None if until is None else asked.by_clock(parse_time(until)),
        "because": BECAUSE,
        "may_export": may(asked.viewer, "export") and asked.viewer.scope == EVERYTHING,
    }
    return Loaded(shown, subject.as_of_ms)


async def enter_erasure(asked: PageRequest) -> Subject:
    """Find the person who may be forgotten. Raises what is shown in their place."""
    if not may(asked.viewer, "erase"):
        raise PageRefused.not_allowed(lacking(asked.viewer, "erase"))
    return await enter(asked)


async def load_erasure(asked: PageRequest) -> Loaded:
    """What an erasure does, and the form that orders it, which asks to type the end of the contact id."""
    subject = whole_subject(asked)
    shown = {"contact_id": subject.contact_id, "word": confirmation_of(subject.contact_id)}
    return Loaded(shown, subject.as_of_ms)


def confirmation_of(contact_id: str) -> str:
    """What has to be typed before a person is forgotten: the last eight characters of the contact id."""
    return contact_id[-8:]


ERASE = Page(
    path="/erase/{contact_id}",
    name="erase_person",
    title="Forget this person?",
    act="see_people",
    blocks=(Block("confirm", 0, load_erasure, "erase_confirm.html", "What an erasure does"),),
    params={"contact_id": CONTACT_ID_PATTERN},
    enter=enter_erasure,
    under="/people",
)
PAGES = (ERASE,)
