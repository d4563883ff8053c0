"""What a contact's history amounts to: the state that is kept, and the profile that is shown of a contact by itself."""

from collections import Counter
from typing import NamedTuple

import orjson

from sinks.lake.erasure_list import Erasures
from streams.domain.contact import ContactState, profile
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.publication.visibility import shown_of
from streams.history.refold.contact_rows import History, read_rows
from streams.history.refold.state_of_facts import lived

NOBODY = ContactState()


class Told(NamedTuple):
    """A contact of whom something is known. `profile`: JSON; None: none is shown."""

    contact_id: str
    state: ContactState
    profile: bytes | None


def tell(
    history: History, erased: Erasures, outcomes: Counter[str] | None = None, refused: Counter[str] | None = None
) -> Told | None:
    """What is known of a contact. What became of its interactions is counted in `outcomes`, see `Folded`.

    `erased`: the lake's list. Of its contacts nothing counts that happened before, and a new record has to begin.
    """
    name = history.contact_id
    before = before_all(erased.until(name))
    done = lived(name, [read.fact for read in read_rows(history, refused)], before)
    if outcomes is not None:
        outcomes.update({outcome.value: count for outcome, count in done.outcomes.items()})
    return None if done.state == before else Told(name, done.state, shown_profile(name, done.state))


def before_all(erased_until: int | None) -> ContactState:
    """What is known of a contact before its history: nothing, or since when (ms) it is forgotten."""
    if erased_until is None:
        return NOBODY
    return ContactState(place=IdentityStatus(erased=Erasure(erased_until, "", "")))


def shown_profile(contact_id: str, state: ContactState) -> bytes | None:
    """The profile of a contact by itself, JSON; None: none is shown of it."""
    if state.place is not None:
        shown = shown_of(place_of(state), {contact_id: state})
        if isinstance(shown, str):
            return None
        state = shown[contact_id]
    return orjson.dumps(profile(contact_id, state))
