"""When a channel is open where a person is: the clock is inside the hours in every zone that may be the person's.

An hour that the clock shows twice is open twice, one that it skips is never there. The zones are those of the pinned
package `tzdata`, not of the machine: every process must judge alike.
"""

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streams.domain.pressure.policy_values import DAY, Hours

Week = tuple[Hours, ...]
"""The hours of the seven days from Monday on."""

Stretch = tuple[int, int]
"""From the first ms on, up to the second."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = 1_000
_FIRST_WEEKDAY = 3
_A_YEAR = 367
_A_WEEK = 8


class Opening(NamedTuple):
    """`since` is never before the time that was asked about. `until`, ms, is right up to a week; later ends are cut."""

    since: int
    until: int


def next_opening(zones: tuple[str, ...], week: Week, at: int) -> Opening | None:
    """The first time at or after `at` (ms) that the channel is open in all `zones`; None: never within a year."""
    today = at // DAY
    for day in range(today, today + _A_YEAR):
        for since, until in open_stretches(zones, week, day):
            if until > at:
                return Opening(max(since, at), _end(zones, week, day, until))
    return None


def _end(zones: tuple[str, ...], week: Week, day: int, until: int) -> int:
    """A stretch that reaches midnight, UTC, goes on where the next day begins with one."""
    for following in range(day + 1, day + 1 + _A_WEEK):
        if until != following * DAY:
            return until
        stretches = open_stretches(zones, week, following)
        if not stretches or stretches[0][0] != until:
            return until
        until = stretches[0][1]
    return until


@lru_cache(maxsize=16_384)
def open_stretches(zones: tuple[str, ...], week: Week, day: int) -> tuple[Stretch, ...]:
    """When the channel is open in all `zones` within one day, UTC, counted from 1970-01-01."""
    shared = [(day * DAY, (day + 1) * DAY)]
    for zone in zones:
        opened = _open_in(zone, week, day)
        shared = [
            (max(a, since), min(b, until))
            for a, b in shared
            for since, until in opened
            if max(a, since) < min(b, until)
        ]
    return tuple(shared)


@lru_cache(maxsize=16_384)
def _open_in(zone: str, week: Week, day: int) -> tuple[Stretch, ...]:
    opened: list[Stretch] = []
    for first, last, offset in _offsets(zone, day):
        for local_day in range((first + offset) // DAY, (last + offset - 1) // DAY + 1):
            hours = week[(local_day + _FIRST_WEEKDAY) % 7]
            since = max(first, local_day * DAY + hours[0] - offset)
            until = min(last, local_day * DAY + hours[1] - offset)
            if since < until:
                opened.append((since, until))
    return _joined(opened)


def _joined(stretches: list[Stretch]) -> tuple[Stretch, ...]:
    joined: list[Stretch] = []
    for since, until in stretches:
        if joined and joined[-1][1] == since:
            joined[-1] = (joined[-1][0], until)
        else:
            joined.append((since, until))
    return tuple(joined)


def _offsets(zone: str, day: int) -> tuple[tuple[int, int, int], ...]:
    """How far the clock is ahead of UTC within a day, UTC: (from, up to, ms ahead). No zone changes twice in a day."""
    first, last = day * DAY, (day + 1) * DAY
    before, after = _offset(zone, first), _offset(zone, last - _SECOND)
    if before == after:
        return ((first, last, before),)
    low, high = first, last - _SECOND
    while high - low > _SECOND:
        middle = (low + high) // 2 // _SECOND * _SECOND
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return ((first, high, before), (high, last, after))


def _offset(zone: str, at: int) -> int:
    ahead = (_EPOCH + timedelta(milliseconds=at)).astimezone(clock(zone)).utcoffset()
    return 0 if ahead is None else ahead // _MILLISECOND


@cache
def clock(zone: str) -> ZoneInfo:
    """The pinned rules of an IANA time zone."""
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=zone)
