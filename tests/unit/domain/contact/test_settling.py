"""What settles: copies, merges and touches."""

from collections.abc import Sequence
from itertools import permutations

import pytest

from events.json_types import JSON
from events.outputs import ContactProfile
from events.registry import MESSAGES, types_that
from events.times import render_time
from streams.domain.contact import ContactState, FoldOutcome, merge, profile
from tests.unit.domain.contact.said import (
    DAY,
    DONOR,
    HOUR,
    NOON,
    Arrival,
    appended,
    by,
    fold,
    folded,
    gift,
    later,
    outcomes,
    profile_of,
    refund,
    report,
    retracted,
    said,
)
from tests.unit.domain.contact.said import retracted as taken_back
from tests.unit.events.records import REQUIRED

WEEK = 7 * DAY


def sent(id_: str = "1", time: int = NOON, /) -> Arrival:
    return said("email.sent", id_, time, message_id="m")


def durable(state: ContactState) -> set[str]:
    return {fact.id for fact in state.facts.values()}


@pytest.mark.parametrize("type_", sorted(MESSAGES))
def test_a_message_settles_after_a_week(type_: str) -> None:
    message = said(type_, "1", **REQUIRED[type_])
    assert "1" in durable(folded(message, later(WEEK)))
    settled = folded(message, later(WEEK + 1))
    assert "1" not in durable(settled)
    assert profile(DONOR, settled)["counts"] == {type_: 1, "rsvp.made": 1}


@pytest.mark.parametrize("type_", sorted(types_that(lambda spec: not spec.is_command) - MESSAGES))
def test_everything_else_is_recognised_for_ever(type_: str) -> None:
    arrival = said(type_, "1", **REQUIRED[type_])
    assert outcomes(arrival, appended(NOON + 900 * DAY, arrival)) == [FoldOutcome.APPLIED, FoldOutcome.DUPLICATE]


def test_a_copy_within_a_week_is_a_duplicate_and_a_later_one_is_new() -> None:
    assert outcomes(sent(), appended(NOON + WEEK, sent())) == [FoldOutcome.APPLIED, FoldOutcome.DUPLICATE]
    known = folded(sent(), appended(NOON + WEEK + 1, sent()))
    assert profile(DONOR, known)["counts"] == {"email.sent": 2}


def test_the_week_begins_with_the_first_copy() -> None:
    copies = [sent(), appended(NOON + WEEK, sent()), appended(NOON + WEEK + 1, sent())]
    assert outcomes(*copies) == [FoldOutcome.APPLIED, FoldOutcome.DUPLICATE, FoldOutcome.APPLIED]


def test_a_retraction_within_a_week_counts_and_a_later_one_has_no_effect() -> None:
    in_time = folded(sent(), appended(NOON + WEEK, retracted("1")), later(WEEK + 1))
    assert profile(DONOR, in_time)["counts"] == {"rsvp.made": 1}
    too_late = folded(sent(), appended(NOON + WEEK + 1, retracted("1")))
    assert profile(DONOR, too_late)["counts"] == {"email.sent": 1}


def test_the_clock_is_the_latest_append_time_and_not_when_things_happened() -> None:
    state = folded(sent("1", NOON - 900 * DAY), appended(NOON + HOUR, gift("2", 5, NOON)), appended(NOON, gift("3", 5)))
    assert state.clock == NOON + HOUR
    assert durable(state) == {"1", "2", "3"}


def test_of_settled_messages_only_what_may_meet_a_late_word_weighs() -> None:
    delayed = said("email.deferred", "3", message_id="n")
    nothing, one = folded(later(WEEK + 1)).weight, folded(sent(), later(WEEK + 1)).weight
    assert folded(delayed, later(WEEK + 1)).weight == nothing < one
    assert folded(sent(), sent("2"), delayed, later(WEEK + 1)).weight == one


def test_settled_opens_weigh_by_the_hour_as_long_as_they_are_known() -> None:
    opens = [said("email.opened", f"{n}", NOON + n, message_id="n", user_agent="Mozilla/5.0") for n in range(3)]
    late = said("email.opened", "late", NOON + HOUR, message_id="n", user_agent="Mozilla/5.0")
    one, two = folded(*opens, later(WEEK + 1)), folded(*opens, late, later(WEEK + 1))
    assert (len(one.settled.opens_by_hour), len(two.settled.opens_by_hour)) == (1, 2)
    assert folded(later(WEEK + 1)).weight < one.weight < two.weight
    done, _ = fold(two, [appended(NOON + 401 * DAY, sent("4")), later(409 * DAY)])
    assert done.settled.opens_by_hour == {}


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


MONTH = 30 * DAY


def mailed(id_: str = "1", time: int = NOON, message: str = "m", **data: JSON) -> Arrival:
    return said("email.sent", id_, time, message_id=message, **data)


def bounced(id_: str, kind: str = "hard", message: str = "m") -> Arrival:
    return said("email.bounced", id_, message_id=message, kind=kind)


def ids(known: ContactProfile) -> list[str]:
    return [touch["id"] for touch in known["touches"]]


def after(*arrivals: Arrival) -> ContactProfile:
    """The profile of arrivals that come in this order."""
    return profile(DONOR, folded(*arrivals))


@pytest.mark.parametrize(
    ("type_", "channel"),
    [("email.sent", "email"), ("email.delivered", "email"), ("text.sent", "text"), ("text.delivered", "text")],
)
def test_a_message_is_shown_by_sent_or_delivered(type_: str, channel: str) -> None:
    message = by("digital/mailer", said(type_, message_id="m", purpose="fundraising"))
    assert profile_of(message)["touches"] == [
        {
            "channel": channel,
            "purpose": "fundraising",
            "at": "2012-03-01T12:00:00.000Z",
            "team": "digital",
            "source": "digital/mailer",
            "id": "1",
        }
    ]


@pytest.mark.parametrize("method", ["door", "phone", "text", "letter"])
@pytest.mark.parametrize(
    ("outcome", "reached"),
    [
        *((outcome, True) for outcome in ("contacted", "refused", "left_message", "language_barrier")),
        *((outcome, False) for outcome in ("not_home", "lit_drop", "wrong_number", "deceased", "do_not_contact")),
        *((outcome, False) for outcome in ("moved", "inaccessible", "other", "no_answer", "busy", "disconnected")),
    ],
)
def test_a_canvass_report_is_a_touch_if_somebody_was_reached(method: str, outcome: str, reached: bool) -> None:
    touches = profile_of(report("1", method=method, outcome=outcome))["touches"]
    assert [(touch["channel"], touch["purpose"]) for touch in touches] == [(method, "informational")] * reached


@pytest.mark.parametrize("method", ["door", "letter"])
def test_a_day_of_doors_and_letters_ends_at_midnight_in_utc(method: str) -> None:
    last, next_ = (report(id_, NOON + at, method=method) for id_, at in (("1", 12 * HOUR - 1), ("2", 12 * HOUR)))
    assert ids(profile_of(report("3", NOON - 12 * HOUR, method=method), last)) == ["3"]
    assert ids(profile_of(last, next_)) == ["2", "1"]
    assert ids(profile_of(report("3", NOON, method=method), last, taken_back("3"))) == ["1"]


def test_a_touch_is_listed_until_thirty_days_before_the_latest() -> None:
    at_the_edge, beyond = mailed("1", NOON - MONTH, "a"), mailed("2", NOON - MONTH - 1, "b")
    assert ids(profile_of(mailed("3"), at_the_edge, beyond)) == ["3", "1"]


@pytest.mark.parametrize("old", [mailed("old", NOON - 2 * MONTH, "n"), report("old", NOON - 2 * MONTH)])
def test_a_touch_is_forgotten_once_a_later_one_was_known_for_a_week(old: Arrival) -> None:
    new, undone = report("new", method="phone"), appended(NOON + WEEK + 1, taken_back("new"))
    assert ids(after(old, new, undone)) == []
    assert ids(after(old, new, undone, appended(NOON + 2 * WEEK, mailed("3", NOON - MONTH, "k")))) == ["3"]


@pytest.mark.parametrize("old", [mailed("old", NOON - 2 * MONTH, "n"), report("old", NOON - 2 * MONTH)])
def test_a_touch_stays_forgotten_when_the_later_message_comes_back_after_all(old: Arrival) -> None:
    in_time, too_late = (appended(NOON + at, bounced("b")) for at in (WEEK, WEEK + 1))
    assert ids(after(old, mailed("new"), in_time, later(3 * WEEK))) == ["old"]
    assert ids(after(old, mailed("new"), too_late, later(3 * WEEK))) == []


def test_what_is_left_of_messages_has_an_end() -> None:
    old: Sequence[Arrival] = [mailed(f"{n}", NOON - 2 * MONTH, f"m{n}") for n in range(9)]
    lost = said("email.bounced", "b", NOON - 2 * MONTH, message_id="k", kind="hard")
    state = folded(*old, lost, mailed("new"), later(WEEK + 1))
    assert [mailing.message_id for mailing in state.settled.mailings] == ["m"]
    assert state.settled.horizon == NOON - MONTH
