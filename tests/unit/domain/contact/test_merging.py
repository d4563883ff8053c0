"""`merge`: two halves of one person are that person."""

from streams.domain.contact import ContactState, merge, profile
from tests.unit.domain.contact.said import (
    DAY,
    DONOR,
    NOON,
    appended,
    folded,
    gift,
    profile_of,
    retracted,
    said,
)


def test_of_copies_in_both_halves_the_first_appended_is_kept() -> None:
    first, second = folded(gift("1", 500)), folded(appended(NOON + 1, gift("1", 900, committee="C1")))
    assert merge(first, second).facts == merge(second, first).facts == first.facts
    assert merge(first, second).weight == merge(second, first).weight == first.weight


def test_a_message_in_the_other_half_is_retracted_by_the_first_of_its_retractions() -> None:
    sent = folded(said("email.sent", "1", message_id="m"))
    in_time, too_late = appended(NOON + 7 * DAY, retracted("1", "r")), appended(NOON + 8 * DAY, retracted("1", "s"))
    assert profile(DONOR, merge(sent, folded(in_time, too_late))) == profile_of()
    assert profile(DONOR, merge(sent, folded(too_late))) == profile(DONOR, sent)


def test_what_has_settled_is_added_up() -> None:
    late = appended(NOON + 8 * DAY, said("text.replied", "9"))
    one = folded(said("email.opened", "1", NOON, message_id="m", region="US-NY"), late)
    other = folded(said("email.opened", "2", NOON + 1, message_id="m", region="US-CA"), late)
    known = profile(DONOR, merge(one, other))
    assert known["counts"] == {"email.opened": 2, "text.replied": 1}
    assert known["email"]["last_opened_at"] == "2012-03-01T12:00:00.001Z"
    assert known["zones"]["region"] == "US-CA"


def test_the_version_is_the_larger_one() -> None:
    assert merge(ContactState(version=3), ContactState(version=5)).version == 5


def test_a_settled_drop_takes_its_messages_variant_back_whichever_half_is_merged_into_the_other() -> None:
    later = appended(NOON + 8 * DAY, said("form.submitted", "late", form_id="f"))
    sent = said("email.sent", "1", message_id="m", experiment={"id": "x", "variant": "A"})
    of_arm, of_drop = (folded(each, later) for each in (sent, said("email.dropped", "2", message_id="m")))
    assert [arm.message_id for arm in of_arm.settled.arms] == ["m"]

    assert merge(of_arm, of_drop) == merge(of_drop, of_arm)
    assert merge(of_arm, of_drop).settled.arms == ()
