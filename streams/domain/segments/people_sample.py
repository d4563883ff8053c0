"""Which contacts of a partition a preview judges: those that come first in an order that a hash gives.

Keys of a table lie in the order of their names, and that says something of people: voter ids are given out by state and
year, and who is known by a hashed address has subscribed to mail. By a hash, whoever comes first is a fair sample,
however many of them one takes, and the same one each time. It is another hash than that which spreads contacts over
partitions, with which every contact of a partition would look alike.
"""

from collections.abc import Iterable

from murmurhash2 import murmurhash2

Drawn = tuple[int, bytes]
"""The place of a contact in that order, and its id."""

_SEED = 0x5EED_5EED
_LAST = 0xFFFF_FFFF


def drawn_with(drawn: list[Drawn], contacts: Iterable[bytes], most: int) -> list[Drawn]:
    """The first so many, in their order, of those that were drawn before and of these contacts."""
    last = drawn[-1][0] if len(drawn) >= most else _LAST
    new = [(place, contact) for contact in contacts if (place := murmurhash2(contact, _SEED) & _LAST) <= last]
    return sorted([*drawn, *new])[:most] if new else drawn
