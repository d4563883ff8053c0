"""One (source, id) is one interaction, however often it arrives."""

from itertools import permutations

import pytest

from events.times import render_time
from streams.domain.contact import ContactState, FoldOutcome
from tests.unit.domain.contact.said import (
    HOUR,
    NOON,
    appended,
    apply,
    by,
    fold,
    folded,
    gift,
    outcomes,
    profile_of,
    refund,
    said,
)


def test_a_copy_is_a_duplicate_and_changes_nothing() -> None:
    once = gift("1", 500)
    assert outcomes(once, once) == [FoldOutcome.APPLIED, FoldOutcome.DUPLICATE]
    assert profile_of(once, once) == profile_of(once)


def test_a_copy_in_a_later_fold_is_a_duplicate() -> None:
    state, outcome = apply(folded(gift("1", 500)), appended(NOON + HOUR, gift("1", 500)))
    assert (outcome, state.facts) == (FoldOutcome.DUPLICATE, folded(gift("1", 500)).facts)


def test_the_same_id_of_another_source_is_another_interaction() -> None:
    assert profile_of(gift("1", 5), by("team/b", gift("1", 7, donation_id="a:x")))["donations"]["count"] == 2


def test_where_copies_differ_the_first_appended_counts() -> None:
    first, second = appended(NOON, gift("1", 500)), appended(NOON + 1, gift("1", 900, NOON - HOUR))
    assert profile_of(first, second)["donations"] == profile_of(first)["donations"]
    assert profile_of(first, second)["first_seen"] == "2012-03-01T12:00:00.000Z"


@pytest.mark.parametrize("first_appended", [NOON - 1, NOON + 1])
def test_of_copies_that_differ_in_time_alone_the_earliest_counts(first_appended: int) -> None:
    early, late = appended(first_appended, gift("1", 5, NOON - HOUR)), gift("1", 5, NOON + HOUR)
    for arrivals in permutations([early, gift("2", 5, NOON), late]):
        assert [fact.id for fact in folded(*arrivals).facts.values()] == ["1", "2"]
        assert profile_of(*arrivals)["last_seen"] == "2012-03-01T12:00:00.000Z"


def test_a_lifted_suppression_stays_lifted_whichever_copy_is_appended_first() -> None:
    stop = said("contact.suppressed", "0", NOON - HOUR)
    early, late = (said("contact.suppressed", "1", at, until=render_time(at)) for at in (NOON, NOON + HOUR))
    for arrivals in permutations([stop, appended(NOON + 1, early), late]):
        assert "all" not in profile_of(*arrivals)["stops"]


def test_where_copies_of_one_moment_differ_one_of_them_counts() -> None:
    assert profile_of(gift("1", 500), refund("1", 7, NOON + 1))["counts"] in (
        {"donation.made": 1},
        {"donation.refunded": 1},
    )


def test_the_weight_is_that_of_the_copy_that_counts() -> None:
    short, long = gift("1", 5), appended(NOON + 1, gift("1", 5, committee="C" * 100))
    assert folded(long, short).weight == folded(short, long).weight == folded(short).weight


def test_a_fold_leaves_its_state_as_it_was() -> None:
    before = folded(gift("1", 5))
    facts = dict(before.facts)
    fold(before, [gift("2", 7, NOON - 1), said("email.sent", "3", message_id="m")])
    assert before.facts == facts
    assert list(before.facts) == list(facts)


def test_facts_stay_in_the_order_in_which_they_happened() -> None:
    state = folded(gift("1", 5, NOON + 2), gift("2", 5, NOON), by("team/0", gift("3", 5, NOON)), gift("4", 5, NOON + 1))
    assert [fact.id for fact in state.facts.values()] == ["3", "2", "4", "1"]


def test_a_fold_of_nothing_is_nothing() -> None:
    assert fold(ContactState(), []) == (ContactState(), [])
