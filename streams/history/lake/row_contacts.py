"""Whom the harmonised event of a row names, and whether it tells to forget them."""

from collections.abc import Iterator

from events.adapters.feed import SkippedElement
from events.harmonised import Opened, open_harmonised
from events.identifiers import is_identity_hash, strongest
from events.json_types import JSON
from events.refusal import Refusal
from streams.history.lake.row_reading import Row

ERASED_TYPE = "contact.erased"
NOBODYS = SkippedElement("of nobody: the person was erased")
ERASED = SkippedElement("before the erasure of the person")


def erasure_in(row: Row) -> tuple[str, int, bytes] | None:
    """Whom a harmonised row tells to forget, until when (ms), in which bytes; None: it tells nothing of the kind."""
    if not isinstance(row.value, bytes) or ERASED_TYPE.encode() not in row.value:
        return None
    opened = open_harmonised(row.value)
    if isinstance(opened, Refusal) or opened.head[2] != ERASED_TYPE:
        return None
    fragment = fragment_of(row, opened) if row.of_lake or is_harmonised(opened) else None
    return None if fragment is None else (fragment, opened.time, row.value)


def is_harmonised(opened: Opened) -> bool:
    """Whether its contact is named by a hash of ours, which no producer writes.

    A contact that is named by `contact_id` alone is the same on either way.
    """
    return any(map(is_identity_hash, identifiers_in(opened)))


def fragment_of(row: Row, opened: Opened) -> str | None:
    """The key of a harmonised event's record."""
    return row.fragment if row.of_lake else named_in(opened)


def named_in(opened: Opened) -> str | None:
    """The fragment that a harmonised event names: of a pair the smaller id, else the strongest identifier."""
    data = opened.event.get("data")
    ids = data.get("contact_ids") if isinstance(data, dict) else None
    if isinstance(ids, list) and ids:
        return min(map(str, ids))
    named: dict[str, JSON] = {str(place): text for place, text in enumerate(identifiers_in(opened))}
    return strongest(named)


def identifiers_in(opened: Opened) -> Iterator[str]:
    """What a contact is named by, strongest first."""
    data = opened.event.get("data")
    contact = data.get("contact") if isinstance(data, dict) else None
    if not isinstance(contact, dict):
        return
    for name in ("contact_id", "voter_id", "external", "email", "phone"):
        value = contact.get(name)
        for text in (value[system] for system in sorted(value)) if isinstance(value, dict) else (value,):
            if isinstance(text, str):
                yield text
