"""Reads the values that vendors write: text, times, amounts, places.

Each function takes any JSON value and returns None for one that it cannot read. Nothing is guessed: a time without an
offset is read in the feed's zone, an amount must be exact in minor units.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from events.fields import MAX_TEXT
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.times import parse_time, render_time

_LAST_SECOND = 253_402_300_799
_MS = 1_000
_FIRST_MS = 10**11
_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII).fullmatch
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d{1,9})?", re.ASCII).fullmatch
_ADDRESS = re.compile(r"[^\s<>\"'(),;:@]+@[^\s<>\"'(),;:@]+")
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?)? ?(Z|UTC|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
).fullmatch
_NO_DECIMALS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())
_THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
"""ISO 4217: currencies whose minor unit is not a hundredth."""


def object_at(value: JSON, *path: str) -> dict[str, JSON]:
    """The object at a path of names; empty where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def objects_in(value: JSON) -> Sequence[dict[str, JSON]]:
    """The objects of a list; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else ()


def text_of(value: JSON) -> str | None:
    """A text without space around it, None where it is blank; a whole number is its digits."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def seconds(value: JSON, field: str) -> int | Refusal:
    """A time given as Unix seconds, whole or with a fraction, a number or its text; in ms since 1970."""
    number = _number(value)
    if number is not None and 0 < number <= _LAST_SECOND:
        return int(number * _MS)
    return Refusal(Reason.NO_TIME, f"{field}: give Unix seconds")


def milliseconds(value: JSON, field: str) -> int | Refusal:
    """A time given as milliseconds since 1970, a number or its text.

    A number that would be a day before March 1973 is refused: as seconds it is a day of today.
    """
    number = _number(value)
    if number is not None and _FIRST_MS <= number <= _LAST_SECOND * _MS:
        return int(number)
    return Refusal(Reason.NO_TIME, f"{field}: give milliseconds since 1970, 13 digits; 10 digits are seconds")


def _number(value: JSON) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value.strip()) if _AMOUNT(value.strip()) else None
    known = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return Decimal(str(value)) if known else None


def parse_moment(value: JSON, field: str, zone: str = "UTC") -> int | Refusal:
    """A time in ISO 8601, with a blank or a T, cut to ms since 1970; a day is its midnight.

    Without an offset it is read in `zone` (IANA); of an hour that daylight saving repeats the first is taken.
    """
    refusal = Refusal(Reason.NO_TIME, f"{field}: give an ISO 8601 time, such as 2012-02-22T00:00:00Z")
    match = _ISO(value.strip()) if isinstance(value, str) else None
    if match is None:
        return refusal
    day, minute, second, fraction, offset = match.groups()
    local = f"{day}T{minute or '00:00'}{second or ':00'}{fraction or ''}"
    if offset is None:
        return refusal if (read := _in_zone(local, zone)) is None else read
    offset = offset.upper()
    written = "Z" if offset in ("Z", "UTC") else f"{offset[:3]}:{offset[-2:]}"
    return refusal if (read := parse_time(local + written)) is None else read


def _in_zone(local: str, zone: str) -> int | None:
    whole = parse_time(local + "Z")
    named = _zone(zone)
    if whole is None or named is None:
        return None
    try:
        read = datetime.fromtimestamp(whole // _MS, UTC).replace(tzinfo=named)
        at = int(read.timestamp()) * _MS + whole % _MS
        return parse_time(render_time(at))
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def minor_units(value: JSON, currency: str = "USD") -> int | None:
    """An amount in whole minor units, exactly; may be 0 or less. None: no number, or a fraction of a cent.

    A comma only groups thousands: `25,50` is no amount, since without its comma it would be a hundred times as much.
    """
    if isinstance(value, str):
        value = value.strip().removeprefix("$")
        value = value.replace(",", "") if _GROUPED(value) else value
        if not _AMOUNT(value):
            return None
    elif not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value)).scaleb(decimals(currency))
        return int(amount) if amount == amount.to_integral_value() and abs(amount) < 10**15 else None
    except (InvalidOperation, OverflowError, ValueError):
        return None


def decimals(currency: str) -> int:
    """How many decimals a currency's amounts have (ISO 4217)."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def server_reason(value: JSON) -> str:
    """A mail server's reason, cut to the allowed length, without the e-mail addresses that it may repeat."""
    return _ADDRESS.sub("…", (text_of(value) or "")[:MAX_TEXT])


def present(**fields: JSON) -> dict[str, JSON]:
    """The fields that have a value: neither None nor an empty text, object or list."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", {}, [])}


STATES = frozenset(
    """AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA
    RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR UM VI""".split()
)
"""The subdivisions of the United States in ISO 3166-2. Those of the armed forces (AA, AE, AP) are none."""
_UNITED_STATES = frozenset({"", "US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA"})


def region(state: JSON, country: JSON = None) -> str | None:
    """The ISO 3166-2 region of a state, `US-OH` for `OH`; None for other values."""
    code = (text_of(state) or "").upper().removeprefix("US-")
    return f"US-{code}" if code in STATES and is_american(country) else None


def place(state: JSON, postal_code: JSON, country: JSON = None) -> dict[str, JSON]:
    """The region and postal code of a contact, where known; none of another country."""
    code = text_of(postal_code) if is_american(country) else None
    return present(region=region(state, country), postal_code=code)


def is_american(country: JSON) -> bool:
    """Whether a country, as forms write it, is the United States; an absent one is."""
    return (text_of(country) or "").upper() in _UNITED_STATES
