"""Which segments one person is in, since when, and when that may change by itself; as it is stored for each person.

Segments stand there by numbers: a name of a segment and an edition, interned once for all people of a partition.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from streams.domain.contact.state import NEVER


class PersonMemberships(Struct, frozen=True):
    """The segments of one person. `since`: by number when the person came in (ms).

    `due`: when the person is to be judged again though nothing happens; never later than the first time at which an
    answer may change. `is_told`: others have been told of this person, and are to be told if it is forgotten.
    """

    since: Mapping[int, int] = {}
    due: int = NEVER
    is_told: bool = False


NO_MEMBERSHIPS = PersonMemberships()


class _Stored(Struct, frozen=True, array_like=True):
    """Times are given as how long before `latest`: those who came in together take a byte each."""

    due: int | None
    is_told: bool
    latest: int
    before: dict[int, int]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode


def write_memberships(held: PersonMemberships) -> bytes:
    """The memberships as they are stored."""
    latest = max(held.since.values(), default=0)
    before = {number: latest - since for number, since in held.since.items()}
    return _encode(_Stored(None if held.due == NEVER else held.due, held.is_told, latest, before))


def read_memberships(value: bytes) -> PersonMemberships:
    """What `write_memberships` wrote."""
    stored = _decode(value)
    since = {number: stored.latest - before for number, before in stored.before.items()}
    return PersonMemberships(since, NEVER if stored.due is None else stored.due, stored.is_told)
