"""Numbers, money and spans that people type mean what their language says; what could be two things is none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.services.console.typed_values import (
    amount_text,
    number_text,
    span_text,
    typed_amount,
    typed_number,
    typed_span,
)
from streams.services.console.words import Language


@pytest.mark.parametrize(
    ("text", "language", "meant"),
    [
        *(("1,500", "en", "1500"), ("1,500.50", "en", "1500.50"), ("-5", "en", "-5"), (" 50 ", "en", "50")),
        *(("1 500", "fr", "1500"), ("1\u00a0500,5", "fr", "1500.5"), ("50,50", "fr", "50.5"), ("50.50", "fr", "50.5")),
        *(("1,50", "en", None), ("1.500", "fr", None), ("5.000,00", "fr", None), ("1 50", "fr", None)),
        *(("", "en", None), ("NaN", "en", None), ("1e5", "en", None), ("1_000", "en", None), ("٣", "en", None)),
        *(("Infinity", "fr", None), ("9" * 41, "en", None), ("1 500", "en", None), ("..", "en", None)),
    ],
)
def test_a_number_that_could_be_two_is_none(text: str, language: Language, meant: str | None) -> None:
    assert typed_number(text, language) == (None if meant is None else Decimal(meant))


@pytest.mark.parametrize(
    ("text", "currency", "language", "minor"),
    [
        *(("50", "USD", "en", 5_000), ("$50", "USD", "en", 5_000), ("50 USD", "USD", "en", 5_000)),
        *(("0.50", "USD", "en", 50), ("1,205.00", "USD", "en", 120_500), ("-3.10", "EUR", "en", -310)),
        *(("50 €", "EUR", "fr", 5_000), ("50,5 $US", "USD", "fr", 5_050), ("1 500 €", "EUR", "fr", 150_000)),
        *(("120", "JPY", "en", 120), ("1.5", "JPY", "en", None), ("1.234", "KWD", "en", 1_234)),
        *(("50 €", "USD", "en", None), ("0.505", "USD", "en", None), ("fifty", "USD", "en", None)),
    ],
)
def test_fifty_is_fifty_whole_units_of_its_currency(
    text: str, currency: str, language: Language, minor: int | None
) -> None:
    assert typed_amount(text, currency, language) == minor


@pytest.mark.parametrize(
    ("text", "span"),
    [
        *(("30d", "30d"), ("30 days", "30d"), ("1 day", "1d"), ("30 jours", "30d"), ("30 j", "30d")),
        *(("12 heures", "12h"), ("12H", "12h"), ("90 min", "90m"), ("2 weeks", "14d"), ("2 semaines", "14d")),
        *(("a year", None), ("3 months", None), ("30", None), ("-1 day", None), ("1.5 days", None), ("", None)),
    ],
)
def test_a_span_is_taken_in_words_of_both_languages(text: str, span: str | None) -> None:
    assert typed_span(text) == span


@given(st.integers(-(10**15), 10**15), st.sampled_from(["USD", "EUR", "JPY", "KWD"]), st.sampled_from(["en", "fr"]))
def test_an_amount_that_a_form_shows_is_read_as_the_same(minor: int, currency: str, language: Language) -> None:
    shown = amount_text(minor, currency, language)
    if currency != "KWD" or language == "en":
        assert typed_amount(shown, currency, language) == minor


@given(st.integers(0, 99_999), st.sampled_from("mhd"), st.sampled_from(["en", "fr"]))
def test_a_span_that_a_form_shows_is_read_as_the_same(number: int, unit: str, language: Language) -> None:
    assert typed_span(span_text(f"{number}{unit}", language)) == f"{number}{unit}"


@given(st.integers(0, 10**9), st.sampled_from(["en", "fr"]))
def test_a_number_that_a_form_shows_is_read_as_the_same(thousandths: int, language: Language) -> None:
    number = thousandths / 1_000
    found = typed_number(number_text(number, language), language)
    assert found is not None
    assert float(found) == number
