"""A replay yields to live traffic: the further workers are behind, the slower it goes."""

from collections.abc import Iterator

import pytest

from streams.replay.pacing import BUSY, CALM, FASTEST, FIRST, SLOWEST, TOO_BUSY, Clock, Pace, Speed, next_speed


@pytest.mark.parametrize(
    ("before", "behind", "after"),
    [
        (Speed(1_000), 0, Speed(1_250)),
        (Speed(9_000), CALM, Speed(10_000)),
        (Speed(1_000), CALM + 1, Speed(1_000)),
        (Speed(1_000), BUSY, Speed(500)),
        (Speed(60), BUSY, Speed(SLOWEST)),
        (Speed(1_000), TOO_BUSY, Speed(500, paused=True)),
        (Speed(500, paused=True), BUSY, Speed(500, paused=True)),
        (Speed(500, paused=True), CALM + 1, Speed(500, paused=True)),
        (Speed(500, paused=True), CALM, Speed(500)),
    ],
)
def test_each_look_says_what_follows(before: Speed, behind: int, after: Speed) -> None:
    assert next_speed(before, behind, 10_000) == after


def test_nobody_goes_faster_than_was_asked_for() -> None:
    assert next_speed(Speed(10), BUSY, most=10) == Speed(10)
    assert next_speed(Speed(10), 0, most=10) == Speed(10)


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


def test_it_pauses_says_so_and_goes_on() -> None:
    behind: Iterator[int] = iter([0, TOO_BUSY, 3_000, 400])
    told: list[str] = []
    time = Time()
    pace = Pace(FIRST, lambda: next(behind), told.append, time.clock())

    assert took(pace, time, int(FIRST * 1.5)) > 3
    assert told == [
        "pausing: workers are 10,000 records behind",
        "going on at 1,000/s: workers are 400 records behind",
    ]


def test_it_says_once_that_it_goes_slower() -> None:
    told: list[str] = []
    time = Time()
    pace = Pace(FIRST, lambda: BUSY, told.append, time.clock())

    took(pace, time, int(FIRST) * 3)

    assert told == ["slower, 1,000/s: workers are 2,000 records behind"]
