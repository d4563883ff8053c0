"""How a node is written."""

from streams.domain.formats import Format, Stored
from streams.domain.formats import encode as write
from streams.domain.identity.nodes import Node


class _Stored(Stored, frozen=True, array_like=True):
    node: Node


FORMAT = Format(2, _Stored, older={1})


def encode(node: Node) -> bytes:
    """The bytes of `node`."""
    return write(_Stored(FORMAT.number, node))


def decode(data: bytes) -> Node:
    """The node that was encoded. Raises `Unreadable`."""
    return FORMAT.decode(data).node
