"""What links change: the states of the nodes that they name, and what that may change elsewhere in the graph."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec.structs import replace

from events.identity_links import CommandStamp, DecisionWithdrawal, EdgeWithdrawal, IdentityEdge, LinkDecision
from streams.domain.identity.graph import Graph
from streams.domain.identity.nodes import (
    MOST_LINKED,
    MOST_RULED,
    Node,
    PairRuling,
    Read,
    Tellers,
    has_too_many_edges,
    is_crowded,
)

NodeLink = IdentityEdge | EdgeWithdrawal | LinkDecision | DecisionWithdrawal


def apply_links(told: Sequence[NodeLink], nodes: Mapping[str, Node]) -> dict[str, Node]:
    """The nodes that links change; `nodes` has to hold all that are named. Of one key the last record counts.

    A command for which one of its two has no room is left out on both sides.
    """
    names = dict.fromkeys(name for link in told for name in (link.a, link.b))
    drafts = {name: _Draft(name, nodes[name]) for name in names}
    for link in told:
        a, b = drafts[link.a], drafts[link.b]
        if isinstance(link, LinkDecision) and not (a.has_room(link, b.name) and b.has_room(link, a.name)):
            continue
        a.take(link, b.name)
        b.take(link, a.name)
        if isinstance(link, IdentityEdge):
            a.classify(link.a_class)
            b.classify(link.b_class)
    return {name: draft.node() for name, draft in drafts.items() if draft.is_changed()}


class _Draft:
    """A node that is being changed. Of what it has from before, that is copied which changes."""

    def __init__(self, name: str, before: Node) -> None:
        self.name = name
        self._before = before
        self._exclusive = before.exclusive
        self._seen = before.seen
        self._aliases = before.aliases
        self._rulings = before.rulings

    def has_room(self, said: LinkDecision, other: str) -> bool:
        """Whether a command fits in; one on a pair that has a command takes its place."""
        return other in self._rulings or len(self._rulings) < (MOST_LINKED if said.same else MOST_RULED)

    def take(self, link: NodeLink, other: str) -> None:
        if isinstance(link, LinkDecision | DecisionWithdrawal):
            self._rule(link, other)
        elif not self._before.saturated:  # which keeps no edges
            is_alias = isinstance(link, IdentityEdge) and link.alias
            is_seen = isinstance(link, IdentityEdge) and not is_alias
            before = self._before
            self._aliases = _tell(self._aliases, before.aliases, other, link.teller, holds=is_alias)
            self._seen = _tell(self._seen, before.seen, other, link.teller, holds=is_seen)

    def _rule(self, link: LinkDecision | DecisionWithdrawal, other: str) -> None:
        if self._rulings is self._before.rulings:
            self._rulings = dict(self._rulings)
        if isinstance(link, LinkDecision):
            self._rulings[other] = PairRuling(link.same, CommandStamp(link.time, link.source, link.id))
        else:
            self._rulings.pop(other, None)

    def classify(self, exclusive: str | None) -> None:
        """A class belongs to the identifier, so all who tell of one say the same; if not, the smaller name counts."""
        if exclusive is not None and not self._before.saturated:
            self._exclusive = min(exclusive, self._exclusive or exclusive)

    def is_changed(self) -> bool:
        before = self._before
        return (
            self._seen != before.seen
            or self._aliases != before.aliases
            or self._rulings != before.rulings
            or self._exclusive != before.exclusive
        )

    def node(self) -> Node:
        is_classed = self._seen or self._aliases or self._before.saturated
        return replace(
            self._before,
            exclusive=self._exclusive if is_classed else None,
            seen=self._seen,
            aliases=self._aliases,
            rulings=self._rulings,
        )


def _tell(
    edges: dict[str, Tellers], before: dict[str, Tellers], other: str, teller: str, *, holds: bool
) -> dict[str, Tellers]:
    """The edges with one teller more or less; a copy of them, while they are those from before."""
    tellers = edges.get(other, ())
    if holds is (teller in tellers):
        return edges
    if edges is before:
        edges = dict(before)
    if left := tuple(sorted({*tellers, teller})) if holds else tuple(one for one in tellers if one != teller):
        edges[other] = left
    else:
        del edges[other]
    return edges


FindingKind = Literal["crowded", "disputed", "overruled", "saturated"]


class GraphChange:
    """The graph before some nodes changed and after it."""

    def __init__(self, before: Graph, changed: Mapping[str, Node], crowd: int) -> None:
        self.before = before
        self._crowd = crowd
        self._full = changed
        self._changed = {name: self._shrunk(name, node) for name, node in changed.items()}
        self.after = Graph(self._read, crowd)

    def starts(self) -> set[str]:
        """Nodes from which every link is reached that may have come or gone."""
        self.after.need(self._changed)
        firmly = [name for name, node in self._changed.items() if self._is_firmly_changed(name, node)]
        turned = set(self._changed)
        if firmly:
            turned |= self.before.reach_firmly(firmly) | self.after.reach_firmly(firmly)
        self.before.need(turned)
        self.after.need(turned)
        starts = set(turned)
        for name in turned:
            if firmly or self.before.is_crowded(name) != self.after.is_crowded(name):
                starts.update(self.before.all_named_with(name), self.after.all_named_with(name))
                starts.update(self._full[name].seen if name in self._full else ())
        return starts

    def findings(self, starts: Iterable[str]) -> list[tuple[FindingKind, str]]:
        """Identifiers among `starts` that link nobody from now on, and why."""
        found: set[tuple[FindingKind, str]] = set()
        for name in starts:
            was, node = self.before.nodes[name], self.after.nodes[name]
            if node.saturated and not was.saturated:
                found.add(("saturated", name))
            if len(node.rulings) >= MOST_LINKED > len(was.rulings):
                found.add(("overruled", name))
            if is_crowded(name, node, self._crowd) and not is_crowded(name, was, self._crowd):
                found.add(("crowded", name))
            if self.after.is_disputed(name) and not self.before.is_disputed(name):
                found.add(("disputed", self.after.group(name)[0]))
        return sorted(found)

    def _read(self, names: Collection[str]) -> Mapping[str, Node | None]:
        self.before.need(names)
        return {name: self._changed.get(name) or self.before.nodes[name] for name in names}

    def _shrunk(self, name: str, node: Node) -> Node:
        if not has_too_many_edges(name, node, self._crowd):
            return node
        return replace(node, seen={}, aliases={}, saturated=True)

    def _is_firmly_changed(self, name: str, node: Node) -> bool:
        """Whether commands, keys or the class of a node changed, which also changes what its neighbours are."""
        was = self.before.nodes[name]
        is_new = not (was.seen or was.aliases)
        return (
            was.rulings != node.rulings
            or was.aliases.keys() != node.aliases.keys()
            or (was.exclusive != node.exclusive and not is_new)
        )


class LinkEffect(NamedTuple):
    """What links change: the nodes `named`, the graph before and after, and all nodes whose canonical id may change."""

    named: set[str]
    change: GraphChange
    starts: set[str]
    reached: set[str]

    def looked_at(self) -> set[str]:
        """The nodes that were read to work it out."""
        return self.change.before.nodes.keys() | self.change.after.nodes.keys()


def effect_of(told: Sequence[NodeLink], read: Read, crowd: int) -> LinkEffect:
    """The effect of links, taken together, on the nodes that `read` gives."""
    named = {name for link in told for name in (link.a, link.b)}
    before = Graph(read, crowd)
    before.need(named)
    change = GraphChange(before, apply_links(told, before.nodes), crowd)
    starts = change.starts()
    return LinkEffect(named, change, starts, change.after.reach(before.reach(starts) | starts))
