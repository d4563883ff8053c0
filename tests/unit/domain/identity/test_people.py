"""Who is one person: the cases that the rules were made for."""

import pytest

from events.identity_links import IdentityEdge, LinkDecision
from streams.domain.identity import resolve
from tests.property.domain.identity.graphs import (
    CONTACTS,
    CROWD,
    EMAILS,
    EXTERNALS,
    PHONES,
    VOTERS,
    edge,
    hashed,
    ruling,
)

ADA, BOB, CYD = CONTACTS
ANN, BEN, CAT, PAT = VOTERS
"""Voters; the last one of another state, the second and third one person under two keys."""
MAIL, WORK, _ = EMAILS
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


def test_identifiers_of_one_interaction_are_one_person_under_the_strongest() -> None:
    assert roofs(*named(ANN, MAIL, PHONE)) == {ANN: ANN, MAIL: ANN, PHONE: ANN}


def test_a_chain_of_identifiers_is_one_person() -> None:
    assert people(*named(ANN, MAIL), *named(MAIL, PHONE), *named("ada", PHONE)) == {one("ada", ANN, MAIL, PHONE)}


def test_of_equally_strong_ones_the_smallest_is_the_roof() -> None:
    assert roofs(*named(BOB, PHONE), *named(ADA, PHONE))[PHONE] == ADA


def test_spouses_who_share_an_address_and_a_phone_are_two_and_what_they_share_is_neithers() -> None:
    hers, his = hashed("email", 8), hashed("email", 9)
    assert people(*named(ANN, hers, MAIL, PHONE), *named(BEN, his, MAIL, PHONE)) == {
        *(one(ANN, hers), one(BEN, his), one(MAIL), one(PHONE)),
    }


def test_spouses_are_two_also_where_their_voter_ids_are_known_by_their_contacts_alone() -> None:
    assert people(*named(ADA, ANN), *named(ADA, MAIL), *named(BOB, BEN), *named(BOB, MAIL)) == {
        *(one(ADA, ANN), one(BOB, BEN), one(MAIL)),
    }


def test_what_spouses_share_does_not_link_what_it_was_named_with() -> None:
    assert people(*named(ANN, MAIL), *named(BEN, MAIL), *named(MAIL, PHONE)) == {
        *(one(ANN), one(BEN), one(MAIL), one(PHONE)),
    }


def test_voters_of_two_states_may_be_one_person_who_has_moved() -> None:
    assert people(*named(ANN, MAIL), *named(PAT, MAIL)) == {one(ANN, PAT, MAIL)}


def test_two_ids_in_one_system_are_two_people() -> None:
    van, other = EXTERNALS
    assert people(*named(van, MAIL), *named(other, MAIL)) == {one(van), one(other), one(MAIL)}


def test_a_contact_with_two_voter_ids_of_a_state_keeps_neither() -> None:
    assert people(*named(ADA, ANN, MAIL), *named(ADA, BEN)) == {one(ADA), one(ANN), one(BEN), one(MAIL)}


def test_a_command_makes_one_of_two_voters_and_of_what_they_share() -> None:
    couple = [*named(ANN, MAIL), *named(BEN, MAIL)]
    assert people(*couple, ruling(ANN, BEN, same=True)) == {one(ANN, BEN, MAIL)}


def test_whoever_says_that_two_contacts_are_one_means_all_that_each_had() -> None:
    assert people(*named(ADA, ANN), *named(BOB, BEN), ruling(ADA, BOB, same=True)) == {one(ADA, BOB, ANN, BEN)}


def test_a_command_on_what_is_shared_does_not_make_one_of_those_who_share_it() -> None:
    shared = [*named(ADA, ANN), *named(BOB, BEN), *named(BOB, MAIL)]
    assert people(*shared, ruling(ADA, MAIL, same=True)) == {one(ADA, ANN, MAIL), one(BOB, BEN)}


def test_an_unlink_keeps_two_apart_also_where_a_chain_would_join_them() -> None:
    chain = [ruling(ADA, CYD, same=True), ruling(BOB, CYD, same=True)]
    assert people(*chain) == {one(ADA, BOB, CYD)}
    assert people(*chain, ruling(ADA, BOB, same=False)) == {one(ADA, CYD), one(BOB)}


def test_what_two_unlinked_people_share_is_neithers() -> None:
    assert people(*named(ADA, MAIL), *named(BOB, MAIL), ruling(ADA, BOB, same=False)) == {
        *(one(ADA), one(BOB), one(MAIL)),
    }


def test_what_was_unlinked_from_one_is_the_others() -> None:
    assert people(*named(ADA, MAIL), *named(BOB, MAIL), ruling(ADA, MAIL, same=False)) == {one(ADA), one(BOB, MAIL)}


def test_an_identifier_that_too_many_carry_links_nobody() -> None:
    carriers = [f"contact-{number}" for number in range(CROWD + 1)]
    links = [link for contact in carriers for link in named(contact, PHONE)]
    assert people(*links[:-1]) == {one(*carriers[:-1], PHONE)}
    assert people(*links) == {one(PHONE), *map(one, carriers)}


def test_a_strong_identifier_with_many_weak_ones_is_no_crowd() -> None:
    addresses = [hashed("email", number) for number in range(10, 30)]
    assert people(*named(ADA, *addresses)) == {one(ADA, *addresses)}


def test_one_identifier_under_two_keys_is_one_person_whatever_its_class() -> None:
    assert people(edge(BEN, BEN, CAT)) == {one(BEN, CAT)}


def test_a_new_key_does_not_split_anyone_nor_join_spouses() -> None:
    old, new = EMAILS[1:]
    before = [*named(BEN, old), *named(ANN, old)]
    after = [*named(CAT, new), edge(CAT, CAT, BEN), edge(CAT, old, new)]
    assert people(*before[:1], *after) == {one(BEN, CAT, old, new)}
    assert people(*before, *after) == {one(BEN, CAT), one(ANN), one(old, new)}


def test_a_crowd_under_one_key_is_a_crowd_under_the_other() -> None:
    old, new = EMAILS[1:]
    crowd = [link for number in range(CROWD + 1) for link in named(f"contact-{number}", old)]
    assert one(old, new) in people(*crowd, edge(ADA, old, new), *named(ADA, new))


def test_a_voter_known_by_a_command_alone_is_kept_from_another_one_if_its_class_was_told() -> None:
    links: list[IdentityEdge | LinkDecision] = [ruling(ANN, MAIL, same=True), *named(BEN, MAIL)]
    assert people(*links) == {one(ANN, BEN, MAIL)}
    assert people(*links, edge(ANN, ANN, ANN)) == {one(ANN, MAIL), one(BEN)}


@pytest.mark.parametrize("crowd", [1, 2, 50])
def test_no_links_are_nobody(crowd: int) -> None:
    assert roofs(crowd=crowd) == {}
