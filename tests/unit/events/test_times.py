import pytest

from events.times import parse_time

MIDNIGHT = 1_329_868_800_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2012-02-22t00:00:00z", MIDNIGHT),
        ("2012-02-22T00:00:00-00:00", MIDNIGHT),
        ("2012-02-21T19:00:00-05:00", MIDNIGHT),
        ("2012-02-22T00:00:00.5Z", MIDNIGHT + 500),
    ],
)
def test_a_time_with_an_offset_is_counted_in_utc(text: str, ms: int) -> None:
    assert parse_time(text) == ms


def test_a_time_is_cut_to_milliseconds_and_not_rounded() -> None:
    assert parse_time("2012-02-22T00:00:00.0019999999999999999Z") == MIDNIGHT + 1
    assert parse_time("1969-12-31T23:59:59.9999Z") == -1


def test_a_leap_second_is_the_last_millisecond_before_it() -> None:
    assert parse_time("2016-12-31T23:59:60Z") == parse_time("2016-12-31T23:59:59.999Z")
    assert parse_time("2016-12-31T23:59:60.5Z") == parse_time("2016-12-31T23:59:59.999Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1329868800",
        "2012-02-22",
        "2012-02-22T00:00:00",
        "2012-02-22 00:00:00Z",
        "2012-02-22T00:00Z",
        "2012-02-22T00:00:00,5Z",
        "2012-02-22T00:00:00.Z",
        "2012-02-22T24:00:00Z",
        "2012-02-22T00:60:00Z",
        "2012-02-22T00:00:61Z",
        "2012-02-30T00:00:00Z",
        "2012-W08-3T00:00:00Z",
        "20120222T000000Z",
        "2012-02-22T00:00:00+24:00",
        "2012-02-22T00:00:00Z\n",
        " 2012-02-22T00:00:00Z",
        "٢٠١٢-02-22T00:00:00Z",
        "2012-02-22 00:00:00.000Z",
        "2012-02-22T00:00:00,000Z",
        "2012-02-22T24:00:00.000Z",
        "2012-02-30T00:00:00.000Z",
        "2012-W08-3T00:00:00.000Z",
        "2012-02-22T00:00:00+0500",
        "2012-02-22T00:00:00.0000",
        "0001-01-01T00:00:00+0001",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_what_is_no_rfc_3339_time_between_the_years_1_and_9999_is_none(text: str) -> None:
    assert parse_time(text) is None
