"""A replay yields to live traffic: the later workers are, the slower it goes."""

from collections.abc import Callable
from math import inf

import pytest

from streams.history.replay.pacing import (
    BUSY_S,
    CALM_S,
    FASTEST,
    FEW,
    FIRST,
    SLOWEST,
    TOO_BUSY_S,
    Clock,
    Lateness,
    Look,
    Pace,
    Speed,
    next_speed,
)


@pytest.mark.parametrize(
    ("before", "late", "after"),
    [
        (Speed(1_000), 0, Speed(1_250)),
        (Speed(9_000), CALM_S, Speed(10_000)),
        (Speed(1_000), CALM_S + 0.1, Speed(1_000)),
        (Speed(1_000), BUSY_S, Speed(500)),
        (Speed(60), BUSY_S, Speed(SLOWEST)),
        (Speed(1_000), TOO_BUSY_S, Speed(500, paused=True)),
        (Speed(500, paused=True), inf, Speed(500, paused=True)),
        (Speed(500, paused=True), CALM_S + 0.1, Speed(500, paused=True)),
        (Speed(500, paused=True), CALM_S, Speed(500)),
    ],
)
def test_each_look_says_what_follows(before: Speed, late: float, after: Speed) -> None:
    assert next_speed(before, late, 10_000) == after


def test_nobody_goes_faster_than_was_asked_for() -> None:
    assert next_speed(Speed(10), BUSY_S, most=10) == Speed(10)
    assert next_speed(Speed(10), 0, most=10) == Speed(10)


def test_how_late_workers_are_goes_by_how_fast_they_work() -> None:
    lateness = Lateness()
    unknown = [lateness.seconds(Look(4_000, 1_000 * now), now) for now in range(3)]

    assert all(CALM_S < late < BUSY_S for late in unknown)
    assert [lateness.seconds(Look(4_000, 1_000 * now), now) for now in range(3, 12)] == [4.0] * 9
    assert lateness.seconds(Look(FEW, 11_000), 12) == 0
    assert [lateness.seconds(Look(4_000, 11_000), now) for now in range(13, 20)][-1] == inf


class Time:
    """A clock that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)


def took(pace: Pace, time: Time, records: int) -> float:
    begun = time.now
    for _ in range(records):
        pace()
    return time.now - begun


@pytest.mark.parametrize("rate", [3.0, 1_000.0])
def test_a_rate_is_held(rate: float) -> None:
    time = Time()
    pace = Pace(rate, None, pytest.fail, time.clock())

    assert took(pace, time, int(rate) * 20) == pytest.approx(20, abs=1)


def test_without_workers_to_look_at_and_a_rate_it_is_fast() -> None:
    time = Time()

    assert took(Pace(None, None, pytest.fail, time.clock()), time, int(FASTEST)) <= 1


def working(time: Time, behind: Callable[[float], int]) -> Callable[[], Look]:
    """Workers that do 1,000 records a second, and are behind by so many at a time."""
    return lambda: Look(behind(time.now), int(1_000 * time.now))


def test_it_pauses_says_so_and_goes_on() -> None:
    told: list[str] = []
    time = Time()
    late = working(time, lambda now: 9_000 if 5 <= now < 8 else 0)
    pace = Pace(FIRST, late, told.append, time.clock())

    assert took(pace, time, int(FIRST) * 9) > 12
    pausing, going_on = told
    assert pausing.startswith("pausing: workers are 9,000 records or 9 s behind")
    assert going_on == "going on at 1,000/s: workers are 0 records behind"


def test_it_says_once_that_it_goes_slower() -> None:
    told: list[str] = []
    time = Time()
    pace = Pace(FIRST, working(time, lambda _: 2_100), told.append, time.clock())

    took(pace, time, int(FIRST) * 6)

    assert told == ["slower, 1,000/s: workers are 2,100 records or 2 s behind"]
