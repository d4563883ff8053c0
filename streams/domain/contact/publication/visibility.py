"""What is shown under the id of a fragment that is under no other roof: its person's profile, or that there is none.

Somebody of whom nothing is known but that they are to be left alone has a profile that says so: whoever asks would else
find nobody, and might allow. An erasure that is marked closes everything by itself, so there no profile is shown.
"""

from collections.abc import Collection, Mapping
from typing import Literal

from msgspec.structs import replace

from streams.domain.contact.facts.mandatory_facts import binds
from streams.domain.contact.identity.erasure import has_record
from streams.domain.contact.identity.identity_status import IdentityStatus
from streams.domain.contact.publication.suppressed_channels import suppressions, unretracted
from streams.domain.contact.state import ContactState, Key, Retraction, Settled

Person = Mapping[str, ContactState]
"""The states that count of all fragments of a person, by their names."""


def shown_of(place: IdentityStatus, person: Person) -> Person | Literal["erased", "nothing"]:
    """What the person's profile is made of, or why there is none. `place`: of the fragment."""
    said = suppressions(fact for state in person.values() for fact in state.commands.values())
    if _has_record({fact.key for fact in said}, person.values()):
        return person
    if place.erased is not None and place.marks:
        return "erased"
    if unretracted(said, [fact for state in person.values() for fact in state.facts.values()]):
        return {name: _before_a_record(state) for name, state in person.items()}
    return "nothing"


def _has_record(said: Collection[Key], person: Collection[ContactState]) -> bool:
    """Whether there is more than suppressions (`said`) and what takes them back."""
    return any(has_record(state) and not (said and _only_takes_back(said, state)) for state in person)


def _only_takes_back(said: Collection[Key], state: ContactState) -> bool:
    return not state.settled.totals.counts and all(
        isinstance(fact.detail, Retraction) and (fact.detail.source, fact.detail.id) in said
        for fact in state.facts.values()
    )


def _before_a_record(state: ContactState) -> ContactState:
    """Without what is kept of somebody who was erased in case that a new record begins."""
    if not state.facts and state.settled == Settled():
        return state
    return replace(state, facts={key: fact for key, fact in state.facts.items() if binds(fact)}, settled=Settled())
