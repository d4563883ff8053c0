"""What waits until a person is known."""

import pytest

from events.identity_links import (
    CommandStamp,
    DecisionWithdrawal,
    EdgeWithdrawal,
    FragmentErasure,
    IdentityEdge,
    IdentityLink,
    LinkDecision,
    write_link,
)
from streams.domain.identity import CanonicalIdChange, Node, decode, encode, resolve
from streams.domain.identity.deferred_erasures import MOST_BEHIND, MOST_HELD, DeferredRecord, ErasureWait
from tests.property.domain.identity.graphs import (
    CONTACTS,
    CROWD,
    EMAILS,
    PHONES,
    VOTERS,
    Table,
    edge,
    hashed,
    ruling,
)

ADA, BOB, CYD = CONTACTS
ANN, BEN, CLO, PIA = VOTERS
MAIL, PHONE = EMAILS[0], PHONES[0]
NOTHING_KNOWN = EdgeWithdrawal(BEN, BEN, BEN)
CLASS = edge(BEN, BEN, BEN)


def erase(fragment: str, id_: str = "e-1") -> FragmentErasure:
    return FragmentErasure(fragment, 9, "office", id_)


def by(id_: str = "e-1") -> CommandStamp:
    return CommandStamp(9, "office", id_)


def told(table: Table, *links: IdentityLink) -> list[CanonicalIdChange]:
    return table.fold(links).roofs


def linked() -> Table:
    """Ann and her address, which a command gives to Ben, of whom nobody knows of which state he is."""
    table = Table()
    table.fold([edge(ANN, ANN, MAIL), ruling(MAIL, BEN, same=True)])
    return table


def waiting() -> Table:
    table = linked()
    table.fold([erase(MAIL)])
    return table


def erased(roofs: list[CanonicalIdChange]) -> list[str]:
    return [one.node for one in roofs if one.erased is not None]


def nothing_waits(table: Table) -> bool:
    return all(node.held is None and node.waiting is None for node in table.nodes().values())


def test_whoever_may_be_of_the_same_class_as_another_is_asked_and_nobody_is_erased_yet() -> None:
    table = linked()
    assert told(table, erase(MAIL)) == [CanonicalIdChange(BEN, 2, ANN, asks=True)]
    assert table.nodes()[MAIL].waiting is not None


def test_where_no_class_could_keep_anybody_apart_nobody_is_asked() -> None:
    table = Table()
    table.fold([edge(ADA, ADA, MAIL), ruling(MAIL, BEN, same=True)])
    assert sorted(erased(told(table, erase(MAIL)))) == sorted([ADA, BEN, MAIL])


def test_a_command_that_is_taken_back_meanwhile_still_counts_for_the_erasure() -> None:
    table = waiting()
    assert told(table, DecisionWithdrawal(*sorted((MAIL, BEN)))) == []
    assert sorted(erased(told(table, CLASS))) == sorted([BEN, MAIL])
    assert table.roofs() == {MAIL: ANN}


def test_several_erasures_of_people_who_have_to_do_with_each_other_come_in_their_order() -> None:
    table = waiting()
    assert told(table, erase(ANN, "e-2"), erase(BEN, "e-3"), edge(ANN, ANN, PHONE)) == []
    roofs = told(table, NOTHING_KNOWN)
    expected = [(by(id_), version) for id_, version in (("e-1", 2), ("e-2", 3), ("e-3", 4)) for _ in range(3)]
    # Of the links that are folded together the last one is behind what is told, also behind what waited.
    assert [(one.erased, one.version) for one in roofs] == [*expected, (None, 6)]
    assert nothing_waits(table)


def test_waits_that_come_to_concern_each_other_end_together() -> None:
    table = waiting()
    table.fold([edge(CLO, CLO, PHONE), ruling(PHONE, PIA, same=True)])
    assert told(table, erase(PHONE, "e-2")) == [CanonicalIdChange(PIA, 5, CLO, asks=True)]
    assert told(table, edge(ADA, MAIL, PHONE)) == []
    assert told(table, EdgeWithdrawal(PIA, PIA, PIA)) == []
    roofs = told(table, CLASS)
    assert {one.node: one.erased for one in roofs if one.erased} == {
        **dict.fromkeys([BEN, MAIL], by()),
        **dict.fromkeys([CLO, PIA, PHONE], by("e-2")),
    }
    assert nothing_waits(table)


def test_there_is_room_in_a_record_for_all_that_may_wait() -> None:
    """A class is as long as it may be."""
    key, value = write_link(IdentityEdge("n" * 64, "n" * 64, "n" * 64, "\U0001f355" * 512, "\U0001f355" * 512))
    held = {f"{number:064}": 1 << 60 for number in range(MOST_HELD)}
    full = ErasureWait(held, {}, {}, (DeferredRecord(key, value, 1 << 60, 1 << 60),) * MOST_BEHIND)
    assert len(encode(Node(waiting=full))) < 7 << 20


@pytest.mark.parametrize("most", ["MOST_BEHIND", "MOST_HELD"])
def test_with_more_than_there_is_room_for_an_erasure_is_carried_out_as_things_are_known(
    monkeypatch: pytest.MonkeyPatch, most: str
) -> None:
    monkeypatch.setattr(f"streams.domain.identity.deferred_erasures.{most}", 10)
    table = waiting()
    others = [hashed("email", 100 + number) for number in range(10)]
    roofs = told(table, *(IdentityEdge(CYD, min(MAIL, other), max(MAIL, other)) for other in others))
    assert sorted(erased(roofs)) == sorted([ANN, BEN, MAIL])
    assert nothing_waits(table)


def test_a_wait_outlives_whoever_finds_roofs() -> None:
    table = waiting()
    assert all(encode(decode(state)) == state for state in table.states.values())
    later = Table(states=dict(table.states), offset=table.offset)
    assert sorted(erased(told(later, CLASS))) == sorted([BEN, MAIL])


"""Voters; the last one of another state, the second and third one person under two keys."""
_, OLD, NEW = EMAILS


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
        [
            *named(ADA, ANN),
            *named(ADA, MAIL),
            *named(BOB, BEN),
            *named(BOB, MAIL),
        ],
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
        [
            *named(BEN, OLD),
            *named(ANN, OLD),
            *named(CLO, NEW),
            edge(CLO, CLO, BEN),
            edge(CLO, OLD, NEW),
        ],
        {one(BEN, CLO), one(ANN), one(OLD, NEW)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_who_is_one_person(case: str) -> None:
    links, expected = CASES[case]
    assert people(*links) == expected
