"""Signal by signal: what counts, how much, and where its edges are."""

import pytest

from streams.domain.human import Act, Arrival, Signal
from streams.domain.human.known import WEEK
from streams.domain.human.score import milli_of
from streams.domain.human.weights import WEIGHTS
from tests.unit.domain.human.people import (
    APPLE,
    CHROME,
    DAY,
    HOUR,
    NOON,
    SECOND,
    answer,
    clicked,
    judged,
    opened,
    p_human,
    scan,
)


def test_of_an_open_of_which_nothing_is_known_nothing_is_known() -> None:
    assert p_human(opened(HOUR), arrived=None) == 0.5
    assert judged(opened(HOUR), arrived=None).signals == {}


@pytest.mark.parametrize(
    ("decibans", "milli"), [(0, 500), (10, 909), (-10, 91), (20, 990), (-30, 1), (60, 1000), (-99, 0)]
)
def test_ten_decibans_are_ten_times_the_odds(decibans: int, milli: int) -> None:
    assert milli_of(decibans) == milli


def test_of_each_kind_of_signal_only_the_strongest_counts() -> None:
    prefetched = judged(opened(2 * SECOND, APPLE, machine=True), answer("gift", HOUR), answer("reply", HOUR))
    assert prefetched.signals == {
        Signal.VENDOR_MACHINE: -17,
        Signal.AGENT_BARE: -10,
        Signal.AT_DELIVERY: -17,
        Signal.GIFT: 20,
        Signal.REPLY: 13,
    }
    assert prefetched.milli == milli_of(-17 + 20)


@pytest.mark.parametrize(
    ("after", "signal"),
    [
        (-HOUR, Signal.AT_DELIVERY),
        (10_000, Signal.AT_DELIVERY),
        (10_001, Signal.SOON),
        (60_000, Signal.SOON),
        (60_001, None),
    ],
)
def test_time_since_delivery(after: int, signal: Signal | None) -> None:
    assert set(judged(opened(after)).signals) == ({signal} if signal else set())
    assert set(judged(clicked(after)).signals) == {signal or Signal.LATER}


def test_delivery_is_the_earliest_report_of_it_and_sending_only_without_one() -> None:
    sent = Arrival("m", NOON - HOUR, NOON, delivered=False)
    again = Arrival("m", NOON + HOUR, NOON, delivered=True)
    other = Arrival("n", NOON + HOUR, NOON, delivered=True)
    assert Signal.AT_DELIVERY in judged(clicked(SECOND), sent, again, other).signals
    assert Signal.LATER in judged(clicked(SECOND), sent, arrived=None).signals
    assert judged(clicked(SECOND), other, arrived=None).signals == {}


@pytest.mark.parametrize(
    ("links", "apart", "signals"),
    [
        (2, 3_000, {Signal.TWO_LINKS}),
        (2, 3_001, set()),
        (3, 3_000, {Signal.TWO_LINKS}),
        (3, 2_500, {Signal.TWO_LINKS, Signal.MANY_LINKS}),
        (5, 7_500, {Signal.MANY_LINKS}),
        (5, 7_501, set()),
    ],
)
def test_links_at_once(links: int, apart: int, signals: set[Signal]) -> None:
    first, *others = scan(HOUR, None, links, apart)
    assert set(judged(first, *others).signals) - {Signal.LATER} == signals


@pytest.mark.parametrize(("after", "counts"), [(-1, False), (0, True), (DAY, True), (DAY + 1, False)])
def test_an_answer_counts_for_a_day(after: int, *, counts: bool) -> None:
    assert (Signal.GIFT in judged(opened(HOUR), answer("gift", HOUR + after)).signals) is counts


def test_a_click_speaks_for_the_opens_before_it() -> None:
    click = clicked(2 * HOUR, CHROME)
    assert judged(opened(HOUR, APPLE), click).signals[Signal.CLICKED] == 20
    assert judged(opened(2 * HOUR, APPLE), click).signals[Signal.CLICKED] == 20
    assert Signal.CLICKED not in judged(opened(3 * HOUR, APPLE), click).signals
    assert Signal.CLICKED not in judged(opened(SECOND, APPLE), *scan(SECOND)).signals
    assert judged(opened(HOUR), clicked(2 * HOUR, machine=True)).signals == {}
    assert judged(opened(HOUR), clicked(2 * HOUR, "Mozilla/5.0")).signals[Signal.CLICKED] == 5 - 5 + 3 + 10


def test_evidence_received_within_a_week_revises_an_act_and_later_evidence_does_not() -> None:
    act = opened(HOUR, APPLE, received=NOON)
    gift = answer("gift", 2 * HOUR)
    assert Signal.GIFT in judged(act, type(gift)("gift", gift.time, NOON + WEEK)).signals
    assert Signal.GIFT not in judged(act, type(gift)("gift", gift.time, NOON + WEEK + 1)).signals
    for received, counts in [
        (NOON - WEEK - 1, False),
        (NOON - WEEK, True),
        (NOON + WEEK, True),
        (NOON + WEEK + 1, False),
    ]:
        click = Act("click", "m", NOON + 2 * HOUR, received)
        assert (Signal.CLICKED in judged(act, click).signals) is counts
        delivered = Arrival("m", NOON + HOUR, received, delivered=True)
        assert (Signal.AT_DELIVERY in judged(act, delivered, arrived=None).signals) is counts


def test_no_weight_is_nothing_and_every_signal_but_one_has_one() -> None:
    assert all(weight for weights in WEIGHTS.values() for weight in weights.values())
    assert {signal for weights in WEIGHTS.values() for signal in weights} == set(Signal) - {Signal.CLICKED}
