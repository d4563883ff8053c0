"""Processing activities: what is done with data of people, for which purpose, as a register of article 30 begins.

Each type of interaction belongs to one activity. Categories of data are those types by what pages call them, whom data
are about and for how long is told in words; which topic or store holds them is the annex of the register.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from events.channels import Channel
from events.registry import SPECS, TypeSpec
from events.topics import INPUT_TOPICS, INTERACTIONS, kept_days
from streams.platform.settings import Settings
from streams.services.console.words import Words


class ActivitySpec(NamedTuple):
    """An activity, in English, as keys of the catalogues. `begins`: how the names of its types begin.

    `channels`: by which people are reached for it.
    """

    name: str
    purpose: str
    people: str
    begins: tuple[str, ...]
    channels: tuple[Channel, ...] = ()


ACTIVITIES = (
    ActivitySpec(
        "Information and mobilisation by e-mail and text message",
        "To inform people of the campaign, and to ask for their support, by e-mail and by text message.",
        "People whose address or number is held: supporters, donors, people on a list.",
        ("email.", "text."),
        ("email", "text"),
    ),
    ActivitySpec(
        "Gifts and fundraising",
        "To receive gifts and refund them, to follow regular gifts, and to keep within the limits of the law.",
        "Donors, and people who promised a gift.",
        ("donation.",),
        ("email", "text", "phone", "letter"),
    ),
    ActivitySpec(
        "Canvassing, calls and turnout",
        "To talk with electors at the door, by phone and by letter, and to help those who vote by post.",
        "Electors, and the canvassers and callers who report on them.",
        ("canvass.", "ballot."),
        ("door", "phone", "letter"),
    ),
    ActivitySpec(
        "Events, petitions and forms",
        "To invite people and to know who comes, and to take in what people sign or fill in.",
        "Participants, signatories, volunteers.",
        ("rsvp.", "form."),
    ),
    ActivitySpec(
        "Comparing ways of campaigning",
        "To find out by random assignment which way of campaigning does better. Results are sums of groups.",
        "People who are assigned to a variant.",
        ("experiment.",),
    ),
    ActivitySpec(
        "Consent, objections and rights of people",
        "To heed a yes and a no, to answer requests of people over their data, to stop contact, and to erase.",
        "Everybody of whom data are held.",
        ("consent.", "provenance.", "interaction.", "contact."),
    ),
)
"""All activities; a test holds each type to one of them."""


_INPUT = [topic.name for topic in INPUT_TOPICS]


class Activity(Struct, frozen=True):
    """An activity in the language of the reader. `data`: categories; `kept`: each with how long.

    `may_tell_opinions`: some of the data may tell an opinion (article 9). `channels`: by which people are reached.
    """

    name: str
    purpose: str
    people: str
    data: tuple[str, ...]
    may_tell_opinions: bool
    kept: tuple[str, ...]
    channels: tuple[str, ...]


def activities_of(settings: Settings, special: frozenset[str], words: Words) -> Iterator[Activity]:
    """Every activity. `special`: names of fields that may tell an opinion."""
    kept = tuple(_kept(settings, words))
    for spec in ACTIVITIES:
        types = types_of(spec)
        yield Activity(
            name=words.text(spec.name),
            purpose=words.text(spec.purpose),
            people=words.text(spec.people),
            data=tuple(words.name("type", each.name) for each in types),
            may_tell_opinions=any(special & each.model.model_fields.keys() for each in types),
            kept=kept,
            channels=tuple(words.name("channel", channel) for channel in spec.channels),
        )


def types_of(spec: ActivitySpec) -> list[TypeSpec]:
    """The types of interaction of an activity."""
    return [each for each in SPECS if each.name.startswith(spec.begins)]


def _kept(settings: Settings, words: Words) -> Iterator[str]:
    """How long, in the order in which data are let go of."""
    as_sent, as_taken = max(map(kept_days, _INPUT)), kept_days(INTERACTIONS)
    yield words.plural("what was sent, as it came: {n} day", "what was sent, as it came: {n} days", as_sent)
    yield words.plural("the same without addresses: {n} day", "the same without addresses: {n} days", as_taken)
    if settings.inactivity_days:
        yield words.plural(
            "the profile: until erasure, which is due {n} day after the person's last own act",
            "the profile: until erasure, which is due {n} days after the person's last own act",
            settings.inactivity_days,
        )
    else:
        yield words.text("the profile: until erasure; no time is set after which that is due")
    if settings.lake is not None:
        yield words.text("the history: as long as you keep it")
