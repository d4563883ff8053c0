"""From what somebody is called in a request to the names by which Redis knows them. Addresses go no further."""

from collections.abc import Iterator

from events.identifiers import Hasher, Kind
from events.interactions.base import Channel
from streams.api.models import Person
from streams.permission.judging import Asked

_ADDRESS: dict[Channel, Kind] = {"email": "email", "text": "phone", "phone": "phone"}
_REF_DIGITS = 16
"""As in the profile's `addresses`."""


def asked(person: Person, channel: Channel, hasher: Hasher) -> Asked:
    """Whom a request is about, strongest name first, and the address that it means."""
    names: list[str] = []
    ref = None
    if person.contact_id is not None:
        names.append(person.contact_id)
    for kind, text in _said(person):
        found = _lookups(hasher, kind, text)
        names += found
        if found and _ADDRESS.get(channel) == kind:
            ref = found[0].partition(":")[2][:_REF_DIGITS]
    return Asked(names, ref)


def _said(person: Person) -> Iterator[tuple[Kind, str]]:
    if person.voter_id is not None:
        yield "voter", person.voter_id
    if person.external is not None:
        for system, id_ in sorted(person.external.items()):
            yield "external", f"{system}:{id_}"
    if person.email is not None:
        yield "email", person.email
    if person.phone is not None:
        yield "phone", person.phone


def _lookups(hasher: Hasher, kind: Kind, text: str) -> list[str]:
    """None for text that no encoding has, which JSON can say all the same."""
    try:
        return hasher.lookups(kind, text)
    except UnicodeEncodeError:
        return []
