"""Records between identity fragments and the links agent: `identity-links` one way, `contact-roofs` the other.

Both topics are internal and compacted: a record holds everything under its key, and the last one of a key counts. A
node is an identifier, `<kind>:<32 hex>` or a `contact_id`, so it never has a `/`. The field `roof` is a canonical id.
"""

import re
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Struct

from events.json_types import UNREADABLE
from events.refusal import Reason, Refusal

_NODE = "[A-Za-z0-9_.:-]{1,64}"
Node = Annotated[str, Meta(pattern=rf"\A{_NODE}\Z")]
Class = Annotated[str, Meta(min_length=1, max_length=512)] | None


class EdgeEnd(NamedTuple):
    """An end of an edge. `exclusive`: its class, such as `voter:NY`; two nodes of one class are two people."""

    node: str
    exclusive: str | None = None


class IdentityEdge(Struct, frozen=True):
    """An edge: `a` and `b` were named in one interaction of the fragment `teller` that still counts; `a` < `b`.

    `alias`: they are the hash of one identifier under two keys. `a` = `b` is no edge: it tells the class of a node that
    has no edge which could tell it.
    """

    teller: Node
    a: Node
    b: Node
    a_class: Class = None
    b_class: Class = None
    alias: bool = False


class EdgeWithdrawal(Struct, frozen=True):
    """Withdraws an `IdentityEdge`: the teller has no such interaction any more.

    `a` = `b` = `teller`: it withdraws its class.
    """

    teller: Node
    a: Node
    b: Node


class LinkDecision(Struct, frozen=True):
    """The latest link or unlink command on a pair, by (`time`, `source`, `id`); `a` < `b`. `time`: ms since 1970."""

    a: Node
    b: Node
    same: bool
    time: int
    source: str
    id: str


class DecisionWithdrawal(Struct, frozen=True):
    """Withdraws a `LinkDecision`: no command on the pair counts any more."""

    a: Node
    b: Node


class FragmentErasure(Struct, frozen=True):
    """An erasure: forget the person of this fragment. `time`: of the command, ms since 1970."""

    fragment: Node
    time: int
    source: str
    id: str


class ErasureCompletion(Struct, frozen=True):
    """The end of an erasure: the fragment has deleted the person's data, so nothing need remember it."""

    fragment: Node


OVERDUE = b"overdue"
"""The key of a record without a value: what was asked for an erasure (`CanonicalId.asks`) is to be asked again."""

IdentityLink: TypeAlias = (
    IdentityEdge | EdgeWithdrawal | LinkDecision | DecisionWithdrawal | FragmentErasure | ErasureCompletion
)
"""A record of `identity-links`."""


class CommandStamp(Struct, frozen=True):
    """The time and the key of the command that decided on a pair. `time` in ms since 1970."""

    time: int
    source: str
    id: str


class CanonicalId(Struct, frozen=True, omit_defaults=True):
    """The value of `contact-roofs`: the canonical id of the person whom a node names.

    `erased`: this person is to be forgotten, and `roof` is the one that the node had. Its own name as `roof`, where
    nobody was erased: it is to tell its class. `version` only grows for a node.

    `asks`: an erasure waits for whether this node knows of which class it is. It says so again under its own name, or
    that it does not (`EdgeWithdrawal`, which takes nothing back). Older versions pass over this field.
    """

    roof: Node
    version: int
    erased: CommandStamp | None = None
    asks: bool = False


class _SeenValue(Struct, frozen=True):
    a: Node
    b: Node
    a_class: Class
    b_class: Class
    alias: bool


class _SaidValue(Struct, frozen=True):
    contact_ids: Annotated[list[Node], Meta(min_length=2, max_length=2)]
    same: bool
    time: int
    source: str
    id: str


_encode = msgspec.json.Encoder().encode
_seen_value = msgspec.json.Decoder(_SeenValue).decode
_said_value = msgspec.json.Decoder(_SaidValue).decode
_erased_value = msgspec.json.Decoder(FragmentErasure).decode
_roof_value = msgspec.json.Decoder(CanonicalId).decode
_read_parts = re.compile(
    rf"seen/({_NODE})/({_NODE})/({_NODE})|said/({_NODE})/({_NODE})|erased/({_NODE})".encode()
).fullmatch
_is_node = re.compile(_NODE.encode()).fullmatch
_ASKS = b'"asks"'

_NO_KEY = Refusal(Reason.INVALID_DATA, "key: must be seen/<teller>/<a>/<b>, said/<a>/<b> or erased/<fragment>")
_NO_NODE = Refusal(Reason.INVALID_DATA, "key: must be an identifier's hash or a contact_id")
_NO_VALUE = Refusal(Reason.INVALID_DATA, "value: must be what its key says, in the shape for it")


def edge_between(teller: str, one: EdgeEnd, other: EdgeEnd, *, alias: bool = False) -> IdentityEdge:
    """The edge between two ends, given in any order."""
    a, b = sorted((one, other), key=lambda end: end.node)
    return IdentityEdge(teller=teller, a=a.node, b=b.node, a_class=a.exclusive, b_class=b.exclusive, alias=alias)


def decision_on(one: str, other: str, *, same: bool, by: CommandStamp) -> LinkDecision:
    """The decision on two nodes, given in any order."""
    a, b = sorted((one, other))
    return LinkDecision(a=a, b=b, same=same, time=by.time, source=by.source, id=by.id)


def write_link(link: IdentityLink) -> tuple[bytes, bytes | None]:
    """The key and value of a record of `identity-links`; the value is None where it withdraws one."""
    match link:
        case IdentityEdge():
            value = _SeenValue(link.a, link.b, link.a_class, link.b_class, link.alias)
            return _key("seen", link.teller, link.a, link.b), _encode(value)
        case EdgeWithdrawal():
            return _key("seen", link.teller, link.a, link.b), None
        case LinkDecision():
            ruling = _SaidValue([link.a, link.b], link.same, link.time, link.source, link.id)
            return _key("said", link.a, link.b), _encode(ruling)
        case DecisionWithdrawal():
            return _key("said", link.a, link.b), None
        case FragmentErasure():
            return _key("erased", link.fragment), _encode(link)
        case ErasureCompletion():
            return _key("erased", link.fragment), None


def read_link(key: bytes | None, value: bytes | None) -> IdentityLink | Refusal:
    """Decode a record of `identity-links`."""
    read = _read_key(key)
    if isinstance(read, Refusal) or value is None:
        return read
    try:
        return _read_value(read, value)
    except UNREADABLE:
        return _NO_VALUE


def write_canonical_id(roof: CanonicalId) -> bytes:
    """The value of a record of `contact-roofs`, whose key is the node."""
    return _encode(roof)


def read_canonical_id(key: bytes | None, value: bytes | None) -> tuple[str, CanonicalId | None] | Refusal:
    """Decode a record of `contact-roofs`: the node and its canonical id, None where the node stands alone."""
    if key is None or not _is_node(key):
        return _NO_NODE
    try:
        return key.decode(), None if value is None else _roof_value(value)
    except UNREADABLE:
        return _NO_VALUE


def may_ask(value: bytes | None) -> bool:
    """Whether a value of `contact-roofs` may have `asks`: a quick check before decoding."""
    return value is not None and _ASKS in value


def _read_key(key: bytes | None) -> EdgeWithdrawal | DecisionWithdrawal | ErasureCompletion | Refusal:
    """The record that a null value under this key stands for."""
    found = _read_parts(key or b"")
    if found is None:
        return _NO_KEY
    teller, a, b, one, other, fragment = (part.decode() for part in found.groups(b""))
    if fragment:
        return ErasureCompletion(fragment)
    if teller:
        return EdgeWithdrawal(teller, a, b) if a <= b else _NO_KEY
    return DecisionWithdrawal(one, other) if one < other else _NO_KEY


def _read_value(key: EdgeWithdrawal | DecisionWithdrawal | ErasureCompletion, value: bytes) -> IdentityLink | Refusal:
    """Decode a value under this key. Raises one of `UNREADABLE`."""
    if isinstance(key, EdgeWithdrawal):
        edge = _seen_value(value)
        classes = edge.a_class, edge.b_class
        return (
            IdentityEdge(key.teller, edge.a, edge.b, *classes, edge.alias) if _ends(edge) == _ends(key) else _NO_VALUE
        )
    if isinstance(key, DecisionWithdrawal):
        ruling = _said_value(value)
        command = ruling.time, ruling.source, ruling.id
        return LinkDecision(key.a, key.b, ruling.same, *command) if ruling.contact_ids == _ends(key) else _NO_VALUE
    erased = _erased_value(value)
    return erased if erased.fragment == key.fragment else _NO_VALUE


def _ends(pair: EdgeWithdrawal | DecisionWithdrawal | _SeenValue) -> list[str]:
    return [pair.a, pair.b]


def _key(*parts: str) -> bytes:
    return "/".join(parts).encode()
