"""Turns the identifiers of a person in a request into the hashes by which Redis finds them. Addresses go no further."""

from collections.abc import Iterator

from events.identifiers import Hasher, Kind, ref_of
from events.interactions.base import Channel
from streams.services.api.models import Person
from streams.services.permission.decisions import AskedPerson

_ADDRESS: dict[Channel, Kind] = {"email": "email", "text": "phone", "phone": "phone"}


def asked_person(person: Person, channel: Channel, hasher: Hasher) -> AskedPerson:
    """The hashes of a person, and the references of the address to judge.

    A message goes to that address, so its owner is looked up first: whoever closed it must be found, even where another
    identifier leads to somebody else. A given address that cannot be read cannot be sent to, whoever the person is.
    """
    address: list[str] = []
    others = [] if person.contact_id is None else [person.contact_id]
    for kind, text in _said(person):
        found = _lookups(hasher, kind, text)
        if _ADDRESS.get(channel) != kind:
            others += found
        elif not found:
            return AskedPerson([])
        else:
            address = found
    return AskedPerson([*address, *others], [ref_of(hashed) for hashed in address])


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
    """The hashes of one identifier; none for text that has no UTF-8, which JSON can still express."""
    try:
        return hasher.lookups(kind, text)
    except UnicodeEncodeError:
        return []
