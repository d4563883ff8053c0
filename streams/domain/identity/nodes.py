"""Nodes of the identity graph: whom an identifier was named with, what was ruled, and the canonical id last told.

All that decides who is one person lies in the states of the nodes, and each holds its own side of every edge: so they
can be read as they are needed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct

from events.identifiers import KIND_ORDER, kind_of
from events.identity_links import CommandStamp
from streams.domain.formats import Format, Stored
from streams.domain.formats import encode as write
from streams.domain.identity.deferred_erasures import ErasureWait

Tellers: TypeAlias = tuple[str, ...]
"""The fragments that tell of an edge, sorted."""

SATURATED_TIMES = 4
LEAST_ROOM = 1_000
"""Entries that a node may have at least, whatever the limit of contacts: also as the stronger end of its edges."""

_CLASSED = frozenset({"voter", "external"})
"""The kinds of which each is of a class."""

MOST_LINKED = 1_000
"""With so many commands on a node, no more are kept that make it one with others: whoever gave them has erred."""

MOST_RULED = 2_000
"""Nor any others, which keep people apart and so have more room. The ids in them may be of a kilobyte each."""


class PairRuling(Struct, frozen=True, array_like=True, gc=False):
    """The command that counts on a pair: one person, or not."""

    same: bool
    by: CommandStamp


class ErasureMark(Struct, frozen=True, array_like=True, gc=False):
    """The node was told that its person is erased, by the word of the fragment `teller`."""

    teller: str
    by: CommandStamp


class Node(Struct, frozen=True, array_like=True):
    """One identifier. Never changed in place.

    `exclusive` is its class. `seen` and `aliases` are its edges: those named with it, and those that are the same
    identifier under another key. A node's own name in `seen` only tells its class. `roof`: as last told, None for its
    own; its own name if it was to tell its class. `saturated`: it had too many edges to keep, so they are gone and it
    links nobody until a rebuild. `mark`: what it was last told is an erasure; `marked`: those that were told so by its
    own word, which is `erased`. `held`: the fragment with whose erasure it waits, and which has in `waiting` for what.
    """

    exclusive: str | None = None
    seen: dict[str, Tellers] = {}
    aliases: dict[str, Tellers] = {}
    rulings: dict[str, PairRuling] = {}
    roof: str | None = None
    saturated: bool = False
    mark: ErasureMark | None = None
    erased: CommandStamp | None = None
    marked: tuple[str, ...] = ()
    held: str | None = None
    waiting: ErasureWait | None = None


NOTHING = Node()
"""What is not kept at all."""

Read: TypeAlias = Callable[[Collection[str]], Mapping[str, Node | None]]
"""The nodes of these names, None where nothing is kept."""

Rank: TypeAlias = tuple[int, str]


@lru_cache(maxsize=1 << 16)
def rank(name: str) -> Rank:
    """The place of a node by strength: the strongest kind first, then the smallest name."""
    return KIND_ORDER.index(kind_of(name)), name


def lacks_class(name: str, node: Node) -> bool:
    """Whether a command makes it one with others while nobody has told of which class it is.

    An interaction tells the classes of all that it names, a command knows hashes only.
    """
    is_told = node.exclusive is not None or kind_of(name) not in _CLASSED
    return not is_told and any(ruling.same for ruling in node.rulings.values())


def without_known_class(names: Collection[str], nodes: Mapping[str, Node]) -> list[str]:
    """Those of whom it may matter, among these, that nobody has told of which class they are, sorted.

    Classes tell nodes of one kind apart.
    """
    lacking = sorted(name for name in names if lacks_class(name, nodes[name]))
    if not lacking:
        return lacking
    kinds = Counter(map(kind_of, names))
    return [name for name in lacking if kinds[kind_of(name)] > 1]


def is_crowded(name: str, node: Node, crowd: int) -> bool:
    """Whether more than `crowd` carry it, or too many to be counted: edges count in which it is the weaker end."""
    if node.saturated or len(node.seen) <= crowd:
        return node.saturated
    return _carriers(name, node) > crowd


def has_too_many_edges(name: str, node: Node, crowd: int) -> bool:
    """Whether it has more edges than are worth keeping."""
    if len(node.seen) > SATURATED_TIMES * crowd and _carriers(name, node) > SATURATED_TIMES * crowd:
        return True
    room = max(LEAST_ROOM, SATURATED_TIMES * crowd)
    told = sum(map(len, node.seen.values())) + sum(map(len, node.aliases.values()))
    return told > room


def _carriers(name: str, node: Node) -> int:
    own = rank(name)
    return sum(rank(other) < own for other in node.seen if other not in node.aliases)


class _Stored(Stored, frozen=True, array_like=True):
    node: Node


FORMAT = Format("links", 3, _Stored)


def encode(node: Node) -> bytes:
    """A node as bytes of the table."""
    return write(_Stored(FORMAT.number, node))


def decode(data: bytes) -> Node:
    """The node in bytes of the table. Raises `Unreadable`."""
    return FORMAT.decode(data).node
