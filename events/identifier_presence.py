"""Checks that an event names a person, before any of its fields is judged.

A malformed contact_id, voter_id or external id is for the model to refuse. An e-mail address or phone number that is
invalid names nobody and does no harm, because people type them.
"""

from events.interactions.commands import PairCommand
from events.json_types import JSON
from events.normalise import normalise_email, normalise_phone
from events.refusal import Reason, Refusal
from events.registry import MODELS

_NO_DATA = Refusal(Reason.NO_IDENTIFIER, "data: must be an object with a `contact` in it")
_NO_CONTACT = Refusal(Reason.NO_IDENTIFIER, "data.contact: must be an object that names the person")
_NOBODY = Refusal(
    Reason.NO_IDENTIFIER, "data.contact: give a contact_id, voter_id, external, or an email or phone that can be read"
)
_WRITTEN = ("email", "phone")
NEEDS_NO_CONTACT = frozenset(type_ for type_, model in MODELS.items() if issubclass(model, PairCommand))
"""The types that are about two contacts and name them in `data` itself."""


def require_person(type_: str, data: JSON, region: str) -> dict[str, JSON] | Refusal:
    """`data` without its nulls, if it names a person. An e-mail or phone that is no text is ignored, so removed."""
    if not isinstance(data, dict):
        return _NO_DATA
    data = _without_nulls(data)
    contact = data.get("contact")
    if isinstance(contact, dict):
        for name in _WRITTEN:
            if not isinstance(contact.get(name, ""), str):
                del contact[name]
    if type_ in NEEDS_NO_CONTACT:
        return data
    if not isinstance(contact, dict):
        return _NO_CONTACT
    return data if _names_somebody(contact, region) else _NOBODY


def _without_nulls(data: dict[str, JSON]) -> dict[str, JSON]:
    """A field that is null counts as absent."""
    if None in data.values():
        return {name: value for name, value in data.items() if value is not None}
    return data


def _names_somebody(contact: dict[str, JSON], region: str) -> bool:
    if contact.get("contact_id") is not None or contact.get("voter_id") is not None:
        return True
    external = contact.get("external")
    if isinstance(external, dict):
        if any(id_ is not None for id_ in external.values()):
            return True
    elif external is not None:
        return True
    email, phone = contact.get("email"), contact.get("phone")
    if isinstance(email, str) and normalise_email(email):
        return True
    return isinstance(phone, str) and normalise_phone(phone, region) is not None
