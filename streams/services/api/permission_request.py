"""Reads the body of `POST /v1/permissions` in turns with other requests, and hashes the identifiers of its people.

pydantic reports every mistake, which takes seconds for a body that is made to be wrong in millions of places. So the
body is split first without parsing its parts; then people are parsed one by one, until there are as many mistakes as an
answer tells. Addresses go no further than this module.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec
import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from events.identifiers import Hasher, Kind, ref_of
from events.interactions.base import Channel
from events.json_types import UNREADABLE
from events.limits import is_crowded
from events.normalise import is_one_phone
from streams.services.api.models import MOST_CONTACTS, PermissionsAsked, Person
from streams.services.api.problem_documents import MOST_TOLD, Problem, invalid_body
from streams.services.permission.decisions import AskedPerson

MOST_VALUES = 25 * MOST_CONTACTS
"""Values of the largest request whose people each have every identifier there is."""
MOST_CONTAINERS = 4 * MOST_CONTACTS
MOST_BYTES_OF_ONE = 64 << 10
TURN_BYTES = 32 << 10
_SOMEBODY = b'[{"contact_id":"x"}]'
_WRONG = b"{}"
"""Stands in for a value that is too large, or no list: an object is valid nowhere here."""

Model = TypeVar("Model", bound=BaseModel)
Raw = Sequence[msgspec.Raw]
FoundMistake = tuple[str, tuple[int | str, ...]]
"""A mistake that pydantic found: its kind and place."""


async def read_permission_request(body: bytes) -> PermissionsAsked:
    """The parsed request. Raises a Problem that tells the first mistakes."""
    if is_crowded(body, MOST_CONTAINERS, MOST_VALUES):
        raise Problem("too_large", f"Send {MOST_CONTACTS} people at most, and nothing else but who they are")
    fields = _fields(body)
    contacts = _contacts(fields)
    head, mistakes = _judge(PermissionsAsked, _head(fields, contacts), ())
    people: list[Person] = []
    unseen = 0
    for place, raw in enumerate(contacts):
        person, wrong = _person(bytes(raw), place)
        people += [] if person is None else [person]
        mistakes += wrong
        if len(mistakes) >= MOST_TOLD:
            break
        unseen += len(bytes(raw))
        if unseen > TURN_BYTES:
            unseen = 0
            await asyncio.sleep(0)
    if head is None or mistakes:
        raise invalid_body(mistakes)
    return head.model_copy(update={"contacts": people})


def _fields(body: bytes) -> Mapping[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except UNREADABLE:
        raise invalid_body([("model_type" if _is_json(body) else "json_invalid", ())]) from None


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body.decode(), type=msgspec.Raw)
    except UNREADABLE:
        return False
    return True


def _contacts(fields: Mapping[str, msgspec.Raw]) -> Raw:
    """The raw people of the request; none where they are no list, or too many."""
    try:
        listed = msgspec.json.decode(bytes(fields.get("contacts", b"[]")), type=list[msgspec.Raw])
    except UNREADABLE:
        return []
    return listed if len(listed) <= MOST_CONTACTS else []


def _head(fields: Mapping[str, msgspec.Raw], contacts: Raw) -> bytes:
    """The body with one valid person in place of all, and the first unknown fields only."""
    known = PermissionsAsked.model_fields
    unknown = [name for name in fields if name not in known][:MOST_TOLD]
    told = {name: bytes(fields[name]) for name in [*(name for name in fields if name in known), *unknown]}
    if "contacts" in told:
        told["contacts"] = _SOMEBODY if contacts else _WRONG
    members = (orjson.dumps(name) + b":" + (raw if len(raw) < TURN_BYTES else _WRONG) for name, raw in told.items())
    return b"{" + b",".join(members) + b"}"


def _person(raw: bytes, place: int) -> tuple[Person | None, list[FoundMistake]]:
    where = ("contacts", place)
    return _judge(Person, raw, where) if len(raw) <= MOST_BYTES_OF_ONE else (None, [("model_type", where)])


def _judge(model: type[Model], raw: bytes, where: tuple[int | str, ...]) -> tuple[Model | None, list[FoundMistake]]:
    try:
        return model.model_validate_json(raw), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return None, [*_found_mistakes(found[:MOST_TOLD], where)]


def _found_mistakes(errors: Sequence[ErrorDetails], where: tuple[int | str, ...]) -> Iterator[FoundMistake]:
    for one in errors:
        yield one["type"], () if one["type"] == "json_invalid" else (*where, *one["loc"])


_ADDRESS: dict[Channel, Kind] = {"email": "email", "text": "phone", "phone": "phone"}


def asked_person(person: Person, channel: Channel, hasher: Hasher) -> AskedPerson:
    """The hashes of a person, and the references of the address to judge.

    A message goes to that address, so its owner is looked up first: whoever closed it must be found, even where another
    identifier leads to somebody else. A given address that cannot be read, or a number with an extension or another
    number behind it, cannot be sent to, whoever the person is.
    """
    address: list[str] = []
    others = [] if person.contact_id is None else [person.contact_id]
    for kind, text in _identifiers_of(person):
        found = _lookups(hasher, kind, text)
        if _ADDRESS.get(channel) != kind:
            others += found
        elif not found or (kind == "phone" and not is_one_phone(text)):
            return AskedPerson([])
        else:
            address = found
    return AskedPerson([*address, *others], [ref_of(hashed) for hashed in address])


def _identifiers_of(person: Person) -> Iterator[tuple[Kind, str]]:
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
