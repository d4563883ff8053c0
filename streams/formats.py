"""How states are written: MessagePack, a format number first, so that a later version knows what it reads.

Fields are told by their place. New ones go to the end of their struct with a default; anything else is a new format.
"""

from typing import Generic, TypeVar

import msgspec
from msgspec import Struct


class Unreadable(Exception):
    """The bytes are not of a format that this version knows."""


class Stored(Struct, frozen=True, array_like=True):
    """What is written of one state; fields follow in subclasses."""

    format: int


Kind = TypeVar("Kind", bound=Stored)
encode = msgspec.msgpack.Encoder().encode
_head_of = msgspec.msgpack.Decoder(Stored).decode


class Format(Generic[Kind]):
    """A format by its number, and the struct that is written in it."""

    def __init__(self, number: int, kind: type[Kind]) -> None:
        self.number = number
        self._decode = msgspec.msgpack.Decoder(kind).decode

    def decode(self, data: bytes) -> Kind:
        """What was encoded. Raises `Unreadable`."""
        try:
            if (found := _head_of(data).format) != self.number:
                raise Unreadable(f"a state of format {found}, not {self.number}; make the table anew from its sources")
            return self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable(f"not a state of format {self.number}") from error
