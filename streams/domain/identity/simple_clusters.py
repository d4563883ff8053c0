"""Simple clusters: parts of the graph in which nothing keeps anybody apart, so that all who are linked are one person.

Nearly all links join a few identifiers that nobody else carries, and of which no command says anything. There the
canonical id is the strongest identifier, and no edge has to be weighed. Whatever else there is, also if it would come
to the same in the end, is left to `effect_of` and `Clustering`, which say what holds.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from events.identity_links import IdentityEdge
from streams.domain.identity.link_changes import NodeLink, apply_links
from streams.domain.identity.nodes import NOTHING, Node, Read, has_too_many_edges, rank

MOST_STEPS = 2
"""From a node that a link names to any of its cluster; as far as is looked for all other clusters as well."""


class SimpleClusters(NamedTuple):
    """The nodes of the clusters that were found, after what links change in them, and the canonical id of each."""

    nodes: dict[str, Node]
    roofs: dict[str, str]


def find_simple_clusters(told: Sequence[NodeLink], read: Read, crowd: int) -> SimpleClusters:
    """The clusters that these links change, taken together, as far as they are simple afterwards.

    None of its nodes is named by any link but edges, which add and take nothing away. So whatever could be reached from
    it before is in it.
    """
    edges = [link for link in told if isinstance(link, IdentityEdge)]
    before = {name: node or NOTHING for name, node in read({name for link in edges for name in _ends(link)}).items()}
    changed = apply_links(edges, before)
    nodes = _with_neighbours({**before, **changed}, read, crowd)
    barred = {name for link in told if not isinstance(link, IdentityEdge) for name in _ends(link)}
    barred.update(name for name, node in nodes.items() if not _is_simple(node, crowd))
    barred.update(name for name, node in changed.items() if has_too_many_edges(name, node, crowd))
    found = SimpleClusters({}, {})
    seen: set[str] = set()
    for name in changed:
        if name not in seen:
            cluster = _cluster_of(name, nodes, seen)
            if not (barred.isdisjoint(cluster) and _is_one_person(cluster, nodes)):
                continue
            roof = min(cluster, key=rank)
            found.nodes.update((member, nodes[member]) for member in cluster)
            found.roofs.update(dict.fromkeys(cluster, roof))
    return found


def _ends(link: NodeLink) -> tuple[str, str]:
    return link.a, link.b


def _is_simple(node: Node, crowd: int) -> bool:
    """Whether nothing but its edges decides with whom it is one. With more of them it may be crowded."""
    return not (node.aliases or node.rulings or node.held is not None or len(node.seen) > crowd)


def _with_neighbours(nodes: dict[str, Node], read: Read, crowd: int) -> dict[str, Node]:
    """These nodes, and what simple ones among them lead to: a read for each step."""
    found = dict(nodes)
    todo: Iterable[str] = nodes
    for _ in range(MOST_STEPS):
        near = {other for name in todo if _is_simple(found[name], crowd) for other in found[name].seen}
        todo = near.difference(found)
        if not todo:
            break
        found.update((name, node or NOTHING) for name, node in read(todo).items())
    return found


def _cluster_of(name: str, nodes: dict[str, Node], seen: set[str]) -> list[str]:
    """All that edges lead to from this node, itself included, and those of which nothing was read."""
    cluster = [name]
    seen.add(name)
    for member in cluster:
        if member in nodes:
            fresh = [other for other in nodes[member].seen if other not in seen]
            seen.update(fresh)
            cluster += fresh
    return cluster


def _is_one_person(cluster: Sequence[str], nodes: dict[str, Node]) -> bool:
    """Whether all of it was read, each edge is within it and kept at both of its ends, and no two are of one class.

    An edge may lead out to one that belongs to a cluster which was found before, as far as that was read. Those that
    have too many edges keep none; those of one class may be two people.
    """
    if not all(member in nodes for member in cluster):
        return False
    members = set(cluster)
    if not all(other in members and member in nodes[other].seen for member in cluster for other in nodes[member].seen):
        return False
    classes = [exclusive for member in cluster if (exclusive := nodes[member].exclusive) is not None]
    return len(classes) == len(set(classes))
