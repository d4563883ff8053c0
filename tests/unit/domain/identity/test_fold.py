"""The fold of links."""

import msgspec
import pytest

from events.identity_links import (
    CommandStamp,
    DecisionWithdrawal,
    EdgeWithdrawal,
    ErasureCompletion,
    FragmentErasure,
    IdentityEdge,
    IdentityLink,
    decision_on,
)
from streams.domain.identity import CanonicalIdChange, Node, decode, encode
from streams.domain.identity.deferred_erasures import DeferredRecord, ErasureWait
from streams.domain.identity.nodes import FORMAT, LEAST_ROOM, MOST_LINKED, MOST_RULED, ErasureMark, PairRuling
from tests.property.domain.identity.graphs import CONTACTS, CROWD, EMAILS, PHONES, VOTERS, Table, edge, hashed, ruling

ADA, BOB, CYD = CONTACTS
ANN, BEN = VOTERS[:2]
MAIL, PHONE = EMAILS[0], PHONES[0]
BY = CommandStamp(9, "office", "e-1")


def named(fragment: str, *others: str) -> list[IdentityLink]:
    return [edge(fragment, fragment, other) for other in others]


def erase(fragment: str, by: CommandStamp = BY) -> FragmentErasure:
    return FragmentErasure(fragment, by.time, by.source, by.id)


def unnamed(fragment: str, *others: str) -> list[IdentityLink]:
    return [EdgeWithdrawal(fragment, *sorted((fragment, other))) for other in others]


def carried_by(count: int, weak: str = PHONE, start: int = 0) -> list[IdentityLink]:
    return [link for number in range(start, start + count) for link in named(f"contact-{number}", weak)]


def told(table: Table, *links: IdentityLink) -> list[CanonicalIdChange]:
    return table.fold(links).roofs


def test_only_those_whose_roof_has_changed_are_told_once_each() -> None:
    table = Table()
    assert told(table, *named(ANN, MAIL, PHONE)) == [CanonicalIdChange(MAIL, 1, ANN), CanonicalIdChange(PHONE, 1, ANN)]
    assert told(table, *named(ANN, MAIL)) == []
    assert told(table, *named(ADA, MAIL)) == [CanonicalIdChange(node, 3, ADA) for node in (MAIL, PHONE, ANN)]


def test_whom_only_a_command_links_is_to_tell_its_class_once() -> None:
    """The roof of a person hears of it as well: a command knows hashes only, and nobody else may ever name it."""
    table = Table()
    assert told(table, ruling(ANN, MAIL, same=True)) == [
        CanonicalIdChange(MAIL, 0, ANN),
        CanonicalIdChange(ANN, 0, ANN),
    ]
    assert told(table, ruling(ANN, PHONE, same=True)) == [CanonicalIdChange(PHONE, 1, ANN)]
    assert told(table, edge(ANN, ANN, ANN)) == [CanonicalIdChange(ANN, 2, None)]
    assert told(table, ruling(BEN, MAIL, same=False), ruling(ADA, BOB, same=True)) == [CanonicalIdChange(BOB, 4, ADA)]


def test_class_that_is_told_later_of_a_known_edge_parts_two_people() -> None:
    table = Table()
    table.fold([IdentityEdge(voter, MAIL, voter) for voter in (ANN, BEN)])
    assert table.roofs() == {MAIL: ANN, BEN: ANN}
    table.fold([edge(voter, voter, MAIL) for voter in (ANN, BEN)])
    assert table.roofs() == {}


def test_whom_no_command_links_any_more_is_not_asked_for_its_class() -> None:
    table = Table()
    table.fold([ruling(ANN, MAIL, same=True)])
    assert told(table, ruling(ANN, MAIL, same=False, time=1)) == [
        CanonicalIdChange(MAIL, 1, None),
        CanonicalIdChange(ANN, 1, None),
    ]


def test_what_a_crowd_shares_beyond_all_measure_is_kept_no_longer_and_links_nobody() -> None:
    table = Table()
    many = 4 * CROWD + 1
    table.fold_in_chunks(carried_by(many), 5)
    node = table.nodes()[PHONE]
    assert (node.saturated, node.seen) == (True, {})
    table.fold(unnamed("contact-0", PHONE))
    for number in range(1, many):
        table.fold(unnamed(f"contact-{number}", PHONE))
    table.fold(named("contact-0", PHONE))
    assert table.roofs() == {}
    assert table.states.keys() == {PHONE, "contact-0"}


def test_a_command_on_a_saturated_identifier_still_counts() -> None:
    table = Table()
    table.fold([*carried_by(4 * CROWD + 1), ruling(ADA, PHONE, same=True)])
    assert table.roofs() == {PHONE: ADA}
    table.fold(named("contact-0", PHONE))
    assert table.roofs() == {PHONE: ADA}


def test_a_contact_of_more_commands_than_anybody_gives_is_linked_to_no_more_but_still_kept_apart() -> None:
    """Each is kept on both sides, and a node has to have room in a record."""
    table = Table()
    linked = [f"contact-{number}" for number in range(MOST_LINKED + 2)]
    folding = table.fold([ruling(ADA, one, same=True) for one in linked])
    assert table.roofs() == dict.fromkeys(linked[:MOST_LINKED], ADA)
    assert linked[MOST_LINKED] not in table.states
    [found] = folding.findings
    assert (found.finding, found.node) == ("overruled", ADA)

    assert table.fold([*named(ADA, MAIL), *named(BOB, MAIL)]).findings == []
    assert table.roofs()[BOB] == ADA
    table.fold([ruling(ADA, BOB, same=False), ruling(ADA, linked[0], same=False, time=1)])
    assert not {BOB, linked[0]} & table.roofs().keys()
    table.fold([ruling(ADA, "contact-z", same=True)])
    assert "contact-z" not in table.roofs()
    table.fold(
        [DecisionWithdrawal(ADA, linked[1]), DecisionWithdrawal(ADA, linked[2]), ruling(ADA, "contact-z", same=True)]
    )
    assert table.roofs()["contact-z"] == ADA


def test_the_commands_that_a_node_keeps_are_few_enough_for_a_record_however_long_their_ids() -> None:
    """An id is as long as it may be: 256 characters of four bytes."""
    long = "\U0001f355" * 256
    table = Table()
    others = [f"{number:064}" for number in range(MOST_RULED + 2)]
    table.fold([decision_on(ADA, one, same=False, by=CommandStamp(1, long, long)) for one in others])

    assert len(table.nodes()[ADA].rulings) == MOST_RULED
    assert len(table.states[ADA]) < 6 << 20


def test_a_contact_with_more_addresses_than_anybody_has_is_not_kept_either() -> None:
    table = Table()
    table.fold(named(ADA, *(hashed("email", number) for number in range(LEAST_ROOM))))
    assert len(table.roofs()) == LEAST_ROOM
    table.fold(named(ADA, hashed("email", LEAST_ROOM)))
    assert table.roofs() == {}
    assert len(table.states[ADA]) < 100


def test_what_becomes_of_note_is_found_once_with_the_record_that_made_it_so() -> None:
    table = Table()
    assert table.fold(carried_by(CROWD)).findings == []
    folding = table.fold([*named(ADA, MAIL), *named("contact-9", PHONE), *named(BOB, MAIL)])
    [found] = folding.findings
    assert (found.finding, found.node, found.by.offset) == ("crowded", PHONE, CROWD + 1)
    assert table.fold(named("contact-10", PHONE)).findings == []
    [found] = table.fold(carried_by(3 * CROWD, start=20)).findings
    assert (found.finding, found.node) == ("saturated", PHONE)


def test_what_conflicting_people_share_is_found_whatever_made_them_conflict() -> None:
    table = Table()
    table.fold([*named(ANN, MAIL), *named(BEN, MAIL), ruling(ANN, BEN, same=True)])
    [found] = table.fold([ruling(ANN, BEN, same=False)]).findings
    assert (found.finding, found.node, found.by.offset) == ("disputed", MAIL, 3)
    assert table.fold([ruling(ANN, BEN, same=False)]).findings == []


def test_an_erasure_is_told_to_all_of_the_person_and_what_holds_afterwards_follows() -> None:
    table = Table()
    table.fold([*named(ANN, MAIL), *named(BEN, PHONE)])
    erased = [CanonicalIdChange(MAIL, 2, ANN, BY), CanonicalIdChange(ANN, 2, ANN, BY)]
    assert told(table, erase(ANN), *unnamed(ANN, MAIL)) == [*erased, CanonicalIdChange(MAIL, 3, None)]
    assert told(table, ErasureCompletion(ANN)) == [CanonicalIdChange(ANN, 4, None)]
    assert table.states.keys() == {BEN, PHONE}


def test_an_erasure_that_is_told_again_or_by_another_of_the_person_is_the_same() -> None:
    table = Table()
    table.fold([*named(ADA, MAIL), erase(ADA)])
    assert told(table, erase(ADA), erase(MAIL)) == []


def test_what_others_still_say_of_a_node_is_told_once_the_erasure_is_done() -> None:
    table = Table()
    table.fold([*named(ADA, MAIL), edge(BOB, ADA, MAIL), erase(ADA)])
    table.fold(unnamed(ADA, MAIL))
    assert told(table, ErasureCompletion(ADA)) == [CanonicalIdChange(ADA, 4, None), CanonicalIdChange(MAIL, 4, ADA)]
    assert told(table, EdgeWithdrawal(BOB, ADA, MAIL)) == [CanonicalIdChange(MAIL, 5, None)]
    assert table.states == {}


def test_a_second_erasure_before_the_first_is_done_is_told_too() -> None:
    table = Table()
    later = CommandStamp(99, "office", "e-2")
    table.fold([*named(BOB, MAIL), *named(ADA, MAIL), erase(BOB), *unnamed(BOB, MAIL), *unnamed(ADA, MAIL)])
    assert told(table, erase(BOB, later)) == [CanonicalIdChange(BOB, 5, BOB, later)]
    assert {one.node for one in told(table, ErasureCompletion(BOB))} == {ADA, BOB}
    assert table.states == {}


def test_those_who_share_a_disputed_identifier_are_not_erased_with_each_other() -> None:
    table = Table()
    table.fold([*named(ANN, MAIL), *named(BEN, MAIL)])
    assert [one.node for one in told(table, erase(ANN))] == [ANN]


def test_a_change_reads_nothing_beyond_what_links_nobody() -> None:
    """A town that is connected by shared phones: no more of it is read than those two steps away."""
    table = Table()
    for number in range(100):
        voters = hashed("voter", 10 + number), hashed("voter", 11 + number)
        shared = hashed("phone", 10 + number)
        table.fold([IdentityEdge(one, shared, one, None, "voter:NY") for one in voters])
    assert table.roofs() == {}
    table.read = 0
    table.fold(named(hashed("voter", 50), MAIL))
    assert table.read < 12


def test_a_change_to_one_of_a_crowd_does_not_read_the_crowd() -> None:
    table = Table(crowd=40)
    table.fold(carried_by(100))
    table.read = 0
    table.fold([*named("contact-3", MAIL), *named("contact-200", PHONE)])
    assert table.read < 12


STAMP = CommandStamp(9, "office", "c-1")
FULL = Node(
    exclusive="voter:NY",
    seen={"email:0": ("ada", "bob")},
    aliases={"voter:1": ("ada",)},
    rulings={"cyd": PairRuling(same=False, by=STAMP)},
    roof="ada",
    saturated=True,
    mark=ErasureMark("ada", STAMP),
    erased=STAMP,
    marked=("ada", "email:0"),
    held="ada",
    waiting=ErasureWait(
        {"ada": 7}, {"voter:1": 7}, {"voter:2": DeferredRecord(b"k", None, 8, 9)}, (DeferredRecord(b"k", b"v", 7, 9),)
    ),
)


@pytest.mark.parametrize("node", [FULL, Node()])
def test_a_node_is_read_as_it_was_written(node: Node) -> None:
    assert decode(encode(node)) == node


def test_the_example_has_all_that_a_node_may_have() -> None:
    assert all(getattr(FULL, field) != getattr(Node(), field) for field in Node.__struct_fields__)


def test_the_first_element_is_the_format() -> None:
    assert msgspec.msgpack.decode(encode(FULL))[0] == FORMAT.number
