from typing import get_args

import pytest

from streams.domain.messages import (
    Change,
    Day,
    Duration,
    Expected,
    Field,
    Instant,
    Listed,
    Money,
    PercentagePoints,
    Share,
    english,
    message,
)
from streams.domain.messages.alert_details import detail_message
from streams.services.console.words import UNKNOWN, Form, Words, language_of

NBSP, NARROW = "\u00a0", "\u202f"
EN, FR = Words("en", "America/New_York"), Words("fr", "America/New_York")
EVENING = 1_352_254_440_000
"""2012-11-07T02:14Z, 21:14 on 6 November in New York."""


@pytest.mark.parametrize(
    ("minor", "currency", "english", "french"),
    [
        (2_912_350, "USD", "$29,123.50", f"29{NARROW}123,50{NBSP}$US"),
        (-310, "EUR", "-€3.10", f"-3,10{NBSP}€"),
        (120, "JPY", "JPY 120", f"120{NBSP}JPY"),
        (None, "USD", UNKNOWN, UNKNOWN),
    ],
)
def test_money_is_written_as_each_language_writes_it(
    minor: int | None, currency: str, english: str, french: str
) -> None:
    assert EN.money(minor, currency) == english
    assert FR.money(minor, currency) == french


def test_numbers_and_shares() -> None:
    assert (EN.number(48210), FR.number(48210)) == ("48,210", f"48{NARROW}210")
    assert (EN.share(31, 100), FR.share(31, 100)) == ("31%", f"31{NARROW}%")
    assert (EN.share(0.27, 100, 2), FR.share(0.27, 100, 2)) == ("0.27%", f"0,27{NARROW}%")


def test_per_cent_is_written_alike_in_figures_and_in_messages() -> None:
    found = "gmail: 3 complaints of 1200 sent, 0.25 %; the limit is 0.3 %, from 1000 on"
    rate = detail_message("campaign_complaints", found)
    assert english(rate) == found
    assert "0.25%; the limit is 0.3%, from" in EN.message(rate)
    assert f"0,25{NARROW}%" in FR.message(rate)
    assert EN.text("{share} of it", share=Share(1, 4)) == "25% of it"


def test_what_nobody_knows_is_a_dash_and_never_nought() -> None:
    assert {EN.number(None), EN.share(1, 0), EN.time(None), EN.ago(None), EN.amounts(None), EN.moment(None)} == {
        UNKNOWN
    }


def test_times_are_those_of_the_zone() -> None:
    assert EN.moment(EVENING) == "Tue, Nov 6, 2012 21:14 EST"
    assert FR.moment(EVENING) == "mar. 6 nov. 2012 21:14 EST"
    assert EN.soon(EVENING + 600_000, EVENING) == "21:24"
    assert FR.soon(EVENING + 86_400_000, EVENING) == "7 nov. 21:14"


def test_a_day_of_another_year_has_its_year() -> None:
    year_later = EVENING + 366 * 86_400_000
    assert EN.short(EVENING, EVENING + 86_400_000) == "Nov 6 21:14"
    assert (EN.short(EVENING, year_later), FR.short(EVENING, year_later)) == ("Nov 6, 2012 21:14", "6 nov. 2012 21:14")
    assert EN.soon(EVENING, year_later) == "Nov 6, 2012 21:14"


def test_french_has_an_article_before_a_day_and_none_before_a_time() -> None:
    later = EVENING + 86_400_000
    days = [FR.soon(EVENING, later, form) for form in get_args(Form)]
    assert days == ["6 nov. 21:14", "le 6 nov. 21:14", "le 6 nov. 21:14", "au 6 nov. 21:14"]
    assert [FR.soon(EVENING, EVENING, form) for form in get_args(Form)] == ["21:14", "21:14", "à 21:14", "à 21:14"]
    assert {EN.soon(EVENING, later, form) for form in get_args(Form)} == {"Nov 6 21:14"}
    since = (
        "Since {time}. Each gift once; sums of fewer than ten gifts stand together with others, and are drawn as a "
        "dashed line."
    )
    assert FR.text(since, time=FR.soon(EVENING, later, "since")).startswith("Depuis le 6 nov. 21:14.")


def test_a_sentence_begins_with_a_capital_letter_unless_it_begins_with_somebodys_name() -> None:
    named = message("source.named", source="digital/signup", what=message("status.no_worker"))
    assert EN.sentence(named) == "digital/signup: no worker runs."
    assert EN.sentence(message("report.sentence", sentence=named)).startswith("digital/signup")
    assert EN.sentence(message("status.no_worker")) == "No worker runs."
    assert FR.sentence(message("status.no_worker")) == "Aucun processus de traitement n’est en marche."
    assert FR.sentence(named).startswith("digital/signup")


def test_no_money_is_a_nought_of_the_currency_beside_it() -> None:
    assert EN.amounts({}, {"USD": 500}) == "$0.00"
    assert EN.amounts({"USD": 5}, {"EUR": 500}) == "$0.05"
    assert (EN.amounts(None), EN.amounts({})) == ("–", "0.00")
    assert FR.amounts({}, {"USD": 500}) == "0,00\u00a0$US"


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (2, "2 s", f"2{NARROW}s"),
        (119, "1 min", f"1{NARROW}min"),
        (7200, "2 h", f"2{NARROW}h"),
        (172_800, "2 days", "2 jours"),
        (729 * 86_400, "729 days", "729 jours"),
        (5_335 * 86_400, "14 years", "14 ans"),
    ],
)
def test_lengths_of_time(seconds: float, english: str, french: str) -> None:
    assert (EN.span(seconds), FR.span(seconds)) == (english, french)


def test_plurals_follow_the_language() -> None:
    assert [EN.plural("{n} worker", "{n} workers", n) for n in (0, 1, 2)] == ["0 workers", "1 worker", "2 workers"]
    assert FR.plural("and {n} more", "and {n} more", 1) == "et 1 autre"
    assert FR.plural("and {n} more", "and {n} more", 2) == "et 2 autres"
    told = [FR.message(message("experiment.warnings", warnings=count)) for count in (0, 1, 2)]
    assert told == ["0 avertissement", "1 avertissement", "2 avertissements"]


@pytest.mark.parametrize(
    ("field", "english", "french"),
    [
        (Change(120, 100), "+20%", f"+20{NARROW}%"),
        (Change(50, 100), "-50%", f"-50{NARROW}%"),
        (Change(5, 0), UNKNOWN, UNKNOWN),
        (Expected(17_900), "17.9", "17,9"),
        (Expected(2_345_678_000), "2,345,678", f"2{NARROW}345{NARROW}678"),
        (Day("2012-11-06"), "Tuesday, 6 November 2012", "mardi 6 novembre 2012"),
        (Money(1250, "USD", signed=True), "+$12.50", f"+12,50{NBSP}$US"),
        (Share(3, 1000, 1), "0.3%", f"0,3{NARROW}%"),
        (PercentagePoints(-1.5), "-1.50 pp", "-1,50 pt"),
        (Instant(EVENING, "America/New_York"), "2012-11-06 21:14 EST", "mar. 6 nov. 2012 21:14 EST"),
        (Duration(180), "3 minutes", f"3{NARROW}min"),
        (Listed((1200, "x"), 3), "1,200, x and 3 more", f"1{NARROW}200, x et 3 de plus"),
    ],
)
def test_each_language_writes_a_field_in_its_own_way(field: Field, english: str, french: str) -> None:
    assert (EN.show(field), FR.show(field)) == (english, french)


def test_a_message_within_a_message_and_a_list_are_french_throughout() -> None:
    parts = Listed((message("experiment.part", variant="A", share=Share(0.5, digits=2)),), 1_200)
    why = message("experiment.nobody_defined")
    told = FR.message(message("experiment.split_not_checked", why=why, parts=parts))
    assert "personne n’a défini l’expérience" in told
    assert f"A 50,00{NARROW}% et 1{NARROW}200 de plus" in told


def test_a_word_of_the_contract_has_a_name_and_one_of_a_newer_version_stays() -> None:
    assert EN.name("type", "email.opened") == "E-mail opened"
    assert FR.name("channel", "text") == "SMS"
    assert EN.name("type", "hologram.shown") == "hologram.shown"


@pytest.mark.parametrize(
    ("header", "language"),
    [("fr-CA,fr;q=0.9,en;q=0.8", "fr"), ("de,en", "en"), ("de", "en"), ("", "en"), (None, "en"), ("EN-us", "en")],
)
def test_the_browsers_first_language_that_the_console_speaks(header: str | None, language: str) -> None:
    assert language_of(header) == language
