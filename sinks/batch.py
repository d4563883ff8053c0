"""Prepares changes for Redis: the newest of each contact, cut into short calls, packed into two strings.

One argument for every field would cost the client five times the CPU: redis-py encodes each of them in Python. So the
fields go as one JSON list and the profiles, untouched, as one string from which the script cuts them by length.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import orjson

from events.identifiers import is_identity_hash
from sinks.base import ContactChange

Item = TypeVar("Item")

ROW_BYTES = 128
"""Roughly the bytes of a change besides its profile."""


def newest_changes(changes: Iterable[ContactChange]) -> list[ContactChange]:
    """The highest version of each contact."""
    latest: dict[str, ContactChange] = {}
    for change in changes:
        known = latest.get(change.contact_id)
        if known is None or change.version > known.version:
            latest[change.contact_id] = change
    return list(latest.values())


def weight_of(change: ContactChange) -> int:
    """Roughly how many bytes a change takes in a call."""
    return ROW_BYTES + len(change.profile or b"")


def cut_to_size(changes: Sequence[Item], most_bytes: int, weigh: Callable[[Item], int]) -> Iterator[Sequence[Item]]:
    """Cut `changes` into parts of at most `most_bytes`, or of a single change. Yields one part at least."""
    start = weight = 0
    for at, change in enumerate(changes):
        added = weigh(change)
        if at > start and weight + added > most_bytes:
            yield changes[start:at]
            start, weight = at, 0
        weight += added
    yield changes[start:]


def pack(changes: Iterable[ContactChange]) -> tuple[bytes, bytes]:
    """Pack changes: `[contact_id, version, field, is an identity hash, length]` rows as JSON, and the values joined."""
    rows: list[tuple[str, str, str, bool, int]] = []
    values: list[bytes] = []
    for change in changes:
        field, value = _field(change)
        contact_id = change.contact_id
        rows.append((contact_id, str(change.version), field, is_identity_hash(contact_id), len(value)))
        values.append(value)
    return orjson.dumps(rows), b"".join(values)


def _field(change: ContactChange) -> tuple[str, bytes]:
    if change.alone:
        return "alone", b""
    if change.forgotten:
        return "forgotten", b""
    if change.profile is not None:
        return "state", change.profile
    if change.merged_into is not None:
        return "merged_into", change.merged_into.encode()
    return "erased", b"1"
