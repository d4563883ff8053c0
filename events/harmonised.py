"""Writes and reads the records of `interactions`: all teams' events in one form, without addresses.

Producers differ in keys, modes and spelling. A harmonised interaction is a structured CloudEvent, keyed by its identity
fragment, its contact reduced to keyed hashes and attributes.
"""

import re
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import orjson
from pydantic import ValidationError

from events.cloudevents import Head, open_event, read_head
from events.contact import Contact, HashedContact
from events.envelope import Interaction, attributes, build, plain_data, read_time
from events.error_messages import explain
from events.identifier_presence import NEEDS_NO_CONTACT
from events.identifiers import Hasher, strongest, voter_state
from events.interactions.base import SourcedData
from events.interactions.commands import PairCommand
from events.json_types import JSON
from events.near_types import UNKNOWN_TYPE
from events.refusal import Reason, Refusal
from events.registry import MODELS

_ATTRIBUTES = ("region", "postal_code", "time_zone", "language", "household")
_SCHEME = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:/+|urn:)")
_POINTERS = frozenset({"subject", "partitionkey"})
"""Extensions by which producers name the person, often by address: they go no further."""

_UNKNOWN_TYPE = Refusal(Reason.UNKNOWN_TYPE, UNKNOWN_TYPE)
_NO_DATA = Refusal(Reason.NO_IDENTIFIER, "data: must be an object with a hashed `contact` in it")


def harmonise(interaction: Interaction, hasher: Hasher) -> tuple[str, bytes]:
    """Identity fragment and value of the record of `interactions`: the same bytes whoever writes it, however often.

    A command on a pair goes by the smaller of its two ids. Raises ValueError for a contact without a usable identifier,
    which `decode` lets through only if it was given another phone region than the hasher.
    """
    data = interaction.data
    contact = hasher.identifiers(data.contact)
    fragment = min(data.contact_ids) if isinstance(data, PairCommand) else strongest(contact)
    if fragment is None:
        raise ValueError("a contact without a usable identifier")
    contact |= _beside(interaction.type, data.contact, hasher)
    body = plain_data(interaction)
    if contact:
        body["contact"] = contact
    else:  # a command's, with nothing in it but an address that cannot be read
        body.pop("contact", None)
    body["team"] = team_behind(interaction)
    return fragment, _written(interaction, body)


def harmonised_again(interaction: Interaction) -> bytes:
    """The value of a record of `interactions` for one that was read from elsewhere, as intake writes it."""
    body = plain_data(interaction)
    body.pop("team", None)
    body["team"] = team_behind(interaction)
    return _written(interaction, body)


def _written(interaction: Interaction, body: dict[str, JSON]) -> bytes:
    event = attributes(interaction)
    for name in _POINTERS.intersection(interaction.extensions):
        del event[name]
    event["data"] = body
    return orjson.dumps(event)


IntakeResult: TypeAlias = tuple[str, bytes, str, str]
"""Identity fragment and value as `harmonise` returns them; team and type."""


def take_in(interaction: Interaction, hasher: Hasher) -> IntakeResult:
    """`harmonise`, with the team and the type. Raises ValueError as it does."""
    return *harmonise(interaction, hasher), team_behind(interaction), interaction.type


def tells_mailbox(type_: str) -> bool:
    """Whether interactions of a type carry the provider of the address: those about e-mail do."""
    return type_.startswith("email.")


def _beside(type_: str, contact: Contact, hasher: Hasher) -> dict[str, JSON]:
    """The attributes of a contact, and the facts that hashes of its identifiers would hide."""
    found: dict[str, JSON] = {}
    for name in _ATTRIBUTES:
        if (value := getattr(contact, name)) is not None:
            found[name] = value
    if contact.email is not None and tells_mailbox(type_) and (email := hasher.email_and_mailbox(contact.email)):
        found["mailbox"] = email[1]
    if contact.voter_id is not None:
        found["voter_state"] = voter_state(contact.voter_id)
    if aliases := hasher.aliases(contact):
        found["aliases"] = aliases
    return found


class Opened(NamedTuple):
    """The event of a record of `interactions`, its `data` not judged yet. `time`: ms since 1970."""

    head: Head
    time: int
    event: dict[str, JSON]


def open_harmonised(value: bytes | None) -> Opened | Refusal:
    """Read the envelope of a record: the first half of `read_harmonised`."""
    event = open_event(value, ())
    if isinstance(event, Refusal):
        return event
    head = read_head(event)
    if isinstance(head, Refusal):
        return head
    if head[2] not in MODELS:
        return _UNKNOWN_TYPE
    time = read_time(event)
    if isinstance(time, Refusal):
        return time
    return Opened(head, time, event)


def judge_harmonised(opened: Opened) -> Interaction | Refusal:
    """Judge the `data` of a record: the second half of `read_harmonised`.

    Fields that meant nothing once were taken as they came: those that cannot be read are let go of.
    """
    head, time, event = opened
    data = _with_hashed_contact(head[2], event.get("data"))
    if isinstance(data, Refusal):
        return data
    found, model = build(head, time, data, event), MODELS[head[2]]
    if isinstance(found, Refusal) and issubclass(model, SourcedData):
        return build(head, time, model.readable(data), event)
    return found


def read_harmonised(value: bytes | None) -> Interaction | Refusal:
    """The interaction in a record of `interactions`; its contact is a `HashedContact`.

    Refuses only records that intake cannot have written; limits and times are not judged again.
    """
    opened = open_harmonised(value)
    return opened if isinstance(opened, Refusal) else judge_harmonised(opened)


def _with_hashed_contact(type_: str, data: JSON) -> dict[str, object] | Refusal:
    if not isinstance(data, dict):
        return _NO_DATA
    if "contact" not in data and type_ in NEEDS_NO_CONTACT:
        return {**data}
    try:
        contact = HashedContact.model_validate(data.get("contact"))
    except ValidationError as error:
        return Refusal(Reason.INVALID_DATA, explain(error, ("data", "contact")))
    return {**data, "contact": contact}


def team_behind(interaction: Interaction) -> str:
    """The team that an interaction names, else the one of its source."""
    return interaction.data.team or team_of(interaction.source)


@lru_cache(maxsize=1_024)
def team_of(source: str) -> str:
    """The team of a `source`: its first segment, of a URI the host or the part after the scheme.

    `digital/mailer` and `https://digital/mailer` are both `digital`. A source without segments is a team of its own.
    """
    path = _SCHEME.sub("", source)
    return next((segment for segment in path.split("/") if segment), source)
