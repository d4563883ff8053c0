"""How states are written: MessagePack, a format number first, so that a later version knows what it reads.

Fields are told by their place. Whatever changes how a state is written is a new number: also a field at the end of a
struct with a default, or one more value of a `Literal`. An older version would read past what it does not know and drop
it with the next write, so it has to see that the state is not one of its own, and stop. A release reads what the
release before it has written: a format which only lacks fields at the end is named in `older`. See docs/upgrades.md; a
fixture of each format that is read lies in tests/unit/domain/states.
"""

from collections.abc import Collection
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct


class Unreadable(Exception):
    """The bytes are not of a format that this version knows."""


class OtherFormat(Unreadable):
    """The bytes are a state, and another version of Harmonia wrote it: nothing may be dropped for that."""


class Stored(Struct, frozen=True, array_like=True):
    """What is written of one state; fields follow in subclasses."""

    format: int


FIRST_RELEASED = {"contacts": 7, "links": 3, "campaigns": 2, "experiments": 3}
"""The format of each table in release 0.1.0. Versions before it have used all lower numbers; none is used again."""

Kind = TypeVar("Kind", bound=Stored)
encode = msgspec.msgpack.Encoder().encode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_head_of = msgspec.msgpack.Decoder(Stored).decode


class Format(Generic[Kind]):
    """The format of a table's states that is written, by its number, and the struct that is written in it.

    Parameters:
        older: further formats that are read: theirs is this struct with fewer fields at the end of it or of its parts.
    """

    def __init__(self, table: str, number: int, kind: type[Kind], older: Collection[int] = ()) -> None:
        self.table = table
        self.number = number
        self.kind = kind
        self.readable = frozenset({number, *older})
        self._decode = msgspec.msgpack.Decoder(kind).decode

    def decode(self, data: bytes) -> Kind:
        """What was encoded. Raises `Unreadable`, and `OtherFormat` where it is for another version to read."""
        try:
            found = self._decode(data)
        except _UNREADABLE as error:
            raise self._unreadable(data) from error
        if found.format not in self.readable:
            raise OtherFormat(self._cure(found.format))
        return found

    def _unreadable(self, data: bytes) -> Unreadable:
        """Why it is: states of another version need not look like those of this one at all."""
        try:
            found = _head_of(data).format
        except _UNREADABLE:
            found = self.number
        if found in self.readable:
            return Unreadable(f"table {self.table}: not a state of format {self.number}")
        return OtherFormat(self._cure(found))

    def _cure(self, found: int) -> str:
        what = f"table {self.table}: a state of format {found}"
        if found > self.number:
            return (
                f"{what}, which a newer version of Harmonia wrote; this one knows format {self.number}. "
                "Start the newer version again: docs/upgrades.md"
            )
        if found < FIRST_RELEASED.get(self.table, 0):
            return f"{what}, written before 0.1.0: rebuild from the lake (docs/upgrades.md)"
        return f"{what}, not {self.number}: upgrade one release at a time (docs/upgrades.md)"
