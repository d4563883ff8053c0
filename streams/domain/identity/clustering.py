"""Identity clusters: edges are added one identifier after the other, the strongest first, and some are left out.

Commands and second keys come first, and nothing takes them back. Then each identifier is given to those stronger ones
that it was named with, if that makes one person of them: where two of them must stay apart it is given to none, since
what conflicting people share says nothing. Apart are two of whom a command says so, and two nodes of one exclusive
class (voter ids of one state, ids in one system), unless it is a command that brings them together: whoever says that
two contacts are one person means all that each of them had.

`resolve` clusters a whole graph at once; folding records one by one has to come to the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from events.identity_links import IdentityEdge, LinkDecision
from streams.domain.identity.graph import Graph
from streams.domain.identity.link_changes import NodeLink, apply_links
from streams.domain.identity.nodes import NOTHING, is_crowded, rank


class _Person:
    """The nodes of one person and what keeps others away. `classed`: its nodes by exclusive class, if of any."""

    def __init__(self) -> None:
        self.members: list[str] = []
        self.apart: set[str] = set()
        self.classed: dict[str, list[str]] = {}

    def add(self, name: str, exclusive: str | None, apart: Iterable[str]) -> None:
        self.members.append(name)
        self.apart.update(apart)
        if exclusive is not None:
            self.classed.setdefault(exclusive, []).append(name)

    def take_in(self, other: "_Person") -> None:
        self.members += other.members
        self.apart |= other.apart
        for exclusive, names in other.classed.items():
            self.classed.setdefault(exclusive, []).extend(names)


class Clustering:
    """Clusters a closed set of nodes: whatever these nodes are linked to must be among them."""

    def __init__(self, graph: Graph, names: Iterable[str]) -> None:
        self._graph = graph
        self._names = list(names)
        self._persons: dict[str, _Person] = {}
        self._seen_with: dict[str, list[str]] = {}  # who would be one without commands

    def roofs(self) -> dict[str, str]:
        """The canonical id of each node: the strongest identifier of its person, of equals the smallest."""
        self._begin_with_commands()
        for weak, stronger in self._in_order():
            self._give(weak, stronger)
        roofs: dict[str, str] = {}
        for person in {id(person): person for person in self._persons.values()}.values():
            roofs.update(dict.fromkeys(person.members, min(person.members, key=rank)))
        return roofs

    def _begin_with_commands(self) -> None:
        firm: dict[str, _Person] = defaultdict(_Person)
        groups: dict[str, list[str]] = defaultdict(list)
        for name in self._names:
            found, node = self._graph.firm(name), self._graph.nodes[name]
            person = self._persons[name] = firm[found.person]
            person.add(name, node.exclusive, (other for other, ruling in node.rulings.items() if not ruling.same))
            self._seen_with[name] = groups[found.group[0]]
            groups[found.group[0]].append(name)

    def _in_order(self) -> list[tuple[str, list[str]]]:
        """Each identifier with the stronger ones to which it may be joined, the strongest first."""
        stronger: dict[str, set[str]] = defaultdict(set)
        for name in self._names:
            own = self._graph.group(name)[0]
            for other in self._graph.linked(name):
                theirs = self._graph.group(other)[0]
                if rank(theirs) < rank(own):
                    stronger[own].add(theirs)
        return [(weak, sorted(stronger[weak], key=rank)) for weak in sorted(stronger, key=rank)]

    def _give(self, weak: str, stronger: Sequence[str]) -> None:
        own = self._persons[weak]
        near = [strong for strong in stronger if self._persons[strong] is own or not self._clash(weak, strong)]
        persons = list({id(self._persons[strong]): self._persons[strong] for strong in near}.values())
        others = [person for person in persons if person is not own]
        if any(_conflict(one, other) for at, one in enumerate(others) for other in others[at + 1 :]):
            return
        for person in others:
            self._unite(own, person)
        for strong in near:
            self._see_together(weak, strong)

    def _clash(self, weak: str, strong: str) -> bool:
        """Whether this edge would join what must stay apart.

        Nodes of one class may come together, if the weak one's own meets one that is there by a command alone.
        """
        one, other = self._persons[weak], self._persons[strong]
        if not one.apart.isdisjoint(other.members):
            return True
        mine, theirs = self._seen_with[weak], self._seen_with[strong]
        for exclusive in one.classed.keys() & other.classed.keys():
            if not set(one.classed[exclusive]) <= set(mine) or not set(other.classed[exclusive]).isdisjoint(theirs):
                return True
        return False

    def _unite(self, own: _Person, other: _Person) -> None:
        own.take_in(other)
        self._persons.update(dict.fromkeys(other.members, own))

    def _see_together(self, weak: str, strong: str) -> None:
        mine, theirs = self._seen_with[weak], self._seen_with[strong]
        if mine is not theirs:
            theirs += mine
            self._seen_with.update(dict.fromkeys(mine, theirs))


def _conflict(one: _Person, other: _Person) -> bool:
    return not one.apart.isdisjoint(other.members) or not one.classed.keys().isdisjoint(other.classed)


class Resolution(NamedTuple):
    """The canonical id of each node, and nodes that link nobody: too many, or conflicting, people carry them."""

    roofs: dict[str, str]
    crowded: set[str]
    disputed: set[str]


def resolve(seen: Iterable[IdentityEdge], said: Iterable[LinkDecision], crowd: int) -> Resolution:
    """The clusters of a whole graph. Of the commands on a pair the latest by (time, source, id) counts.

    `crowd`: the most contacts that may share an identifier which links.
    """
    told: list[NodeLink] = [*seen, *sorted(said, key=lambda ruling: (ruling.time, ruling.source, ruling.id))]
    names = {name for link in told for name in (link.a, link.b)}
    nodes = apply_links(told, dict.fromkeys(names, NOTHING))
    graph = Graph(lambda wanted: {name: nodes[name] for name in wanted}, crowd)
    graph.need(names)
    return Resolution(
        Clustering(graph, names).roofs(),
        {name for name in names if is_crowded(name, nodes[name], crowd)},
        {name for name in names if graph.is_disputed(name)},
    )
