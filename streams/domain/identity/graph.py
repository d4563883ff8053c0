"""A part of the graph, read as it is needed: which nodes are one identifier, which may link, and whom they reach.

Three things are found of a node before any edge is followed. Nodes that are one identifier under several keys are a
group, and what holds for one of them holds for all. A group is crowded when too many carry it; its edges are then as if
they were not there. A group is disputed when two of those it was named with are of one exclusive class and no command
(or second key) makes them one: what conflicting people share links nobody. Reading stops at both, or one shared phone
after the other would lead through a whole town.
"""

from collections.abc import Iterable, Iterator

from streams.domain.identity.must_link import MustLinks, must_links_of
from streams.domain.identity.nodes import NOTHING, Node, Read, is_crowded


class Graph:
    """The nodes that were looked at so far, and those that are one with them by command or key.

    What is asked of a node must be needed before, see `need` and `look_around`; the states that `read` gives must not
    change meanwhile. `crowd`: the most contacts that may share an identifier which links.
    """

    def __init__(self, read: Read, crowd: int) -> None:
        self._read = read
        self._crowd = crowd
        self._firm: dict[str, MustLinks] = {}
        self._crowded: dict[str, bool] = {}
        self._disputed: dict[str, bool] = {}
        self._linked: dict[str, list[str]] = {}
        self.nodes: dict[str, Node] = {}

    def need(self, names: Iterable[str]) -> None:
        """Have these nodes, and all that are one with them by command or key; a read for each step of such a chain."""
        todo = {name for name in names if name not in self.nodes}
        while todo:
            self.nodes.update((name, node or NOTHING) for name, node in self._read(todo).items())
            todo = {other for name in todo for other in self._bound(name) if other not in self.nodes}

    def look_around(self, names: Iterable[str]) -> None:
        """Have all that decides whether these nodes are linked, and to whom: two steps from them."""
        self.need(names)
        near = {other for name in names for other in self.named_with(name)}
        self.need(near)
        self.need({other for name in near for other in self.named_with(name)})

    def group(self, name: str) -> tuple[str, ...]:
        """The nodes that are the same identifier, the strongest first."""
        return self.firm(name).group

    def firm(self, name: str) -> MustLinks:
        """What commands and keys make of this node."""
        found = self._firm.get(name)
        if found is None:
            self._firm.update(must_links_of(name, self.nodes, self._bound))
            found = self._firm[name]
        return found

    def is_crowded(self, name: str) -> bool:
        """Whether more contacts carry this identifier than may share one that links."""
        found = self._crowded.get(name)
        if found is None:
            group = self.group(name)
            found = any(is_crowded(one, self.nodes[one], self._crowd) for one in group)
            self._crowded.update(dict.fromkeys(group, found))
        return found

    def is_disputed(self, name: str) -> bool:
        """Whether conflicting people share this identifier."""
        found = self._disputed.get(name)
        if found is None:
            found = self._is_disputed(name)
            self._disputed.update(dict.fromkeys(self.group(name), found))
        return found

    def named_with(self, name: str) -> Iterator[str]:
        """Those that this identifier was named with; none of a crowded one."""
        if not self.is_crowded(name):
            yield from self.all_named_with(name)

    def all_named_with(self, name: str) -> Iterator[str]:
        """Those that this identifier was named with, as far as they are kept."""
        group = self.group(name)
        for one in group:
            node = self.nodes[one]
            for other in node.seen:
                if other not in group and other not in node.aliases:
                    yield other

    def linked(self, name: str) -> list[str]:
        """Those that this identifier was named with, where both of them may link."""
        found = self._linked.get(name)
        if found is None:
            mine = self.named_with(name) if self._may_link(name) else ()
            found = self._linked[name] = [other for other in mine if self._may_link(other)]
        return found

    def reach(self, names: Iterable[str]) -> set[str]:
        """All that these nodes are linked to over any number of steps, themselves included; a few reads a step."""
        reached: set[str] = set()
        todo = set(names)
        while todo:
            self.look_around(todo)
            reached |= todo
            near = {other for name in todo for other in (*self._bound(name), *self.linked(name))}
            todo = near - reached
        return reached

    def reach_firmly(self, names: Iterable[str]) -> set[str]:
        """All that commands and keys lead to from these nodes, themselves included."""
        self.need(names)
        reached: set[str] = set()
        todo = set(names)
        while todo:
            reached |= todo
            todo = {other for name in todo for other in self._bound(name)} - reached
        return reached

    def _bound(self, name: str) -> Iterator[str]:
        """The ends of its commands and second keys, whether they count in the end or not."""
        node = self.nodes[name]
        yield from node.aliases
        for other, ruling in node.rulings.items():
            if ruling.same:
                yield other

    def _may_link(self, name: str) -> bool:
        return not (self.is_crowded(name) or self.is_disputed(name))

    def _is_disputed(self, name: str) -> bool:
        classes: dict[str, str] = {}
        for other in self.named_with(name):
            exclusive = self.nodes[other].exclusive
            if exclusive is not None and not self.is_crowded(other):
                person = self.firm(other).person
                if classes.setdefault(exclusive, person) != person:
                    return True
        return False
