"""Which links are folded without weighing edges."""

from collections.abc import Mapping, Sequence

import pytest
from msgspec.structs import replace

from events.identity_links import IdentityEdge
from streams.domain.identity import Node, fold
from streams.domain.identity.nodes import NOTHING
from streams.domain.identity.simple_clusters import find_simple_clusters
from tests.property.domain.identity.graphs import Table, edge, hashed

ADA, BOB = hashed("voter", 1), hashed("contact", 2)
MAIL, PHONE = hashed("email", 1), hashed("phone", 1)
CROWD = 20


def found(links: Sequence[IdentityEdge], nodes: Mapping[str, Node] | None = None) -> dict[str, str]:
    known = nodes or {}
    return find_simple_clusters(links, lambda names: {name: known.get(name) for name in names}, CROWD).roofs


def test_who_waits_with_an_erasure_is_left_to_those_who_know_of_it() -> None:
    waiting = {MAIL: replace(NOTHING, held=BOB)}
    assert found([edge(ADA, ADA, MAIL)], waiting) == {}


def test_nothing_is_weighed_where_people_share_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "effect_of", None)
    table = Table(crowd=CROWD)
    for number in range(10):
        voter, mail, phone = (hashed(kind, number) for kind in ("voter", "email", "phone"))
        table.fold([edge(voter, voter, mail)])
        table.fold([edge(voter, voter, phone), edge(voter, mail, phone)])
    assert len(table.roofs()) == 20
