"""The identifiers of one row, hashed as everybody's are: an address goes no further than this."""

import re
from collections.abc import Sequence

from events.fields import CONTACT_ID_PATTERN
from events.identifiers import Hasher, Kind
from streams.services.audience.header import Header, IdentifierColumn

_is_contact_id = re.compile(CONTACT_ID_PATTERN).fullmatch
_KINDS: dict[str, Kind] = {"voter_id": "voter", "external": "external", "email": "email", "phone": "phone"}


def hashes_of(header: Header, fields: Sequence[str], hasher: Hasher) -> list[str]:
    """The row's identifiers, strongest first, each under every key; what is blank or cannot be normalised is left out.

    `fields` has the header's width. A `contact_id` is used as it is.
    """
    found: list[str] = []
    for column in header.naming:
        if value := fields[column.position].strip():
            found += _hashes(column, value, hasher)
    return found


def strongest_of(header: Header, fields: Sequence[str], hasher: Hasher) -> tuple[IdentifierColumn, str, str] | None:
    """The first of the row's identifiers that can be used: its column, what stands there, and its hash.

    The hash is that under the key which writes; a `contact_id` is its own. None: the row names nobody.
    """
    for column in header.naming:
        value = fields[column.position].strip()
        if value and (hashes := _hashes(column, value, hasher)):
            return column, value, hashes[0]
    return None


def _hashes(column: IdentifierColumn, value: str, hasher: Hasher) -> list[str]:
    if column.field == "contact_id":
        return [value] if _is_contact_id(value) else []
    if not _is_text(value):
        return []
    text = f"{column.system}:{value}" if column.field == "external" else value
    return hasher.lookups(_KINDS[column.field], text)


def _is_text(value: str) -> bool:
    """Whether it was UTF-8: surrogates stand for bytes that were not."""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
