"""The graph before some nodes change and after it, and what that may have changed elsewhere."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec.structs import replace

from streams.domain.identity.graph import Graph
from streams.domain.identity.nodes import MOST_LINKED, Node, Read, is_crowded, is_too_much
from streams.domain.identity.state_changes import Told, apply

Finding = Literal["crowded", "disputed", "overruled", "saturated"]


class GraphChange:
    """The graph before some nodes changed and after it."""

    def __init__(self, before: Graph, changed: Mapping[str, Node], crowd: int) -> None:
        self.before = before
        self._crowd = crowd
        self._full = changed
        self._changed = {name: self._shrunk(name, node) for name, node in changed.items()}
        self.after = Graph(self._read, crowd)

    def starts(self) -> set[str]:
        """Where something may be linked that was not, or not any more: every such link is reached from one of these."""
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

    def findings(self, starts: Iterable[str]) -> list[tuple[Finding, str]]:
        """What links nobody from now on, among the nodes of `starts`."""
        found: set[tuple[Finding, str]] = set()
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
        if not is_too_much(name, node, self._crowd):
            return node
        return replace(node, seen={}, aliases={}, saturated=True)

    def _is_firmly_changed(self, name: str, node: Node) -> bool:
        """Or whether others see another class in it, which also changes what its neighbours are."""
        was = self.before.nodes[name]
        is_new = not (was.seen or was.aliases)
        return (
            was.rulings != node.rulings
            or was.aliases.keys() != node.aliases.keys()
            or (was.exclusive != node.exclusive and not is_new)
        )


class Effect(NamedTuple):
    """What links that name these nodes change, and whom something may be told."""

    named: set[str]
    change: GraphChange
    starts: set[str]
    reached: set[str]

    def looked_at(self) -> set[str]:
        """The nodes that have a say in it."""
        return self.change.before.nodes.keys() | self.change.after.nodes.keys()


def effect_of(told: Sequence[Told], read: Read, crowd: int) -> Effect:
    """What is told, taken together, on the nodes that `read` gives."""
    named = {name for link in told for name in (link.a, link.b)}
    before = Graph(read, crowd)
    before.need(named)
    change = GraphChange(before, apply(told, before.nodes), crowd)
    starts = change.starts()
    return Effect(named, change, starts, change.after.reach(before.reach(starts) | starts))
