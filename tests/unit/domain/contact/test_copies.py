"""One (source, id) is one interaction, however often it arrives; a retraction is as if it had never happened."""

from itertools import permutations

from events.times import render_time
from streams.domain.contact import FoldOutcome
from tests.unit.domain.contact.said import (
    DAY,
    HOUR,
    NOON,
    appended,
    folded,
    gift,
    outcomes,
    profile_of,
    refund,
    retracted,
    said,
)


def test_where_copies_differ_the_first_appended_counts() -> None:
    first, second = appended(NOON, gift("1", 500)), appended(NOON + 1, gift("1", 900, NOON - HOUR))
    assert profile_of(first, second)["donations"] == profile_of(first)["donations"]
    assert profile_of(first, second)["first_seen"] == "2012-03-01T12:00:00.000Z"


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


def test_a_retraction_may_come_before_what_it_retracts() -> None:
    known = profile_of(retracted("1"), gift("1", 500), gift("2", 7, NOON + 1))
    assert known == profile_of(gift("2", 7, NOON + 1))


def test_a_copy_of_what_was_retracted_is_a_duplicate() -> None:
    assert outcomes(gift("1", 5), retracted("1"), gift("1", 5)) == [
        FoldOutcome.APPLIED,
        FoldOutcome.APPLIED,
        FoldOutcome.DUPLICATE,
    ]


def test_a_gift_is_retracted_however_late() -> None:
    late = appended(NOON + 400 * DAY, retracted("1"))
    assert folded(gift("1", 5), late).facts.keys() == {("team/a", "1"), ("team/a", "r")}
    assert profile_of(gift("1", 5), late) == profile_of()


def test_a_retraction_is_remembered_for_ever() -> None:
    late = appended(NOON + 400 * DAY, said("email.sent", "1", message_id="m"))
    assert profile_of(retracted("1"), late) == profile_of()
