"""With what a fragment's history begins: pure."""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus


class Beginning(NamedTuple):
    """The state to go on from. `begun`: the person may have a new record since the erasure, under other identifiers."""

    state: ContactState
    begun: bool


_NOBODY = ContactState()


def beginning(rebuilt: ContactState | None, known: Iterable[ContactState], forgotten_until: int | None) -> Beginning:
    """Nothing, or what was `rebuilt` before, less what is forgotten by now.

    `known`: what the running system keeps of the fragment, a state or a trace or both, with no erasure on its way. Of
    it only the place counts. `forgotten_until`: the lake's list of who was erased (ms); None: not in it.
    """
    before, begun = rebuilt or _NOBODY, False
    for each in known:
        before = _taking_over(before, each)
        place = place_of(each)
        begun = begun or place.roof is not None or bool(place.parts)
    if forgotten_until is not None:
        before = _forgetting(before, IdentityStatus(erased=Erasure(forgotten_until, "", "")))
    return Beginning(before, begun)


def _taking_over(before: ContactState, known: ContactState) -> ContactState:
    """With the versions, and that a profile is out, so that readers hear when none is any more."""
    before = replace(before, version=max(before.version, known.version))
    if known.place is None and before.place is None:
        return before
    now = place_of(known)
    before = _forgetting(before, now)
    place = place_of(before)
    shown = "nothing" if now.shown == place.shown == "nothing" else "profile"
    told, swept = max(place.told, now.told), max(place.swept, now.swept)
    return replace(before, place=replace(place, told=told, swept=swept, linked=now.linked, shown=shown))


def _forgetting(before: ContactState, now: IdentityStatus) -> ContactState:
    """Nothing of before an erasure is left, unless it was known already."""
    place = place_of(before)
    if now.erased is None or (place.erased is not None and place.erased.time >= now.erased.time):
        return before
    return ContactState(
        version=before.version, place=IdentityStatus(erased=now.erased, marks=now.marks, shown=place.shown)
    )
