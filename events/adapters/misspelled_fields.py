"""Finds custom fields of vendors' webhooks whose names are almost those of the contract, such as `campain_id`.

Senders attach what they like to a message, so most unknown names are their own business and are passed over; a name
that is almost one of the contract is a slip in a template, and what it was meant to say counts for nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import orjson

from events.adapters import custom_fields, mailgun, sendgrid
from events.adapters.drafts import split
from events.json_types import JSON
from events.refusal import Refusal
from events.spelling import is_safe_to_repeat, nearest_name
from events.unknown_fields import UnknownField

_ATTACHED: Mapping[str, Callable[[dict[str, JSON]], tuple[str | None, Mapping[str, JSON]]]] = {
    "mailgun": mailgun.attached,
    "sendgrid": sendgrid.attached,
}


def misspelled_fields(vendor: str, body: bytes) -> list[list[UnknownField]]:
    """The misspelled custom fields of each element of a body that has any; none for vendors without free names."""
    attached = _ATTACHED.get(vendor)
    elements = split(body) if attached else []
    if attached is None or isinstance(elements, Refusal):
        return []
    found = (list(_misspelled(*attached(element))) for element in _objects(elements))
    return [fields for fields in found if fields]


def _objects(elements: list[bytes]) -> Iterator[dict[str, JSON]]:
    for element in elements:
        try:
            read: JSON = orjson.loads(element)
        except orjson.JSONDecodeError:
            continue
        if isinstance(read, dict):
            yield read


def _misspelled(type_: str | None, attached: Mapping[str, JSON]) -> Iterator[UnknownField]:
    """Unknown names near a known one, unless that one stands beside it."""
    if type_ is None:
        return
    for name in attached.keys() - custom_fields.NAMES:
        meant = _meant(name)
        if meant is not None and meant not in attached:
            yield UnknownField(type_, name, meant)


@lru_cache(1_024)
def _meant(name: str) -> str | None:
    """The name of the contract for which a name is meant; None: it is the sender's own."""
    return nearest_name(name, custom_fields.NAMES) if is_safe_to_repeat(name) else None
