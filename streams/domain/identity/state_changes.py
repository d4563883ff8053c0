"""From what was told to the states of the nodes that it names; who is linked to whom is not looked at here."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from events.links import Command, Said, Seen, Unsaid, Unseen
from streams.domain.identity.nodes import MOST_LINKED, MOST_RULED, Node, PairRuling, Tellers

Told = Seen | Unseen | Said | Unsaid


def apply(told: Iterable[Told], nodes: Mapping[str, Node]) -> dict[str, Node]:
    """The nodes that change; `nodes` has to hold all that are named. Of records under one key the last one counts.

    A command for which one of its two has no room is left out on both sides.
    """
    drafts = {name: _Draft(name, nodes[name]) for link in told for name in (link.a, link.b)}
    for link in told:
        a, b = drafts[link.a], drafts[link.b]
        if isinstance(link, Said) and not (a.has_room(link, b.name) and b.has_room(link, a.name)):
            continue
        a.take(link, b.name)
        b.take(link, a.name)
        if isinstance(link, Seen):
            a.classify(link.a_class)
            b.classify(link.b_class)
    return {name: draft.node() for name, draft in drafts.items() if draft.is_changed()}


class _Draft:
    """A node that is being changed."""

    def __init__(self, name: str, before: Node) -> None:
        self.name = name
        self._before = before
        self._exclusive = before.exclusive
        self._seen = dict(before.seen)
        self._aliases = dict(before.aliases)
        self._rulings = dict(before.rulings)

    def has_room(self, said: Said, other: str) -> bool:
        """One on a pair of which something was said before takes its place."""
        return other in self._rulings or len(self._rulings) < (MOST_LINKED if said.same else MOST_RULED)

    def take(self, link: Told, other: str) -> None:
        if isinstance(link, Said):
            self._rulings[other] = PairRuling(link.same, Command(link.time, link.source, link.id))
        elif isinstance(link, Unsaid):
            self._rulings.pop(other, None)
        elif not self._before.saturated:  # which keeps no edges
            is_alias = isinstance(link, Seen) and link.alias
            _tell(self._aliases, other, link.teller, holds=is_alias)
            _tell(self._seen, other, link.teller, holds=isinstance(link, Seen) and not is_alias)

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


def _tell(edges: dict[str, Tellers], other: str, teller: str, *, holds: bool) -> None:
    tellers = edges.get(other, ())
    if holds is (teller in tellers):
        return
    left = tuple(sorted({*tellers, teller})) if holds else tuple(one for one in tellers if one != teller)
    if left:
        edges[other] = left
    else:
        del edges[other]
