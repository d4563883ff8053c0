"""Words, numbers and files of pages in the language of who reads them."""

import hashlib
import re
from decimal import Decimal
from pathlib import Path
from typing import get_args

import httpx
import orjson
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from events.outputs import CampaignTransparency
from streams.domain.advertising.transparency import ChosenAudience
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
from streams.operations.status.alert_rules import SEVERITIES, UNSEEN, runbook_name
from streams.services.console import typed_values
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.rendering import render_signed_out
from streams.services.console.runbooks import runbook, runbook_names
from streams.services.console.security import with_headers
from streams.services.console.static_files import STATIC, add_static_files, digest_of, static_url
from streams.services.console.transparency_notice import DATA, LABEL, PAGE, notice_files
from streams.services.console.words import UNKNOWN, Form, Language, Words, language_of
from tests.unit.domain.advertising.test_transparency import RECORD

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
        (Instant(EVENING, "America/New_York"), "2012-11-06 21:14 UTC", "mar. 6 nov. 2012 21:14 EST"),
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


# Numbers, money and spans that people type mean what their language says; what could be two things is none.
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
    assert typed_values.typed_number(text, language) == (None if meant is None else Decimal(meant))


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
    assert typed_values.typed_amount(text, currency, language) == minor


@pytest.mark.parametrize(
    ("text", "span"),
    [
        *(("30d", "30d"), ("30 days", "30d"), ("1 day", "1d"), ("30 jours", "30d"), ("30 j", "30d")),
        *(("12 heures", "12h"), ("12H", "12h"), ("90 min", "90m"), ("2 weeks", "14d"), ("2 semaines", "14d")),
        *(("a year", None), ("3 months", None), ("30", None), ("-1 day", None), ("1.5 days", None), ("", None)),
    ],
)
def test_a_span_is_taken_in_words_of_both_languages(text: str, span: str | None) -> None:
    assert typed_values.typed_span(text) == span


@given(st.integers(-(10**15), 10**15), st.sampled_from(["USD", "EUR", "JPY", "KWD"]), st.sampled_from(["en", "fr"]))
def test_an_amount_that_a_form_shows_is_read_as_the_same(minor: int, currency: str, language: Language) -> None:
    shown = typed_values.amount_text(minor, currency, language)
    if currency != "KWD" or language == "en":
        assert typed_values.typed_amount(shown, currency, language) == minor


@given(st.integers(0, 99_999), st.sampled_from("mhd"), st.sampled_from(["en", "fr"]))
def test_a_span_that_a_form_shows_is_read_as_the_same(number: int, unit: str, language: Language) -> None:
    assert typed_values.typed_span(typed_values.span_text(f"{number}{unit}", language)) == f"{number}{unit}"


@given(st.integers(0, 10**9), st.sampled_from(["en", "fr"]))
def test_a_number_that_a_form_shows_is_read_as_the_same(thousandths: int, language: Language) -> None:
    number = thousandths / 1_000
    found = typed_values.typed_number(typed_values.number_text(number, language), language)
    assert found is not None
    assert float(found) == number


def test_every_alert_that_the_status_names_has_a_runbook() -> None:
    assert {runbook_name(alert) for alert in (*SEVERITIES, *UNSEEN)} <= set(runbook_names())


def test_a_runbook_shows_its_title_and_leads_only_to_others() -> None:
    for name in runbook_names():
        found = runbook(name)
        assert found is not None
        assert found.title
        assert all(link.startswith("/status/") for link in re.findall(r'href="([^"]*)"', found.html)), name
        assert not re.search(r"<script|style=|javascript:", found.html), name


def test_links_between_runbooks_are_pages_of_the_console() -> None:
    found = runbook("sink-behind")
    assert found is not None
    assert '<a href="/status/redis-full">redis-full</a>' in found.html


def test_what_is_no_runbook_is_none() -> None:
    assert runbook("README") is None
    assert runbook("../adr/0001") is None


# The addresses of styles and scripts: they change with what is in them, so that each may be kept for ever.
ORIGIN = "https://console.test"


def client() -> httpx.AsyncClient:
    app = FastAPI()
    add_static_files(app)
    served = with_headers(app, ConsoleMetrics(CollectorRegistry()), ORIGIN)
    return httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url=ORIGIN)


async def test_what_a_page_loads_is_there_and_kept_for_ever() -> None:
    context = {"theme": "auto", "title": "Not found", "text": ""}
    page = render_signed_out("signed_out_message.html", Words("en"), context)
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert addresses
    async with client() as browser:
        for address in [*addresses, static_url("console.js")]:
            answer = await browser.get(address)
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")


async def test_the_address_of_another_version_gives_nothing_that_is_kept() -> None:
    async with client() as browser:
        for address in ("/static/console.js", "/static/0123456789abcdef/console.js"):
            answer = await browser.get(address)
            assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


async def test_styles_find_the_font_beside_them() -> None:
    named = re.findall(r'url\("([^"]+)"\)', (STATIC / "console.css").read_text())
    assert named
    async with client() as browser:
        for name in named:
            answer = await browser.get(str(httpx.URL(ORIGIN + static_url("console.css")).join(name)))
            assert answer.status_code == 200


def test_the_version_is_another_once_one_file_is(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "b.js").write_text("2")
    before = digest_of(tmp_path)
    assert digest_of(tmp_path) == before
    (tmp_path / "a.js").write_text("3")
    assert digest_of(tmp_path) != before


def test_a_file_that_is_not_there_has_no_address() -> None:
    with pytest.raises(FileNotFoundError):
        static_url("missing.js")


def test_no_template_names_a_file_without_its_version() -> None:
    templates = list((STATIC.parent / "templates").glob("*.html"))
    assert templates
    assert [each.name for each in templates if "/static/" in each.read_text()] == []


def test_vendored_files_are_those_whose_sums_are_written_down() -> None:
    listed = re.findall(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", (STATIC / "VENDORED.md").read_text(), re.MULTILINE)
    vendored = {file.name for file in STATIC.iterdir() if ".min." in file.name or file.suffix in (".woff2", ".json")}
    assert {name for name, _ in listed} == vendored
    for name, digest in listed:
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest, name


# The label and the notice of a paid campaign, in the language of who reads them.
FULL: CampaignTransparency = {
    **RECORD,
    "sponsor": "Liste <Ada>",
    "controlled_by": "Parti A",
    "funding": "mixed",
    "notice_url": "https://example.org/ads-3",
}
CHOSEN = ChosenAudience("2026-02-02T10:00:00.000Z", ('paris: all: {"region":"FR-75"}',), 4_000, 300)


def files(language: Language, *audiences: ChosenAudience, record: CampaignTransparency = FULL) -> dict[str, str]:
    found = notice_files([RECORD, record], audiences, Words(language, "Europe/Paris"))
    return {name: content.decode() for name, content in found.items()}


def test_the_label_says_that_it_is_an_ad_who_pays_for_which_election_and_where_more_is() -> None:
    assert files("en")[LABEL] == (
        "Political advertisement · paid for by Liste <Ada> · controlled by Parti A · election: 2026-municipales · "
        "transparency notice: https://example.org/ads-3\n"
    )
    assert files("fr", record=RECORD)[LABEL] == (
        "Annonce à caractère politique · payée par Liste Ada · élection\u00a0: 2026-municipales\n"
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Transparency notice", "€1,250.50", "private and public money", "4,000", "1 earlier version"]),
        ("fr", ["Avis de transparence", "1 250,50 €", "fonds privés et publics", "4 000", "1 version antérieure"]),
    ],
)
def test_the_notice_tells_it_in_the_readers_language(language: Language, words: list[str]) -> None:
    shown = files(language, CHOSEN)[PAGE].replace("\u202f", " ").replace("\xa0", " ")
    assert [word for word in words if word not in shown] == []
    assert "Liste &lt;Ada&gt;" in shown
    assert "FR-75" in shown


def test_a_campaign_for_which_nobody_was_chosen_says_so() -> None:
    assert "directed to nobody in particular" in files("en")[PAGE]
    assert "directed to nobody in particular" not in files("en", CHOSEN)[PAGE]


def test_programs_get_the_same() -> None:
    data = orjson.loads(files("en", CHOSEN)[DATA])
    assert (data["record"], data["earlier_versions"]) == ({**FULL}, [{**RECORD}])
    assert data["audiences"] == [{**CHOSEN._asdict(), "criteria": [*CHOSEN.criteria]}]
