"""Must-links: nodes that commands or second keys make one, whatever interactions say.

Edges are taken in a fixed order, keys before commands, each by its ends. One that would join two nodes of which a
command says that they are not the same is left out: so such a command holds against any chain of others.
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from streams.domain.identity.nodes import Node, rank


class MustLinks(Struct, frozen=True):
    """What a node must be linked with.

    `group`: the nodes that are the same identifier, the strongest first. `person`: equal for nodes that commands make
    one.
    """

    group: tuple[str, ...]
    person: str


def must_links_of(name: str, nodes: Mapping[str, Node], bound: Callable[[str], Iterable[str]]) -> dict[str, MustLinks]:
    """The must-links of a node and of all that it is bound to over any number of steps; `nodes` has to hold them."""
    members = _all_bound(name, bound)
    if len(members) == 1:
        return {name: MustLinks((name,), name)}
    parts = _Parts(members, nodes)
    parts.join(sorted(_pairs(members, lambda one: _live_aliases(one, nodes))))
    groups = {one: tuple(sorted(parts.part_of(one), key=rank)) for one in members}
    parts.join(sorted(_pairs(members, lambda one: _ruled_same(nodes[one]))))
    return {one: MustLinks(groups[one], min(parts.part_of(one))) for one in members}


class _Parts:
    """Sets of nodes that grow together, but for those that must stay apart."""

    def __init__(self, members: Iterable[str], nodes: Mapping[str, Node]) -> None:
        self._parts = {name: {name} for name in members}
        self._apart = {name: {o for o, ruling in nodes[name].rulings.items() if not ruling.same} for name in members}

    def part_of(self, name: str) -> set[str]:
        return self._parts[name]

    def join(self, pairs: Iterable[tuple[str, str]]) -> None:
        for a, b in pairs:
            one, other = self._parts[a], self._parts[b]
            if one is not other and not any(self._apart[name] & other for name in one):
                one |= other
                self._parts.update(dict.fromkeys(other, one))


def _all_bound(name: str, bound: Callable[[str], Iterable[str]]) -> list[str]:
    members = {name: None}
    todo = [name]
    while todo:
        for other in bound(todo.pop()):
            if other not in members:
                members[other] = None
                todo.append(other)
    return list(members)


def _pairs(names: Iterable[str], others: Callable[[str], Iterable[str]]) -> Iterable[tuple[str, str]]:
    return ((name, other) for name in names for other in others(name) if name < other)


def _live_aliases(name: str, nodes: Mapping[str, Node]) -> Iterable[str]:
    """A saturated node does not know its aliases any more, so no one else may either."""
    return () if nodes[name].saturated else (other for other in nodes[name].aliases if not nodes[other].saturated)


def _ruled_same(node: Node) -> Iterable[str]:
    return (other for other, ruling in node.rulings.items() if ruling.same)
