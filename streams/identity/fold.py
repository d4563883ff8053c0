"""From records of `identity-links` to new states of nodes and new roofs: no effects, so it may be done again.

Only what a change can reach is read: what its nodes were linked to before it, and what they are linked to after it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec.structs import replace

from events.links import Command, Erased, Forgotten, Link
from streams.identity.applying import Told, apply
from streams.identity.graph import Graph
from streams.identity.nodes import MOST_LINKED, NOTHING, Mark, Node, Read, is_crowded, is_too_much, lacks_class
from streams.identity.people import People

Finding = Literal["crowded", "disputed", "overruled", "saturated"]


class Heard(NamedTuple):
    """A record: what it says, its offset, and when the broker appended it (ms since 1970)."""

    link: Link
    offset: int
    at: int


class RoofTold(NamedTuple):
    """What is to be told of a node. `roof` None: it stands alone. `version` only grows for a node.

    Its own name as `roof`: it has no other, but a command makes it one with others, so it is to tell its class.
    """

    node: str
    version: int
    roof: str | None
    erased: Command | None = None


class Found(NamedTuple):
    """What somebody should look at: an identifier that from now on links nobody, or is linked by no further command.

    `by`: the record that made it so.
    """

    finding: Finding
    node: str
    by: Heard


class Folding:
    """Folds records, in their order, onto the nodes that `read` gives.

    `changes` are the new states by name, None where nothing is to be kept; `roofs` and `findings` what is to be told,
    in this order. A `crowd` is the most contacts that may share an identifier which links.

    The version of what is told is the offset of the record behind it: there is one partition, so it only grows, also
    for a node of which nothing was kept in between.
    """

    def __init__(self, read: Read, crowd: int) -> None:
        self._read_before = read
        self._crowd = crowd
        self._known: dict[str, Node] = {}
        self.changes: dict[str, Node | None] = {}
        self.roofs: list[RoofTold] = []
        self.findings: list[Found] = []

    def take(self, records: Iterable[Heard]) -> None:
        """Fold them. What an erasure reaches is what is linked at that moment: neither before it nor behind it."""
        waiting: list[Heard] = []
        for heard in records:
            if not isinstance(heard.link, Erased | Forgotten):
                waiting.append(heard)
                continue
            self._link(waiting)
            waiting = []
            if isinstance(heard.link, Erased):
                self._erase(heard.link, heard.offset)
            else:
                self._forget(heard.link.fragment, heard.offset)
        self._link(waiting)

    def _link(self, heard: Sequence[Heard]) -> None:
        told: list[Told] = [one.link for one in heard if not isinstance(one.link, Erased | Forgotten)]
        if not told:
            return
        before = Graph(self._read, self._crowd)
        before.need({name for link in told for name in (link.a, link.b)})
        change = _Change(before, apply(told, before.nodes), self._crowd)
        starts = change.starts()
        after = change.after
        reached = after.reach(before.reach(starts) | starts)
        roofs = People(after, reached).roofs()
        for name in sorted(reached):
            self._settle(name, after.nodes[name], roofs[name], heard[-1].offset)
        self._look_for_findings(change, starts, heard)

    def _settle(self, name: str, node: Node, roof: str, version: int) -> None:
        told = roof if roof != name or lacks_class(name, node) else None
        if told != node.roof:
            node = replace(node, roof=told, mark=None)
            self.roofs.append(RoofTold(name, version, told))
        self._keep(name, node)

    def _erase(self, erased: Erased, offset: int) -> None:
        """Tell everyone under the same roof."""
        fragment, by = erased.fragment, Command(erased.time, erased.source, erased.id)
        graph = Graph(self._read, self._crowd)
        reached = graph.reach([fragment])
        node = graph.nodes[fragment]
        if node.erased == by:
            return
        roofs = People(graph, reached).roofs()
        mine = sorted(name for name in reached if roofs[name] == roofs[fragment])
        fresh = [name for name in mine if (mark := graph.nodes[name].mark) is None or mark.by != by]
        for name in fresh:
            self.roofs.append(RoofTold(name, offset, roofs[name], by))
            self._keep(name, replace(graph.nodes[name], mark=Mark(fragment, by)))
        marked = tuple(sorted({*node.marked, *fresh}))
        self._keep(fragment, replace(self._known[fragment], erased=by, marked=marked))

    def _forget(self, fragment: str, offset: int) -> None:
        """Tell all who heard of the erasure what holds now, where nothing has been told since; then forget it."""
        told_by = self._read([fragment])[fragment] or NOTHING
        for name, node in self._read(told_by.marked).items():
            if node is not None and node.mark is not None and node.mark.teller == fragment:
                self.roofs.append(RoofTold(name, offset, node.roof))
                self._keep(name, replace(node, mark=None))
        if told_by.erased is not None:
            self._keep(fragment, replace(self._known[fragment], erased=None, marked=()))

    def _look_for_findings(self, change: "_Change", starts: Iterable[str], heard: Sequence[Heard]) -> None:
        for finding, name in change.findings(starts):
            by = next((one for one in reversed(heard) if name in _names(one.link)), heard[-1])
            self.findings.append(Found(finding, name, by))

    def _read(self, names: Collection[str]) -> Mapping[str, Node | None]:
        unknown = [name for name in names if name not in self._known]
        if unknown:
            self._known.update((name, node or NOTHING) for name, node in self._read_before(unknown).items())
        return {name: self._known[name] for name in names}

    def _keep(self, name: str, node: Node) -> None:
        if node != self._known[name]:
            self._known[name] = node
            self.changes[name] = None if node == NOTHING else node


class _Change:
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


def _names(link: Link) -> tuple[str, ...]:
    return (link.fragment,) if isinstance(link, Erased | Forgotten) else (link.a, link.b)
