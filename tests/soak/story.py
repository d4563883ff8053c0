"""What is said during a soak: people with links and retractions, commands on pairs, and some who are forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from streams.demo.source_system import SourceSystem, TimeFormat, utc_midnight
from streams.demo.truth import Publication
from tests.chaos.happenings import something
from tests.chaos.people import people
from tests.chaos.sayings import FIRST, LAST, Identify, Outcome, _publication, sayings

COUPLES_SHARE = 0.02
FORGOTTEN_SHARE = 0.05
SAID_OF_THE_FORGOTTEN = 5
_ERASED_AT = utc_midnight(2012, 8, 1)


@dataclass(frozen=True, slots=True)
class Story:
    """All that is published, in its order; `outcome` of those who are remembered, and who is `forgotten`."""

    publications: Sequence[Publication]
    outcome: Outcome
    forgotten: frozenset[str]


def story(seed: int, interactions: int, count: int, identify: Identify) -> Story:
    """About so many interactions of so many people; the same again for the same seed."""
    rng = Random(seed)
    said = sayings(rng, people(rng, count, int(count * COUPLES_SHARE)), interactions, identify)
    names = [f"gone-{number}" for number in range(int(count * FORGOTTEN_SHARE))]
    publications = list(said.publications)
    for name in names:
        places = sorted(rng.randrange(len(publications)) for _ in range(SAID_OF_THE_FORGOTTEN + 1))
        told = [_said_of(rng, name) for _ in range(SAID_OF_THE_FORGOTTEN)]
        for place, publication in reversed(list(zip(places, [*told, _forgotten(rng, name)], strict=True))):
            publications.insert(place, publication)
    return Story(publications, said.outcome(identify), frozenset(names))


def _said_of(rng: Random, name: str) -> Publication:
    topic, type_, fields = something(rng)
    voice = SourceSystem(rng, "office/forms", topic, TimeFormat.MILLISECONDS)
    return _publication(rng, voice.say(type_, rng.randrange(FIRST, LAST), {"contact_id": name}, fields).sent)


def _forgotten(rng: Random, name: str) -> Publication:
    desk = SourceSystem(rng, "office/desk", "contact-commands", TimeFormat.MILLISECONDS)
    return _publication(rng, desk.say("contact.erased", _ERASED_AT, {"contact_id": name}, {}).sent)
