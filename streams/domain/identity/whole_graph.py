"""Who is one person in a whole graph, found at once: what folding it record by record has to come to as well."""

from collections.abc import Iterable
from typing import NamedTuple

from events.links import Said, Seen
from streams.domain.identity.clustering import People
from streams.domain.identity.graph import Graph
from streams.domain.identity.nodes import NOTHING, is_crowded
from streams.domain.identity.state_changes import Told, apply


class Resolution(NamedTuple):
    """The roof of each node; and which of them link nobody, since too many carry them, or conflicting people."""

    roofs: dict[str, str]
    crowded: set[str]
    disputed: set[str]


def resolve(seen: Iterable[Seen], said: Iterable[Said], crowd: int) -> Resolution:
    """Find the persons. Of the commands on a pair the latest by (time, source, id) counts.

    `crowd`: the most contacts that may share an identifier which links.
    """
    told: list[Told] = [*seen, *sorted(said, key=lambda ruling: (ruling.time, ruling.source, ruling.id))]
    names = {name for link in told for name in (link.a, link.b)}
    nodes = apply(told, dict.fromkeys(names, NOTHING))
    graph = Graph(lambda wanted: {name: nodes[name] for name in wanted}, crowd)
    graph.need(names)
    return Resolution(
        People(graph, names).roofs(),
        {name for name in names if is_crowded(name, nodes[name], crowd)},
        {name for name in names if graph.is_disputed(name)},
    )
