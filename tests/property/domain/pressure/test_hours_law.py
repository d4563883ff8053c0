"""The hours are right in every zone of the pinned table, in all of 2026 and closest around its changes of the clock."""

from datetime import datetime, time, timedelta
from functools import cache
from importlib.resources import files

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from streams.domain.pressure import answer, prepare
from streams.domain.pressure.hours import Week, clock, next_opening, open_stretches
from streams.domain.pressure.policy_values import CLOSED, DAY, HOUR, MINUTE
from tests.property.domain.pressure.recount import clock_is_in, moment
from tests.unit.domain.pressure.people import asking, default, ms, person

ZONES = sorted(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
NEW_YEAR = ms("2026-01-01T00:00:00Z") // DAY
DAYS = range(NEW_YEAR, NEW_YEAR + 365)
QUARTER = 15 * MINUTE
SUNDAY = 6
WEEK: Week = (
    (9 * HOUR, 20 * HOUR),
    (0, 24 * HOUR),
    (30 * MINUTE, 90 * MINUTE),
    CLOSED,
    (22 * HOUR + 15 * MINUTE, 24 * HOUR),
    (2 * HOUR, 3 * HOUR),
    (1 * HOUR, 2 * HOUR + 30 * MINUTE),
)
"""Sunday, when most clocks change, is open in the hour that comes twice and cut in the one that is skipped."""


@cache
def changes(zone: str) -> list[int]:
    """The days of 2026, UTC, in which a zone's clock changes."""

    def ahead(day: int) -> timedelta | None:
        return moment(day * DAY).astimezone(clock(zone)).utcoffset()

    return [day for day in DAYS if ahead(day) != ahead(day + 1)]


def is_open(zones: tuple[str, ...], week: Week, at: int) -> bool:
    return all(clock_is_in(week, moment(at).astimezone(clock(zone))) for zone in zones)


@pytest.mark.parametrize("first", range(0, len(ZONES), 60))
def test_around_both_changes_of_2026_in_every_zone(first: int) -> None:
    for zone in ZONES[first : first + 60]:
        days = {near for day in changes(zone) for near in (day - 1, day, day + 1)} or set(DAYS[180:182])
        for day in days:
            stretches = open_stretches((zone,), WEEK, day)
            for at in range(day * DAY, (day + 1) * DAY, QUARTER):
                expected = clock_is_in(WEEK, moment(at).astimezone(clock(zone)))
                assert any(since <= at < until for since, until in stretches) == expected, (zone, moment(at))


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("America/New_York", ["2026-03-08", "2026-11-01"]),
        ("America/Los_Angeles", ["2026-03-08", "2026-11-01"]),
        ("America/Adak", ["2026-03-08", "2026-11-01"]),
        ("Europe/Berlin", ["2026-03-29", "2026-10-25"]),
        ("Europe/London", ["2026-03-29", "2026-10-25"]),
        ("Atlantic/Azores", ["2026-03-29", "2026-10-25"]),
        ("America/Phoenix", []),
        ("Pacific/Honolulu", []),
    ],
)
def test_the_clocks_change_on_the_days_on_which_they_do(zone: str, days: list[str]) -> None:
    assert [f"{moment(day * DAY):%Y-%m-%d}" for day in changes(zone)] == days


CHANGES = [ms(f"2026-{day}T00:00:00Z") for day in ("03-08", "03-29", "10-25", "11-01")]
"""Sundays all of them, so the default policy's texts begin at noon."""


@pytest.mark.parametrize("midnight", CHANGES)
def test_a_text_is_allowed_by_the_clock_of_every_zone_on_the_days_on_which_clocks_change(midnight: int) -> None:
    policy, request = default(), asking("text", "informational")
    people = {zone: person(zones={"time_zone": zone, "region": None, "postal_code": None}) for zone in ZONES}
    assert len(people) > 400
    for at in range(midnight - 6 * HOUR, midnight + 30 * HOUR, HOUR // 2):
        question = prepare(policy, request, at)
        for zone, known in people.items():
            local = datetime.fromtimestamp(at // 1000, clock(zone))
            opens = time(12) if local.weekday() == SUNDAY else time(9)
            allowed = answer(question, known).decision == "allow"
            assert allowed == (opens <= local.time() < time(20)), (zone, local)


def test_most_zones_that_change_their_clocks_do_so_twice() -> None:
    twice = [zone for zone in ZONES if len(changes(zone)) == 2]
    assert {"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Gaza"} <= set(twice)


weeks = st.lists(
    st.tuples(st.integers(0, 95), st.integers(1, 96)).map(
        lambda quarters: (quarters[0] * QUARTER, quarters[1] * QUARTER) if quarters[0] < quarters[1] else CLOSED
    ),
    min_size=7,
    max_size=7,
).map(tuple)


@given(st.lists(st.sampled_from(ZONES), min_size=1, max_size=4, unique=True), weeks, st.data())
def test_an_opening_is_the_first_and_ends_when_it_says(zones: list[str], week: Week, data: st.DataObject) -> None:
    near = [day for zone in zones for day in changes(zone)] or list(DAYS[100:101])
    start = data.draw(st.sampled_from(near)) * DAY
    at = start + data.draw(st.integers(-2 * DAY, DAY))
    where = tuple(sorted(zones))
    opening = next_opening(where, week, at)
    event("never" if opening is None else f"in {(opening.since - at) // DAY} days, for {(opening.until - at) // DAY}")
    horizon = at + 8 * DAY if opening is None else opening.since
    assert not any(is_open(where, week, t) for t in range(at, horizon, QUARTER))
    if opening is None:
        return
    assert opening.since == at or not is_open(where, week, opening.since - 1)
    assert all(is_open(where, week, t) for t in [*range(opening.since, opening.until, QUARTER), opening.until - 1])
    assert not is_open(where, week, opening.until) or opening.until - at > 7 * DAY
