"""`interaction.retracted`: as if what it names had never happened."""

from streams.domain.contact import FoldOutcome
from tests.unit.domain.contact.said import DAY, NOON, appended, by, folded, gift, outcomes, profile_of, retracted, said


def test_a_retraction_may_come_before_what_it_retracts() -> None:
    known = profile_of(retracted("1"), gift("1", 500), gift("2", 7, NOON + 1))
    assert known == profile_of(gift("2", 7, NOON + 1))


def test_a_retraction_of_all_there_was_leaves_an_empty_profile() -> None:
    assert profile_of(gift("1", 500, region="US-NY"), retracted("1")) == profile_of()


def test_a_retraction_reaches_one_source_only() -> None:
    assert profile_of(by("team/b", gift("1", 500)), retracted("1"))["donations"]["count"] == 1


def test_a_retraction_cannot_be_retracted() -> None:
    assert profile_of(gift("1", 500), retracted("1", "r"), retracted("r", "s")) == profile_of()


def test_a_retraction_of_itself_or_of_nothing_changes_nothing() -> None:
    assert profile_of(gift("1", 5), retracted("r", "r"), retracted("gone", "s")) == profile_of(gift("1", 5))


def test_two_retractions_of_one_thing_are_as_good_as_one() -> None:
    assert profile_of(gift("1", 5), retracted("1", "r"), retracted("1", "s")) == profile_of()


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
