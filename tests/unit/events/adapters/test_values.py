"""Times and money as vendors write them: exactly, or not at all."""

import pytest

from events.adapters.values import milliseconds, minor_units, parse_moment, seconds, server_reason
from events.json_types import JSON
from events.refusal import Refusal
from events.times import parse_time


@pytest.mark.parametrize(
    ("text", "zone", "wanted"),
    [
        ("2025-11-24T11:00:00.9999", "America/New_York", "2025-11-24T16:00:00.999Z"),
        ("2025-11-02 01:30", "America/New_York", "2025-11-02T05:30:00.000Z"),
        ("2025-03-09 02:30", "America/New_York", "2025-03-09T07:30:00.000Z"),
        ("2025-11-24", "Asia/Tokyo", "2025-11-23T15:00:00.000Z"),
        ("2025-11-24 16:00 UTC", "Asia/Tokyo", "2025-11-24T16:00:00.000Z"),
        ("1969-12-31T23:59:59.250", "UTC", "1969-12-31T23:59:59.250Z"),
    ],
)
def test_a_time_without_an_offset_is_read_in_the_zone(text: str, zone: str, wanted: str) -> None:
    assert parse_moment(text, "at", zone) == parse_time(wanted)


@pytest.mark.parametrize(("text", "zone"), [("0001-01-01", "Asia/Tokyo"), ("9999-12-31 23:59", "America/New_York")])
def test_a_time_that_its_zone_takes_beyond_the_years_is_none(text: str, zone: str) -> None:
    assert isinstance(parse_moment(text, "at", zone), Refusal)


@pytest.mark.parametrize("value", [1_764_000_000.125, "1764000000.125", "1764000000.1259"])
def test_unix_seconds_are_cut_to_milliseconds(value: JSON) -> None:
    assert seconds(value, "at") == 1_764_000_000_125


@pytest.mark.parametrize("value", [1_764_000_000_125, "1764000000125", "1764000000125.9"])
def test_milliseconds_since_1970_are_cut_to_whole_ones(value: JSON) -> None:
    assert milliseconds(value, "at") == 1_764_000_000_125


@pytest.mark.parametrize("value", ["1764000000", 1_764_000_000, "", None, True, float("nan"), "24.11.2025", 10**18])
def test_seconds_are_never_read_as_milliseconds(value: JSON) -> None:
    assert isinstance(milliseconds(value, "at"), Refusal)


@pytest.mark.parametrize("value", [1_764_000_000_125, "1764000000125", float("inf"), float("nan"), -1, False])
def test_milliseconds_are_never_read_as_seconds(value: JSON) -> None:
    assert isinstance(seconds(value, "at"), Refusal)


@pytest.mark.parametrize(
    ("value", "currency", "wanted"),
    [
        ("25,50", "USD", None),
        ("25,5", "USD", None),
        ("1,00", "USD", None),
        ("$1,025.50", "USD", 102_550),
        ("1,234,567", "USD", 123_456_700),
        ("12,34,567", "USD", None),
        (0.29, "USD", 29),
        (1.005, "USD", None),
        ("2550", "JPY", 2550),
        ("1.234", "KWD", 1234),
    ],
)
def test_an_amount_is_exact_in_minor_units_or_none(value: JSON, currency: str, wanted: int | None) -> None:
    assert minor_units(value, currency) == wanted


def test_a_reason_names_nobody() -> None:
    assert server_reason(" 550 5.1.1 <ada.b+x@example.org>: ada@example.org unknown ") == "550 5.1.1 <…>: … unknown"
    assert server_reason(None) == ""
