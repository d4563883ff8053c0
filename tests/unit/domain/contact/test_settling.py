"""Messages are recognised for a week of append time and then only counted; everything else is recognised for ever."""

import pytest

from events.registry import MESSAGES, types_that
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
    later,
    outcomes,
    retracted,
    said,
)
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
