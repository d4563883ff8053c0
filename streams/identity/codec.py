"""How a node is written: MessagePack, a format number first, so that a later version knows what it reads.

Fields are told by their place. New ones go to the end of their struct with a default; anything else is a new format.
"""

import msgspec
from msgspec import Struct

from streams.identity.nodes import Node

FORMAT = 1


class UnreadableNode(Exception):
    """The bytes are not a node of a format that this version knows."""


class _Head(Struct, frozen=True, array_like=True):
    format: int


class _Stored(_Head, frozen=True, array_like=True):
    node: Node


_encoder = msgspec.msgpack.Encoder()
_head_decoder = msgspec.msgpack.Decoder(_Head)
_decoder = msgspec.msgpack.Decoder(_Stored)


def encode(node: Node) -> bytes:
    """The bytes of `node`."""
    return _encoder.encode(_Stored(FORMAT, node))


def decode(data: bytes) -> Node:
    """The node that was encoded. Raises `UnreadableNode`."""
    try:
        if (found := _head_decoder.decode(data).format) != FORMAT:
            raise UnreadableNode(f"a node of format {found}, not {FORMAT}")
        return _decoder.decode(data).node
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableNode(f"not a node of format {FORMAT}") from error
