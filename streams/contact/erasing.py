"""Forgetting a person: what is left of the state, and what may count afterwards."""

from msgspec.structs import replace

from streams.contact.commands import Erase
from streams.contact.place import Erasure, Place
from streams.contact.state import Consent, ContactState, Fact


def place_of(state: ContactState) -> Place:
    """Where a fragment stands; of one that was alone from the start, a profile is out once there is a version."""
    return state.place or Place(shown="profile" if state.version else "nothing")


def asked(place: Place, erasure: Erasure) -> Place:
    """The place of a fragment whose own command erases its person; only the links agent knows who else that is."""
    return replace(place, erased=erasure, asked=erasure, marks=place.roof is None, linked=False)


def may_count(fact: Fact, erasure: Erasure | None, *, begun: bool) -> bool:
    """Whether a fact is of the time after an erasure, and (`begun`) of a new record or the beginning of one."""
    if erasure is None:
        return True
    return fact.time > erasure.time and (begun or _begins(fact))


def _begins(fact: Fact) -> bool:
    """An erasure that is later still begins nothing, but must be heard."""
    match fact.detail:
        case Consent(granted=True) | Erase():
            return fact.type in ("consent.changed", "contact.erased")
        case _:
            return fact.type in ("donation.made", "form.submitted")
