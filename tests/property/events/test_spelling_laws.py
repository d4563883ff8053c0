from datetime import UTC, datetime, timedelta, timezone

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.normalise import normalise_email, normalise_phone
from events.times import parse_time, parse_to_rendered, render_time

FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.integers(FIRST, LAST))
@example(FIRST)
@example(LAST)
def test_parsing_undoes_rendering(ms: int) -> None:
    assert parse_time(render_time(ms)) == ms


@given(st.integers(FIRST, LAST))
@example(FIRST)
@example(LAST)
@example(-1)
def test_a_time_is_written_as_the_standard_library_writes_it(ms: int) -> None:
    moment = EPOCH + timedelta(milliseconds=ms)
    assert render_time(ms) == moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


@given(st.integers(max_value=FIRST - 1) | st.integers(LAST + 1))
@example(FIRST - 1)
@example(LAST + 1)
def test_a_time_that_has_no_year_of_four_digits_is_not_written(ms: int) -> None:
    with pytest.raises(OverflowError):
        render_time(ms)


@given(st.datetimes(timezones=offsets))
def test_a_time_is_what_the_standard_library_makes_of_it(moment: datetime) -> None:
    ms = (moment - EPOCH) // timedelta(milliseconds=1)
    assert parse_time(moment.isoformat()) == (ms if FIRST <= ms <= LAST else None)


WRITTEN = "2012-02-22T00:00:00.000Z"
pattern = st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
nearly = st.tuples(st.integers(0, len(WRITTEN) - 1), st.sampled_from("0123456789TtZz:.,+- W")).map(
    lambda change: WRITTEN[: change[0]] + change[1] + WRITTEN[change[0] + 1 :]
)


@given(nearly)
def test_a_time_that_is_nearly_as_we_write_it_is_judged_like_any_other(text: str) -> None:
    assert parse_time(text) == (parse_time(f"{text[:-1]}0{text[-1]}") if text[19:20] == "." else None)


@given(st.text() | pattern | nearly | st.integers(FIRST, LAST).map(render_time))
def test_a_text_is_written_anew_as_the_time_that_it_is(text: str) -> None:
    ms = parse_time(text)
    assert parse_to_rendered(text) == (None if ms is None else (ms, render_time(ms)))


@given(st.text() | pattern | nearly)
def test_any_text_is_a_time_or_none(text: str) -> None:
    ms = parse_time(text)
    if ms is not None:
        assert parse_time(render_time(ms)) == ms


addresses = st.tuples(st.text(min_size=1), st.text(min_size=1)).map(lambda pair: f"{pair[0]}@{pair[1]}.example")


@given(st.text() | addresses | st.emails())
@example("\u0130@\u0130.example")
@example("a@\u1e9e.example")
@example("\u03a3\u03a3@\u212a.example")
def test_a_normal_address_is_normal(text: str) -> None:
    address = normalise_email(text)
    if address is not None:
        assert normalise_email(address) == address
        assert normalise_email(f" {address.upper().lower()}\n") == address or not address.isascii()


nearly_usual = st.from_regex(r"[A-Za-z0-9._+-]{1,8}@[a-z0-9.-]{1,8}[.][a-z0-9-]{1,4}", fullmatch=True)


@given(nearly_usual)
@example("a" * 244 + "@x.example")
@example("a" * 245 + "@x.example")
def test_the_fast_path_for_common_addresses_normalises_like_the_slow_one(text: str) -> None:
    """One with space around it, or in capitals, is none of the usual."""
    assert normalise_email(text.lower()) == normalise_email(f" {text.upper()}")


digits = st.text("0123456789+()- .x", max_size=20)


@given(st.text() | digits, st.sampled_from(["US", "GB", "DE"]))
def test_a_normal_number_is_normal_in_every_region(text: str, region: str) -> None:
    number = normalise_phone(text, region)
    if number is not None:
        assert number.startswith("+")
        assert normalise_phone(number, "US") == normalise_phone(number, "GB") == number


@given(st.integers(2_000_000_000, 9_999_999_999))
def test_the_fast_path_for_north_american_numbers_agrees_with_the_library(number: int) -> None:
    parsed = phonenumbers.parse(f"+1{number}", None)
    assert phonenumbers.is_possible_number(parsed)
    assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == normalise_phone(
        f"+1{number}", "US"
    )


US_SPELLING = r"(\+?1)?[-. ]?\(?[2-9][0-9]{2}\)?[-. ]?[0-9]{3}[-. ]?[0-9]{4}"


@given(st.from_regex(US_SPELLING, fullmatch=True))
@example("(212) 555-0199")
@example("212-555-0199")
@example("212.555.0199")
@example("1 212 555 0199")
@example("+1 (212) 555-0199")
def test_the_fast_path_for_common_us_spellings_agrees_with_the_library(text: str) -> None:
    parsed = phonenumbers.parse(text, "US")
    assert phonenumbers.is_possible_number(parsed)
    assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == normalise_phone(text, "US")
