"""Reads the times that options of commands give, and the time that it is now."""

from __future__ import annotations

import re
import time

from events.times import parse_time
from streams.cli.failures import WRONG_USE, refuse

_span = re.compile(r"(\d{1,6})([mhd])").fullmatch
_MINUTES = {"m": 1, "h": 60, "d": 1440}


def now_ms() -> int:
    """The time now, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def parse_time_option(option: str, text: str) -> int:
    """An RFC 3339 time in ms since 1970. Ends the command where it is none."""
    at = parse_time(text)
    if at is None:
        refuse(f"{option}: give RFC 3339 with an offset, such as 2012-11-07T00:00:00Z", WRONG_USE)
    return at


def parse_moment_option(option: str, text: str | None) -> int | None:
    """A date or an RFC 3339 time in ms since 1970; None: not given. Ends the command where it is neither."""
    from streams.history.lake.input_files import parse_moment

    found = None if text is None else parse_moment(text)
    if text is not None and found is None:
        refuse(f"{option}: give a date, such as 2012-02-22, or an RFC 3339 time with an offset", WRONG_USE)
    return found


def parse_span_options(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """The times of `--from` and `--to`, ms since 1970. Ends the command where the first is not before the second."""
    first, last = parse_moment_option("--from", since), parse_moment_option("--to", until)
    if first is not None and last is not None and first >= last:
        refuse("--from: give a time before `--to`", WRONG_USE)
    return first, last


def parse_moment_or_age(option: str, text: str) -> int:
    """An RFC 3339 time, or a span before now such as `2h`, in ms since 1970. Ends the command where it is neither."""
    if found := _span(text):
        return now_ms() - int(found[1]) * _MINUTES[found[2]] * 60_000
    at = parse_time(text)
    if at is None:
        refuse(f"{option}: give RFC 3339 with an offset, such as 2012-11-07T00:00:00Z, or 30m, 2h, 7d ago", WRONG_USE)
    return at
