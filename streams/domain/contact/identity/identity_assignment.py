"""Where the links agent puts a fragment: under a roof, back on its own, or away with a person who is forgotten."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from msgspec.structs import replace

from events.identity_links import CanonicalId
from streams.domain.contact.facts.command_details import Suppress
from streams.domain.contact.identity.erasure import closes, has_interactions, has_record, place_of
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.state import ContactState, Settled


def moved(state: ContactState, node: str, version: int, roof: CanonicalId | None) -> ContactState:
    """`state` after a record of `contact-roofs`; one that is older than the last changes nothing.

    An erasure is marked under every name that the person had: whoever asks by any of them is told.
    """
    place = place_of(state)
    if version < place.told:
        return state
    place = replace(place, told=version)
    if roof is not None and roof.erased is not None:
        erasure = Erasure(roof.erased.time, roof.erased.source, roof.erased.id)
        return _swept(state, replace(place, roof=None, swept=version, marks=True), erasure)
    above = None if roof is None or roof.roof == node else roof.roof
    return replace(state, place=replace(place, roof=above, linked=place.linked or roof is not None))


def _swept(state: ContactState, place: IdentityStatus, erasure: Erasure) -> ContactState:
    """All is forgotten, unless the fragment has heard of this erasure or a later one by itself.

    Only the one that it has asked for ends its asking: that one may still wait, and reach others than this one does.
    """
    if place.asked == erasure:
        place = replace(place, asked=None)
    if place.erased is not None and place.erased.time >= erasure.time:
        return replace(state, place=place)
    return ContactState(version=state.version, place=replace(place, erased=erasure, linked=False), given=state.given)


def counting(parts: Mapping[str, ContactState], place: IdentityStatus) -> dict[str, ContactState]:
    """The parts that are of the person of today: none that was sent before the person was forgotten."""
    if place.erased is None:
        return dict(parts)
    if place.asked is not None:
        return {}
    return {name: part for name, part in parts.items() if place_of(part).told > place.swept}


def may_be_anew(place: IdentityStatus, parts: Iterable[ContactState]) -> bool:
    """Whether a person who was erased may have a new record under another identifier. `parts`: those that count.

    A roof sees it in them. A fragment under a roof cannot know, so it keeps all that comes, and the roof shows none of
    it before something has begun a record.
    """
    return place.asked is None and (place.roof is not None or any(map(has_record, parts)))


def is_by_itself(state: ContactState) -> bool:
    """Whether no link, no part, no erasure and no command was heard of and no channel is closed.

    So the profile is all there is to show.
    """
    return state.place is None and not state.commands


def is_worth_sending(state: ContactState) -> bool:
    """Whether a roof needs this part: it says something of the person, or closes the person's channels."""
    return (
        has_interactions(state)
        or any(isinstance(fact.detail, Suppress) for fact in state.commands.values())
        or closes(place_of(state))
    )


def is_nothing(state: ContactState) -> bool:
    """Whether nothing is known of a fragment and nothing of it is out anywhere."""
    if state.facts or state.commands or state.given.names or state.settled != Settled():
        return False
    place = place_of(state)
    out = place.shown != "nothing" or bool(place.closed) or place.sent
    return not (out or place.roof is not None or place.parts or place.asked is not None)


def trace(state: ContactState) -> ContactState:
    """What has to stay of a fragment of which nothing is known: its counters, and since when it is forgotten.

    Also whether it is linked: once something is heard of it, it is to tell its class.
    """
    place = place_of(state)
    kept = IdentityStatus(told=place.told, linked=place.linked, erased=place.erased, swept=place.swept)
    return ContactState(version=state.version, place=kept)


def trace_key(node: str) -> bytes:
    """Where that is kept: the identifier does not stay. No contact's key and no part's begins with a slash."""
    return b"/" + blake2b(node.encode(), digest_size=16).hexdigest().encode()


def part_key(roof: str, fragment: str) -> bytes:
    """Where a roof keeps a part, and the key of its record in `contact-fragments`."""
    return f"{roof}/{fragment}".encode()
