"""A replay yields to live traffic: the later workers are, the slower it goes."""

from collections.abc import Callable
from math import inf

import pytest

from streams.history.replay.pacing import (
    BUSY_S,
    CALM_S,
    FEW,
    FIRST,
    SLOWEST,
    TOO_BUSY_S,
    Clock,
    LagEstimator,
    Pacer,
    ReplaySpeed,
    WorkerLoad,
    next_speed,
)


@pytest.mark.parametrize(
    ("before", "late", "after"),
    [
        (ReplaySpeed(1_000), 0, ReplaySpeed(1_250)),
        (ReplaySpeed(9_000), CALM_S, ReplaySpeed(10_000)),
        (ReplaySpeed(1_000), CALM_S + 0.1, ReplaySpeed(1_000)),
        (ReplaySpeed(1_000), BUSY_S, ReplaySpeed(500)),
        (ReplaySpeed(60), BUSY_S, ReplaySpeed(SLOWEST)),
        (ReplaySpeed(1_000), TOO_BUSY_S, ReplaySpeed(500, paused=True)),
        (ReplaySpeed(500, paused=True), inf, ReplaySpeed(500, paused=True)),
        (ReplaySpeed(500, paused=True), CALM_S + 0.1, ReplaySpeed(500, paused=True)),
        (ReplaySpeed(500, paused=True), CALM_S, ReplaySpeed(500)),
    ],
)
def test_the_lag_of_workers_decides_the_next_replay_speed(before: ReplaySpeed, late: float, after: ReplaySpeed) -> None:
    assert next_speed(before, late, 10_000) == after


def test_a_replay_is_never_faster_than_its_rate() -> None:
    assert next_speed(ReplaySpeed(10), BUSY_S, most=10) == ReplaySpeed(10)
    assert next_speed(ReplaySpeed(10), 0, most=10) == ReplaySpeed(10)


def test_the_lag_in_seconds_depends_on_the_workers_speed() -> None:
    lateness = LagEstimator()
    unknown = [lateness.seconds(WorkerLoad(4_000, 1_000 * now), now) for now in range(3)]

    assert all(CALM_S < late < BUSY_S for late in unknown)
    assert [lateness.seconds(WorkerLoad(4_000, 1_000 * now), now) for now in range(3, 12)] == [4.0] * 9
    assert lateness.seconds(WorkerLoad(FEW, 11_000), 12) == 0
    assert [lateness.seconds(WorkerLoad(4_000, 11_000), now) for now in range(13, 20)][-1] == inf


class Time:
    """A clock that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)


def took(pace: Pacer, time: Time, records: int) -> float:
    begun = time.now
    for _ in range(records):
        pace()
    return time.now - begun


@pytest.mark.parametrize("rate", [3.0, 1_000.0])
def test_the_pacer_holds_its_rate(rate: float) -> None:
    time = Time()
    pace = Pacer(rate, None, pytest.fail, time.clock())

    assert took(pace, time, int(rate) * 20) == pytest.approx(20, abs=1)


def working(time: Time, behind: Callable[[float], int]) -> Callable[[], WorkerLoad]:
    """Workers that do 1,000 records a second, and are behind by so many at a time."""
    return lambda: WorkerLoad(behind(time.now), int(1_000 * time.now))


def test_the_pacer_says_that_it_pauses_and_goes_on() -> None:
    told: list[str] = []
    time = Time()
    late = working(time, lambda now: 9_000 if 5 <= now < 8 else 0)
    pace = Pacer(FIRST, late, told.append, time.clock())

    assert took(pace, time, int(FIRST) * 9) > 12
    pausing, going_on = told
    assert pausing.startswith("pausing: workers are 9,000 records or 9 s behind")
    assert going_on == "going on at 1,000/s: workers are 0 records behind"
