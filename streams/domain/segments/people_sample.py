"""Which contacts of a partition a preview judges: those that come first in an order that a hash gives.

Keys of a table lie in the order of their names, and that says something of people: voter ids are given out by state and
year, and who is known by a hashed address has subscribed to mail. By a hash, whoever comes first is a fair sample,
however many of them one takes, and the same one each time. It is another hash than that which spreads contacts over
partitions, with which every contact of a partition would look alike.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from murmurhash2 import murmurhash2

Drawn = tuple[int, bytes]
"""The place of a contact in that order, and its id."""

_SEED = 0x5EED_5EED
_LAST = 0xFFFF_FFFF


@dataclass(slots=True)
class PeopleSample:
    """Contacts of a partition that come first in that order, found by a walk and kept while contacts come and go.

    `most`: so many at most; if some have gone there are fewer, until `is_worn` says to begin anew.

    `known`: how many contacts there are of which these are drawn: up to the key `after` in the order of keys, or, once
    the walk has come to its end (`is_whole`), in all of the partition. `drawn`: in their order. `below`: everybody
    whose place is below it is drawn; it never rises, so who has gone is not made up for by somebody who was passed over
    before.
    """

    most: int
    known: int = 0
    after: bytes = b""
    is_whole: bool = False
    drawn: list[Drawn] = field(default_factory=list)
    below: int = _LAST + 1

    @property
    def is_worn(self) -> bool:
        """Whether so many have gone that less than half of a sample is left, though there are others to be drawn."""
        return self.is_whole and len(self.drawn) < min(self.most, self.known) / 2

    def walk(self, contacts: Collection[bytes], after: bytes, *, is_end: bool) -> None:
        """Take the contacts that lie behind all that were walked past before, up to the key `after` or the end."""
        self.known += len(contacts)
        self.after, self.is_whole = b"" if is_end else after, is_end
        below = self.below  # and the place by hand: this runs for every key of the table
        new = [(place, contact) for contact in contacts if (place := murmurhash2(contact, _SEED) & _LAST) < below]
        if new:
            self._cut(sorted([*self.drawn, *new]))

    def come(self, contacts: Iterable[bytes]) -> None:
        """Take contacts that are new, unless the walk has still to come by them."""
        for contact in contacts:
            if self._has_passed(contact):
                self.known += 1
                if (place := hash_place(contact)) < self.below:
                    insort(self.drawn, (place, contact))
                    self._cut(self.drawn)

    def go(self, contacts: Iterable[bytes]) -> None:
        """Leave out contacts that are no more."""
        for contact in contacts:
            if self._has_passed(contact):
                self.known -= 1
                one = hash_place(contact), contact
                at = bisect_left(self.drawn, one)
                if self.drawn[at : at + 1] == [one]:
                    del self.drawn[at]

    def _has_passed(self, contact: bytes) -> bool:
        return self.is_whole or contact <= self.after

    def _cut(self, drawn: list[Drawn]) -> None:
        """Keep the first of these; those that share a place stay together, or go together."""
        if len(drawn) > self.most:
            self.below = drawn[self.most][0]
            drawn = drawn[: bisect_left(drawn, (self.below, b""))]
        self.drawn = drawn


def hash_place(contact: bytes) -> int:
    """The place of a contact in the order of the hash, from 0 to 2**32 - 1."""
    return murmurhash2(contact, _SEED) & _LAST
