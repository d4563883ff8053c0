"""What a fragment knows by itself, without what other fragments and the links agent told it, and what was published."""

from msgspec.structs import replace

from events.links import Roof
from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting, moved, trace
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.packed_contribution import NOTHING
from streams.domain.contact.publication.change_events import Announcement, FragmentStep, announce

NO_ERASURES: tuple[Erasure, ...] = ()


def own(state: ContactState) -> ContactState:
    """The state as if nobody had been told of it: no roof, no parts, nothing closed or counted; an erasure stays.

    That something was shown under its id stays too, so that readers hear when nothing is any more.
    """
    place = place_of(state)
    kept = IdentityStatus(
        told=place.told,
        linked=place.linked,
        erased=place.erased,
        marks=place.marks,
        swept=place.swept,
        shown="nothing" if place.shown == "nothing" else "profile",
    )
    return replace(state, place=kept, given=NOTHING)


def swept(state: ContactState, node: str, version: int, roof: Roof) -> ContactState:
    """`state` after hearing of an erasure that had not reached it."""
    return own(moved(state, node, version, roof))


def under(state: ContactState, roof: str, told: int) -> ContactState:
    """The fragment under another roof."""
    return replace(state, place=replace(place_of(state), roof=roof, told=told, linked=True))


def over(state: ContactState, fragment: str) -> ContactState:
    """The roof with one more fragment under it."""
    place = place_of(state)
    parts = tuple(sorted({*place.parts, fragment}))
    return replace(state, place=replace(place, parts=parts, linked=True))


def announced(
    contact_id: str, state: ContactState, parts: dict[str, ContactState], erasures: tuple[Erasure, ...] = NO_ERASURES
) -> tuple[ContactState, list[Announcement]]:
    """The state once all is published that follows from it, and what that is. `parts`: those under it."""
    place = place_of(state)
    before = replace(state, place=replace(place, roof=None))
    return announce(
        FragmentStep(contact_id, before, state, parts=counting(parts, place), heard=True, erasures=erasures),
    )


def both_traces(one: ContactState | None, other: ContactState) -> ContactState:
    """What is left of a fragment of which two traces are kept: the later erasure binds."""
    if one is None:
        return trace(other)
    a, b = place_of(one), place_of(other)
    erased = max((each.erased for each in (a, b) if each.erased is not None), key=lambda each: each.time, default=None)
    place = IdentityStatus(told=max(a.told, b.told), erased=erased, swept=max(a.swept, b.swept))
    return ContactState(version=max(one.version, other.version), place=place)
