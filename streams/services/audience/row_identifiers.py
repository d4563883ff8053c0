"""Hashes the identifiers of a row, so that no address goes further than this module."""

import re
from collections.abc import Sequence

from events.fields import CONTACT_ID_PATTERN
from events.identifiers import Hasher, Kind
from streams.services.audience.header import Header, IdentifierColumn

_is_contact_id = re.compile(CONTACT_ID_PATTERN).fullmatch
_KINDS: dict[str, Kind] = {"voter_id": "voter", "external": "external", "email": "email", "phone": "phone"}


def hashes_of(header: Header, fields: Sequence[str], hasher: Hasher) -> list[str]:
    """Hashes of the row's identifiers, strongest first, each under every key; blank and unreadable ones are left out.

    `fields` has the header's width. A `contact_id` is used as it is.
    """
    found: list[str] = []
    for column in header.naming:
        if value := fields[column.position].strip():
            found += _hashes(column, value, hasher)
    return found


def strongest_of(header: Header, fields: Sequence[str], hasher: Hasher) -> tuple[IdentifierColumn, str, str] | None:
    """The strongest readable identifier of a row: its column, value and hash. None: the row identifies nobody.

    The hash is that under the writing key; a `contact_id` is its own.
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
    """Whether the value was UTF-8: surrogates stand for bytes that were not."""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
