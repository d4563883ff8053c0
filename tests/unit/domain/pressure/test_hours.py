"""When a channel is open, by the clock of the person, in every zone that may be the person's."""

from streams.domain.pressure.hours import Opening, next_opening
from streams.domain.pressure.policy_values import CLOSED, DAY, HOUR, MINUTE, Hours
from streams.domain.pressure.time_zones import zones_of_region
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


def test_in_europe_it_goes_forward_on_the_29th_of_march_and_back_on_the_25th_of_october() -> None:
    week, berlin = every_day(9, 20), ("Europe/Berlin",)
    before, after = (next_opening(berlin, week, ms(f"2026-03-{day}T02:00:00Z")) for day in (28, 29))
    assert before == Opening(ms("2026-03-28T08:00:00Z"), ms("2026-03-28T19:00:00Z"))
    assert after == Opening(ms("2026-03-29T07:00:00Z"), ms("2026-03-29T18:00:00Z"))
    before, after = (next_opening(berlin, week, ms(f"2026-10-{day}T02:00:00Z")) for day in (24, 25))
    assert before == Opening(ms("2026-10-24T07:00:00Z"), ms("2026-10-24T18:00:00Z"))
    assert after == Opening(ms("2026-10-25T08:00:00Z"), ms("2026-10-25T19:00:00Z"))


def test_between_the_changes_of_two_continents_both_must_be_open() -> None:
    """From the 8th to the 29th of March New York and Berlin are five hours apart, else six."""
    week, both = every_day(9, 20), ("America/New_York", "Europe/Berlin")
    assert next_opening(both, week, ms("2026-03-07T05:00:00Z")) == Opening(
        ms("2026-03-07T14:00:00Z"), ms("2026-03-07T19:00:00Z")
    )
    assert next_opening(both, week, ms("2026-03-15T05:00:00Z")) == Opening(
        ms("2026-03-15T13:00:00Z"), ms("2026-03-15T19:00:00Z")
    )
    assert next_opening(both, week, ms("2026-03-29T05:00:00Z")) == Opening(
        ms("2026-03-29T13:00:00Z"), ms("2026-03-29T18:00:00Z")
    )


def test_an_hour_that_the_clock_shows_twice_is_open_twice_and_one_that_it_skips_never() -> None:
    night = every_day(1, 3)
    twice = next_opening(NEW_YORK, night, ms("2026-11-01T04:00:00Z"))
    assert twice == Opening(ms("2026-11-01T05:00:00Z"), ms("2026-11-01T08:00:00Z"))
    skipped = next_opening(NEW_YORK, tuple([(2 * HOUR, 3 * HOUR)] * 7), ms("2026-03-08T05:00:00Z"))
    assert skipped == Opening(ms("2026-03-09T06:00:00Z"), ms("2026-03-09T07:00:00Z"))


def test_a_split_state_is_open_where_both_halves_are() -> None:
    tennessee = zones_of_region("US-TN")
    assert next_opening(tennessee, every_day(9, 20), ms("2026-07-01T01:00:00Z")) == Opening(
        ms("2026-07-01T14:00:00Z"), ms("2026-07-02T00:00:00Z")
    )


def test_within_the_hours_it_is_open_since_now() -> None:
    now = ms("2026-07-01T15:30:00Z")
    assert next_opening(NEW_YORK, every_day(9, 20), now) == Opening(now, ms("2026-07-02T00:00:00Z"))


def test_the_last_moment_is_before_the_end() -> None:
    end = ms("2026-07-02T00:00:00Z")
    assert next_opening(NEW_YORK, every_day(9, 20), end - 1) == Opening(end - 1, end)
    assert next_opening(NEW_YORK, every_day(9, 20), end) == Opening(end + 13 * HOUR, end + DAY)


def test_each_weekday_may_have_its_own() -> None:
    week = every_day(9, 20, saturday=CLOSED, sunday=(12 * HOUR + 30 * MINUTE, 20 * HOUR))
    friday_night = ms("2026-07-04T00:00:00Z")
    assert next_opening(NEW_YORK, week, friday_night) == Opening(ms("2026-07-05T16:30:00Z"), ms("2026-07-06T00:00:00Z"))


def test_all_day_every_day_has_no_end_within_a_week() -> None:
    now = ms("2026-07-01T15:30:00Z")
    opening = next_opening(NEW_YORK, every_day(0, 24), now)
    assert opening is not None
    assert opening.since == now
    assert opening.until >= now + 7 * DAY


def test_half_the_world_apart_it_never_opens() -> None:
    assert next_opening(("Europe/London", "Pacific/Auckland"), every_day(9, 18), ms("2026-07-01T00:00:00Z")) is None
