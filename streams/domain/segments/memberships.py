"""Which segments one person is in, since when, and when that may change by itself; as it is stored for each person.

Segments stand there by numbers: a name of a segment and an edition, interned once for all people of a partition.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec
from msgspec import Struct

from streams.domain.contact.state import NEVER


class PersonMemberships(Struct, frozen=True):
    """The segments of one person. `before`: by number how long before `latest` (ms) the person came in.

    `due`: when the person is to be judged again though nothing happens; never later than the first time at which an
    answer may change. `is_told`: others have been told of this person, and are to be told if it is forgotten.
    """

    latest: int = 0
    before: Mapping[int, int] = {}
    due: int = NEVER
    is_told: bool = False

    @property
    def since(self) -> dict[int, int]:
        """By number when the person came in (ms)."""
        return {number: self.latest - before for number, before in self.before.items()}

    def moved(self, entered: Iterable[int], left: Collection[int], at: int, due: int) -> "PersonMemberships":
        """The same person after entries at this moment and exits, of which others are told."""
        latest, later = self.latest, 0
        if entered and (at > latest or not self.before):
            latest, later = at, at - latest
        before = {number: ago + later for number, ago in self.before.items()} if later else {**self.before}
        for number in left:
            del before[number]
        for number in entered:
            before[number] = latest - at
        return PersonMemberships(latest, before, due, is_told=True)


NO_MEMBERSHIPS = PersonMemberships()


class _Stored(Struct, frozen=True, array_like=True):
    """Times are given as how long before `latest`: those who came in together take a byte each."""

    due: int | None
    is_told: bool
    latest: int
    before: Mapping[int, int]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode


def write_memberships(held: PersonMemberships) -> bytes:
    """The memberships as they are stored."""
    return _encode(_Stored(None if held.due == NEVER else held.due, held.is_told, held.latest, held.before))


def read_memberships(value: bytes) -> PersonMemberships:
    """What `write_memberships` wrote."""
    stored = _decode(value)
    return PersonMemberships(stored.latest, stored.before, NEVER if stored.due is None else stored.due, stored.is_told)
