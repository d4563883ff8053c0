"""Converts times between the contract's text (RFC 3339) and whole milliseconds since 1970, UTC.

`datetime.fromisoformat` alone accepts week dates, missing offsets and, depending on the Python version, 24:00; two
workers must never differ about a time, so a pattern of our own decides first.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _HOUR, _MINUTE, _SECOND = 86_400_000, 3_600_000, 60_000, 1_000
_FIRST = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_LAST = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1) + _DAY - 1
FIRST_MS = _FIRST
"""The first millisecond that can be written as a time."""
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
).fullmatch
_LENGTH = len("2012-02-22T00:00:00.000Z")
_MINUTES = [f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(24 * 60)]
_SECONDS = [f"{second:02}." for second in range(60)]
_MILLISECONDS = [f"{ms:03}Z" for ms in range(1_000)]
_MINUTE_AT = {text: minute * _MINUTE for minute, text in enumerate(_MINUTES)}
_SECOND_AT = {text: second * _SECOND for second, text in enumerate(_SECONDS)}
_MILLISECOND_AT = {text: ms for ms, text in enumerate(_MILLISECONDS)}


def parse_to_rendered(text: str) -> tuple[int, str] | None:
    """`parse_time`, and what `render_time` writes of it, which most texts are already."""
    if len(text) == _LENGTH and (ms := _as_rendered(text)) is not None:
        return ms, text
    time = parse_time(text)
    return None if time is None else (time, render_time(time))


def parse_time(text: str) -> int | None:
    """Milliseconds since 1970 of an RFC 3339 time with an offset, cut (never rounded) to milliseconds.

    A leap second counts as the last millisecond before it. None: not such a time, or outside the years 1 to 9999, UTC.
    """
    if len(text) == _LENGTH and (ms := _as_rendered(text)) is not None:
        return ms
    match = _RFC3339(text)
    if match is None:
        return None
    second, fraction, sign, hours, minutes = match.groups()
    leap = second == "60"
    try:
        delta = datetime.fromisoformat(f"{text[:17]}59+00:00" if leap else f"{text[:19]}+00:00") - _EPOCH
    except ValueError:
        return None
    ms = delta.days * _DAY + delta.seconds * _SECOND
    if leap:
        ms += 999
    elif fraction:
        ms += int(f"{fraction}00"[:3])
    if sign:
        offset = int(hours) * _HOUR + int(minutes) * _MINUTE
        ms += offset if sign == "-" else -offset
    return ms if _FIRST <= ms <= _LAST else None


def is_a_time(ms: int) -> bool:
    """Whether `render_time` can write it: it lies in the years 1 to 9999, UTC."""
    return _FIRST <= ms <= _LAST


def _as_rendered(text: str) -> int | None:
    """The time in a text of the length that `render_time` writes; None where that writes it otherwise.

    Most texts are written so, and to look their parts up costs a sixth of the pattern.
    """
    try:
        return _day(text[:10]) + _MINUTE_AT[text[10:17]] + _SECOND_AT[text[17:20]] + _MILLISECOND_AT[text[20:]]
    except (KeyError, ValueError):
        return None


@lru_cache(maxsize=4_096)
def _day(text: str) -> int:
    """The first millisecond of a date as `_date` writes it. Raises ValueError for any other text."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:  # a date of a week
        raise ValueError
    return (day - _EPOCH.date()).days * _DAY


def render_time(ms: int) -> str:
    """`2012-02-22T00:00:00.000Z`. Raises OverflowError outside the years 1 to 9999.

    Put together from tables, since a profile has up to a dozen times and `isoformat` takes six times as long.
    """
    minute = ms // _MINUTE
    return f"{_date(minute // 1_440)}{_MINUTES[minute % 1_440]}{_SECONDS[ms // 1_000 % 60]}{_MILLISECONDS[ms % 1_000]}"


@lru_cache(maxsize=4_096)
def _date(day: int) -> str:
    """The date so many days after 1970-01-01."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()
