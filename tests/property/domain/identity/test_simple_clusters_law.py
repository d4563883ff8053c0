"""What is found at a glance is what weighing every edge comes to."""

from collections.abc import Sequence
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from events.identity_links import CommandStamp, IdentityEdge, IdentityLink
from streams.domain.identity import FindingKind, fold, nodes
from streams.domain.identity.simple_clusters import SimpleClusters
from tests.property.domain.identity.graphs import (
    EDGES,
    ERASURES,
    NAMES,
    PAIRS,
    Table,
    changes,
    edge,
    hashed,
    numbered,
    ruling,
)

Told = tuple[str, str | None, CommandStamp | None, bool]

CHAIN = [hashed("email", 10 + number) for number in range(12)]
CHAINED = st.builds(
    lambda at, by: edge(CHAIN[at + by], CHAIN[at], CHAIN[at + 1]), st.integers(0, 10), st.integers(0, 1)
)
"""Edges of clusters that grow and meet, which are all simple but for their length."""
WHOLE = [edge(CHAIN[at], CHAIN[at], CHAIN[at + 1]) for at in range(11)]
"""Edges of one cluster that is too long to be found at a glance from any of its ends."""
CLASSED = st.builds(
    lambda teller, pair, classes: IdentityEdge(teller, *sorted(pair), *classes),
    st.sampled_from(NAMES),
    PAIRS,
    st.tuples(*[st.sampled_from([None, "voter:NY", "voter:PA"])] * 2),
)
"""Edges of whose ends everybody may tell another class."""
RULED = st.builds(lambda at, same: ruling(CHAIN[at], CHAIN[at + 2], same=same), st.integers(0, 3), st.booleans())
"""Commands on those who are linked by one between them."""
CROWDING = st.builds(
    lambda teller, other: edge(teller, CHAIN[7], other), st.sampled_from(NAMES), st.sampled_from([NAMES[0], CHAIN[0]])
)
"""Edges of one identifier, of which it soon has too many."""
LINKS = st.one_of(CHAINED, EDGES, CLASSED, CROWDING, changes(), ERASURES)
LIVES = st.one_of(
    st.lists(CHAINED, min_size=20, max_size=40),
    st.lists(CHAINED, max_size=4).map(lambda more: [*WHOLE, *more]),
    st.lists(CHAINED | RULED, min_size=10, max_size=30),
    st.lists(CROWDING | CHAINED, max_size=40),
    st.lists(CROWDING, min_size=10, max_size=20),
    st.lists(EDGES | CLASSED, max_size=40),
    st.lists(changes(), max_size=40),
    st.lists(LINKS, max_size=40),
)


def folded(chunk: Sequence[IdentityLink], table: Table) -> tuple[list[Told], list[tuple[FindingKind, str]]]:
    """What a chunk has told, whatever the order and the versions, and what it has found."""
    folding = table.fold(chunk)
    told = sorted(((one.node, one.roof, one.erased, one.asks) for one in folding.roofs), key=repr)
    return told, sorted((one.finding, one.node) for one in folding.findings)


@given(LIVES, st.integers(1, 20), st.integers(1, 4), st.integers(0, 3))
def test_chunks_come_to_what_they_come_to_when_every_edge_is_weighed(
    life: list[IdentityLink], size: int, crowd: int, answered: int
) -> None:
    with patch.object(nodes, "LEAST_ROOM", 4), patch.object(nodes, "SATURATED_TIMES", 2):
        compare(numbered(life), size, crowd, answered)


def compare(links: Sequence[IdentityLink], size: int, crowd: int, answered: int) -> None:
    glanced, weighed = Table(crowd), Table(crowd)
    for start in range(0, len(links), size):
        found = folded(links[start : start + size], glanced)
        glanced.answer(NAMES, answered)
        with patch.object(fold, "find_simple_clusters", lambda *_: SimpleClusters({}, {})):
            expected = folded(links[start : start + size], weighed)
            weighed.answer(NAMES, answered)
        assert glanced.states == weighed.states
        if not any(node.held for node in weighed.nodes().values()):
            assert found == expected
        assert glanced.roofs() == weighed.roofs()
        assert glanced.asked == weighed.asked
