"""Forgetting a person: what is left of the state, and what may count afterwards."""

from collections.abc import Iterable

from msgspec.structs import replace

from events.registry import types_that
from streams.domain.contact.facts.command_details import Erase
from streams.domain.contact.facts.mandatory_facts import binds
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.state import Consent, ContactState, Fact

_ALWAYS = types_that(lambda spec: spec.begins_record == "always")
_WHEN_GRANTED = types_that(lambda spec: spec.begins_record == "when_granted")


def place_of(state: ContactState) -> IdentityStatus:
    """Where a fragment stands; of one that was alone from the start, a profile is out once there is a version."""
    return state.place or IdentityStatus(shown="profile" if state.version else "nothing")


def asked(place: IdentityStatus, erasure: Erasure) -> IdentityStatus:
    """The place of a fragment whose own command erases its person; only the links agent knows who else that is.

    One that stands alone names the person as far as it knows, so it marks the erasure at once, with a receipt.
    """
    return replace(place, erased=erasure, asked=erasure, marks=place.roof is None, linked=False)


def closes(place: IdentityStatus) -> bool:
    """Whether an erasure closes whom this fragment belongs to, until a new record begins."""
    return place.erased is not None and (place.marks or place.asked is not None)


def closed_since(person: Iterable[ContactState]) -> Erasure | None:
    """The latest erasure that closes any fragment of a person; None: there is none."""
    places = (state.place for state in person if state.place is not None)
    erasures = (place.erased for place in places if place.erased is not None and closes(place))
    return max(erasures, key=lambda each: (each.time, each.source, each.id), default=None)


def may_count(fact: Fact, erasure: Erasure | None, *, begun: bool) -> bool:
    """Whether a fact is of the time after an erasure, and of a new record (`begun`), the beginning of one, or binding.

    An erasure that is later still must be heard as well.
    """
    if erasure is None:
        return True
    return fact.time > erasure.time and (begun or begins(fact) or binds(fact) or isinstance(fact.detail, Erase))


def begins(fact: Fact) -> bool:
    """Whether a new record begins with it after an erasure. A yes to one list, sender or purpose opens no channel."""
    match fact.detail:
        case Consent(granted=True) as yes:
            return yes.is_of_channel and fact.type in _WHEN_GRANTED
        case _:
            return fact.type in _ALWAYS


def has_interactions(state: ContactState) -> bool:
    """Whether anything but commands is kept of a contact."""
    return bool(state.facts) or bool(state.settled.totals.counts)


def has_record(state: ContactState) -> bool:
    """Whether a contact has a record to show: after an erasure one that has begun anew, taken back or not."""
    if state.place is None or state.place.erased is None:
        return has_interactions(state)
    return any(map(begins, state.facts.values()))
