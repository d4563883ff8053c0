"""When a channel is open, by the clock of the person, in every zone that may be the person's."""

from streams.domain.pressure.hours import Opening, next_opening
from streams.domain.pressure.policy_values import HOUR, Hours
from tests.unit.domain.pressure.people import ms

NEW_YORK = ("America/New_York",)


def every_day(first: int, last: int, **other: Hours) -> tuple[Hours, ...]:
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return tuple(other.get(name, (first * HOUR, last * HOUR)) for name in names)


def test_the_clock_goes_forward_on_the_8th_of_march_and_back_on_the_1st_of_november() -> None:
    week = every_day(9, 20)
    saturday, sunday = (next_opening(NEW_YORK, week, ms(f"2026-03-0{day}T06:00:00Z")) for day in (7, 8))
    assert saturday == Opening(ms("2026-03-07T14:00:00Z"), ms("2026-03-08T01:00:00Z"))
    assert sunday == Opening(ms("2026-03-08T13:00:00Z"), ms("2026-03-09T00:00:00Z"))
    saturday, sunday = (next_opening(NEW_YORK, week, ms(f"2026-{day}T06:00:00Z")) for day in ("10-31", "11-01"))
    assert saturday == Opening(ms("2026-10-31T13:00:00Z"), ms("2026-11-01T00:00:00Z"))
    assert sunday == Opening(ms("2026-11-01T14:00:00Z"), ms("2026-11-02T01:00:00Z"))


def test_an_hour_that_the_clock_shows_twice_is_open_twice_and_one_that_it_skips_never() -> None:
    night = every_day(1, 3)
    twice = next_opening(NEW_YORK, night, ms("2026-11-01T04:00:00Z"))
    assert twice == Opening(ms("2026-11-01T05:00:00Z"), ms("2026-11-01T08:00:00Z"))
    skipped = next_opening(NEW_YORK, tuple([(2 * HOUR, 3 * HOUR)] * 7), ms("2026-03-08T05:00:00Z"))
    assert skipped == Opening(ms("2026-03-09T06:00:00Z"), ms("2026-03-09T07:00:00Z"))


def test_half_the_world_apart_it_never_opens() -> None:
    assert next_opening(("Europe/London", "Pacific/Auckland"), every_day(9, 18), ms("2026-07-01T00:00:00Z")) is None
