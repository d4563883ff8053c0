"""Who is one person: the cases that the rules were made for, as examples to read.

`test_a_whole_graph_is_resolved_by_the_rules` of `tests/property/domain/identity` holds the rules themselves.
"""

import pytest

from events.identity_links import IdentityEdge, LinkDecision
from streams.domain.identity import resolve
from tests.property.domain.identity.graphs import (
    CONTACTS,
    CROWD,
    EMAILS,
    PHONES,
    VOTERS,
    edge,
    ruling,
)

ADA, BOB, CYD = CONTACTS
ANN, BEN, CAT, PAT = VOTERS
"""Voters; the last one of another state, the second and third one person under two keys."""
MAIL, OLD, NEW = EMAILS
PHONE = PHONES[0]


def roofs(*links: IdentityEdge | LinkDecision, crowd: int = CROWD) -> dict[str, str]:
    edges = [link for link in links if isinstance(link, IdentityEdge)]
    return resolve(edges, [link for link in links if isinstance(link, LinkDecision)], crowd).roofs


def people(*links: IdentityEdge | LinkDecision, crowd: int = CROWD) -> set[frozenset[str]]:
    found = roofs(*links, crowd=crowd)
    return {frozenset(name for name in found if found[name] == roof) for roof in found.values()}


def named(fragment: str, *others: str) -> list[IdentityEdge]:
    """What a fragment tells of an interaction that carried all of these."""
    return [edge(fragment, fragment, other) for other in others]


def one(*names: str) -> frozenset[str]:
    return frozenset(names)


CASES: dict[str, tuple[list[IdentityEdge | LinkDecision], set[frozenset[str]]]] = {
    "a chain of identifiers is one person": (
        [*named(ANN, MAIL), *named(MAIL, PHONE), *named(ADA, PHONE)],
        {one(ADA, ANN, MAIL, PHONE)},
    ),
    "spouses are two, also where their contacts alone know their voter ids, and what they share is neither's": (
        [*named(ADA, ANN), *named(ADA, MAIL), *named(BOB, BEN), *named(BOB, MAIL)],
        {one(ADA, ANN), one(BOB, BEN), one(MAIL)},
    ),
    "a contact with two voter ids of a state keeps neither": (
        [*named(ADA, ANN, MAIL), *named(ADA, BEN)],
        {one(ADA), one(ANN), one(BEN), one(MAIL)},
    ),
    "whoever says that two contacts are one means all that each had": (
        [*named(ADA, ANN), *named(BOB, BEN), ruling(ADA, BOB, same=True)],
        {one(ADA, BOB, ANN, BEN)},
    ),
    "an unlink keeps two apart also where a chain would join them": (
        [ruling(ADA, CYD, same=True), ruling(BOB, CYD, same=True), ruling(ADA, BOB, same=False)],
        {one(ADA, CYD), one(BOB)},
    ),
    "a new key does not join spouses": (
        [*named(BEN, OLD), *named(ANN, OLD), *named(CAT, NEW), edge(CAT, CAT, BEN), edge(CAT, OLD, NEW)],
        {one(BEN, CAT), one(ANN), one(OLD, NEW)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_who_is_one_person(case: str) -> None:
    links, expected = CASES[case]
    assert people(*links) == expected
