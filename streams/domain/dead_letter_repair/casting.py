"""Casts of single values to another kind, such as text to a number, where that needs no guess.

A value that cannot be cast stays as it is, so that its record is refused again.
"""

from datetime import UTC, datetime, timedelta
from math import isfinite
from zoneinfo import ZoneInfo

from events.contact import is_time_zone
from events.json_types import JSON
from events.times import parse_time, render_time

KINDS = ("int", "float", "bool", "str", "time", "time_s", "time_ms")
_ZONE = "time@"
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
_LONGEST = 64
_MOST = 2**53
"""The largest whole number that every JSON reader keeps."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_kind(text: str) -> bool:
    """Whether there is a cast of that name; `time@America/New_York` reads times without an offset as of that zone."""
    return text in KINDS or (text.startswith(_ZONE) and is_time_zone(text.removeprefix(_ZONE)))


def cast(value: JSON, kind: str) -> JSON:
    """The value as that kind, or as it was. Never raises."""
    try:
        made = _cast(value, kind)
    except (ValueError, OverflowError):
        return value
    return value if made is None else made


def _cast(value: JSON, kind: str) -> JSON:
    if isinstance(value, str) and len(value) > _LONGEST:
        return None
    match kind:
        case "int":
            return _whole(value)
        case "float":
            return _number(value)
        case "bool":
            return _truth(value)
        case "str":
            return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
        case "time":
            return _time(value, None)
        case "time_s" | "time_ms":
            return _since_1970(value, 1000 if kind == "time_s" else 1)
        case _:
            return _time(value, ZoneInfo(kind.removeprefix(_ZONE)))


def _whole(value: JSON) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | float):
        return None
    if isinstance(value, str):
        return int(value) if value.strip().isascii() and "_" not in value else None
    return int(value) if value.is_integer() and abs(value) <= _MOST else None


def _number(value: JSON) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, str) and (not value.strip().isascii() or "_" in value):
        return None
    found = float(value)
    return found if isfinite(found) else None


def _truth(value: JSON) -> bool | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    word = str(value).strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _time(value: JSON, zone: ZoneInfo | None) -> str | None:
    if not isinstance(value, str):
        return None
    text = value.strip().replace(" ", "T", 1)
    at = parse_time(text)
    if at is None and zone is not None:
        local = datetime.fromisoformat(text)
        if local.tzinfo is None and "T" in text:
            at = (local.replace(tzinfo=zone) - _EPOCH) // timedelta(milliseconds=1)
    return None if at is None else render_time(at)


def _since_1970(value: JSON, ms: int) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    number = float(value)
    return render_time(int(number * ms)) if isfinite(number) else None
