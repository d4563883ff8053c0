"""A state takes 1 MiB of facts, and beyond it only what lets a person be left alone."""

from functools import cache

import pytest

from streams.domain.contact import ContactState, FoldOutcome, encode, profile
from streams.domain.contact.fold import RESERVE, ROOM
from tests.unit.domain.contact.said import (
    DAY,
    DONOR,
    NOON,
    Arrival,
    appended,
    apply,
    fold,
    gift,
    report,
    retracted,
    said,
)

LONG = "c" * 1_024


@cache
def full() -> ContactState:
    """Not even the smallest fact fits."""
    large = [gift(f"large {n}", 5, committee=LONG) for n in range(1_000)]
    small = [gift(f"{n}", 5) for n in range(20)]
    least = [said("rsvp.made", f"{n}", event_id="e") for n in range(99)]
    state, outcomes = fold(ContactState(), large + small + least)
    assert outcomes[0] is FoldOutcome.APPLIED
    assert outcomes[-1] is FoldOutcome.FULL
    return state


def outcome(arrival: Arrival) -> FoldOutcome:
    return apply(full(), arrival)[1]


def test_the_weight_is_the_size_of_the_facts_and_stays_within_the_room() -> None:
    assert ROOM - 200 < full().weight <= ROOM
    assert full().weight < len(encode(full())) < full().weight + 100


@pytest.mark.parametrize(
    "arrival",
    [
        gift("new", 5),
        said("email.sent", "new", message_id="m", list_id="l"),
        said("consent.changed", "new", channel="email", granted=True, list_id=LONG[:200]),
        report("new", outcome="contacted", support=3),
        said("email.opened", "new" * 50, message_id="m"),
    ],
    ids=lambda arrival: arrival.interaction.type,
)
def test_a_full_state_takes_no_more(arrival: Arrival) -> None:
    state, became = apply(full(), arrival)
    assert became is FoldOutcome.FULL
    assert profile(DONOR, state) == profile(DONOR, full())


@pytest.mark.parametrize(
    "arrival",
    [
        retracted("large 1"),
        said("email.unsubscribed", "new"),
        said("email.complained", "new"),
        said("text.opted_out", "new"),
        said("consent.changed", "new", channel="door", granted=False),
        report("new", outcome="do_not_contact"),
        report("new", outcome="refused"),
        report("new", outcome="deceased"),
    ],
)
def test_a_full_state_still_takes_retractions_and_refusals(arrival: Arrival) -> None:
    assert outcome(arrival) is FoldOutcome.APPLIED


def test_a_copy_that_a_full_state_knows_is_a_duplicate() -> None:
    assert outcome(gift("large 1", 5, committee=LONG)) is FoldOutcome.DUPLICATE


def test_the_reserve_ends_as_well() -> None:
    many = [report(f"no {n}", outcome="refused", tags_added=[LONG]) for n in range(300)]
    state, became = fold(full(), many)
    assert became[0] is FoldOutcome.APPLIED
    assert became[-1] is FoldOutcome.FULL
    assert ROOM < state.weight <= ROOM + RESERVE


def test_a_full_state_has_room_again_when_its_messages_settle() -> None:
    messages = [said("email.sent", f"{n:0250}", message_id="m") for n in range(4_000)]
    state, became = fold(ContactState(), messages)
    assert became[-1] is FoldOutcome.FULL
    assert apply(state, appended(NOON + 7 * DAY, gift("1", 5, committee=LONG)))[1] is FoldOutcome.FULL
    assert apply(state, appended(NOON + 7 * DAY + 1, gift("1", 5, committee=LONG)))[1] is FoldOutcome.APPLIED
