"""Spans of time in hours, days and weeks of a time zone, in which a day may have 23 or 25 hours."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from events.topics import INTERACTIONS, OUTPUT_TOPICS

By = Literal["hour", "day", "week"]

_MS = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_MS = 3_600_000
TOPIC_DAYS = next(topic.retention_ms for topic in OUTPUT_TOPICS if topic.name == INTERACTIONS) // (24 * HOUR_MS)
"""Retention of `interactions` in days: how far back history goes where there is no lake."""


class Span(NamedTuple):
    """From `since` up to but without `until`, in ms since 1970."""

    since: int
    until: int

    def wider(self, before: int, after: int) -> "Span":
        """The span with this many ms more on either side."""
        return Span(self.since - before, self.until + after)

    def utc_dates(self) -> tuple[str, str]:
        """Its first and last UTC date."""
        return _utc_date(self.since), _utc_date(max(self.since, self.until - 1))


def midnight(day: date, zone: str) -> int:
    """When a day begins in a time zone, in ms since 1970."""
    return (datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) - _EPOCH) // _MS


def day_span(day: date, zone: str) -> Span:
    """A whole day in a time zone."""
    return Span(midnight(day, zone), midnight(day + timedelta(days=1), zone))


def day_of(ms: int, zone: str) -> date:
    """The date in a time zone at a time in ms since 1970."""
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(ZoneInfo(zone)).date()


def period_starts(by: By, span: Span, zone: str) -> list[int]:
    """When each hour, day or week begins that overlaps a span.

    An hour that comes twice in autumn is two. A week begins on Monday.
    """
    first = day_of(span.since, zone)
    if by == "week":
        first -= timedelta(days=first.weekday())
    found = [midnight(first, zone)]
    if by == "hour":
        while found[-1] + HOUR_MS <= span.since:
            found.append(found[-1] + HOUR_MS)
        return list(range(found[-1], span.until, HOUR_MS))
    step = timedelta(days=7 if by == "week" else 1)
    while (following := midnight(first := first + step, zone)) < span.until:
        found.append(following)
    return found


def index_of(ms: int, beginnings: Sequence[int]) -> int:
    """The index of the beginning at or before a time; `beginnings` are sorted."""
    return bisect_right(beginnings, ms) - 1


def _utc_date(ms: int) -> str:
    return (_EPOCH + timedelta(milliseconds=ms)).date().isoformat()
