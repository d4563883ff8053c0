"""Messages are recognised for a week of append time and then only counted; everything else is recognised for ever."""

import pytest

from events.registry import MESSAGES
from streams.domain import contact
from streams.domain.contact import ContactState, FoldOutcome, profile
from tests.unit.domain.contact.said import (
    DAY,
    DONOR,
    HOUR,
    NOON,
    Arrival,
    appended,
    fold,
    folded,
    gift,
    outcomes,
    report,
    retracted,
    said,
)

WEEK = 7 * DAY


def later(at: int) -> Arrival:
    """Something of no interest that is appended `at` after noon."""
    return appended(NOON + at, said("text.replied", "later", NOON - DAY))


def sent(id_: str = "1", time: int = NOON, /) -> Arrival:
    return said("email.sent", id_, time, message_id="m")


def message(type_: str) -> Arrival:
    kind = {"kind": "hard"} if type_ == "email.bounced" else {}
    return said(type_, "1", message_id="m", **kind)


def durable(state: ContactState) -> set[str]:
    return {fact.id for fact in state.facts.values()}


@pytest.mark.parametrize("type_", sorted(MESSAGES))
def test_a_message_settles_after_a_week(type_: str) -> None:
    assert durable(folded(message(type_), later(WEEK))) == {"1", "later"}
    settled = folded(message(type_), later(WEEK + 1))
    assert durable(settled) == {"later"}
    assert profile(DONOR, settled)["counts"] == {type_: 1, "text.replied": 1}


@pytest.mark.parametrize(
    "arrival",
    [
        gift("1", 5),
        report("1"),
        said("donation.refunded", "1", refund_id="r", amount=5, currency="USD"),
        said("donation.charge_failed", "1", pledge_id="p"),
        said("donation.pledge_cancelled", "1", pledge_id="p"),
        said("ballot.reported", "1", election="e", status="voted"),
        said("rsvp.made", "1", event_id="e"),
        said("rsvp.attended", "1", event_id="e"),
        said("form.submitted", "1", form_id="f"),
        said("email.unsubscribed", "1"),
        said("email.complained", "1"),
        said("text.opted_out", "1"),
        said("text.replied", "1"),
        said("consent.changed", "1", channel="email", granted=True),
        said("experiment.assigned", "1", experiment={"id": "x", "variant": "B"}),
        retracted("2", "1"),
    ],
    ids=lambda arrival: arrival.interaction.type,
)
def test_everything_else_is_recognised_for_ever(arrival: Arrival) -> None:
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
    assert profile(DONOR, in_time)["counts"] == {"text.replied": 1}
    too_late = folded(sent(), appended(NOON + WEEK + 1, retracted("1")))
    assert profile(DONOR, too_late)["counts"] == {"email.sent": 1}


def test_settling_changes_nothing_that_is_seen() -> None:
    arrivals = [
        said("email.sent", "1", NOON - HOUR, message_id="m", region="US-NY", postal_code="10001"),
        said("email.opened", "2", NOON + HOUR, message_id="m", region="US-CA"),
        said("email.clicked", "3", NOON + 2 * HOUR, message_id="m", time_zone="America/New_York"),
        said("email.opened", "4", NOON, message_id="m"),
        gift("5", 5, NOON + HOUR, region="US-TX"),
        later(0),
    ]
    kept = folded(*arrivals)
    settled, _ = fold(kept, [later(WEEK + 1)])
    assert durable(settled) == {"5", "later"}
    assert profile(DONOR, settled) == profile(DONOR, kept)


def test_messages_that_came_late_settle_in_the_order_in_which_they_happened() -> None:
    known = folded(sent("1", NOON), sent("2", NOON - HOUR), sent("3", NOON - 2 * HOUR), later(WEEK + 1))
    totals = known.settled.totals
    assert (totals.first, totals.last) == (NOON - 2 * HOUR, NOON)


def test_a_state_settles_more_than_once() -> None:
    known = folded(sent(), appended(NOON + DAY, sent("2")), later(WEEK + 1), appended(NOON + 2 * WEEK, retracted("0")))
    assert known.settled.totals.counts == {"email.sent": 2}


def test_what_settles_later_is_added_to_what_has_settled() -> None:
    known = folded(
        said("email.opened", "1", NOON, message_id="m", region="US-NY"),
        appended(NOON + WEEK + 1, said("email.opened", "2", NOON - HOUR, message_id="n", region="US-CA")),
        later(3 * WEEK),
    )
    seen = profile(DONOR, known)
    assert durable(known) == {"later"}
    assert seen["counts"] == {"email.opened": 2, "text.replied": 1}
    assert (seen["email"]["last_opened_at"], seen["zones"]["region"]) == ("2012-03-01T12:00:00.000Z", "US-NY")


def test_a_zone_that_settled_yields_to_a_later_one_and_no_other() -> None:
    settled = folded(said("email.sent", "5", NOON, message_id="m", region="US-NY"), later(WEEK + 1))
    for id_, time, region in [("4", NOON, "US-NY"), ("6", NOON, "US-CA"), ("9", NOON - 1, "US-NY")]:
        known, _ = fold(settled, [gift(id_, 5, time, region="US-CA")])
        assert profile(DONOR, known)["zones"]["region"] == region


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


def test_a_message_that_settles_in_two_steps_is_a_touch_of_when_it_first_came() -> None:
    """So it is the same whether both words of it settle at once or one by one."""
    told = [
        appended(NOON, said("email.delivered", "a", NOON + 10 * HOUR, message_id="m")),
        appended(NOON + 3 * DAY, said("email.sent", "b", NOON + 5 * HOUR, message_id="m")),
        appended(NOON + WEEK + 2, said("email.sent", "c", NOON + WEEK, message_id="x")),
        appended(NOON + 10 * DAY + 5, said("email.sent", "d", NOON + 10 * DAY, message_id="y")),
    ]
    facts = [arrival.fact() for arrival in told]
    one_by_one, at_once = (contact.fold(ContactState(), facts, patient=patient)[0] for patient in (False, True))
    assert one_by_one == at_once
    assert one_by_one.settled.horizon == NOON + 5 * HOUR - 30 * DAY
