"""Words of the console."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from string import Formatter
from typing import get_args

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from events.outputs import AuditedLook
from events.refusal import Reason
from streams.domain.messages import (
    TEMPLATES,
    Change,
    Day,
    Duration,
    Expected,
    Field,
    Instant,
    Listed,
    Money,
    PercentagePoints,
    Plural,
    Share,
    english,
    message,
)
from streams.domain.messages.alert_details import detail_message
from streams.services.console.acts import ACT_SPECS
from streams.services.console.names import LOOKS, LOOKS_AS_TOLD, REFUSALS
from streams.services.console.page_words import EXPLAINED, explained_words
from streams.services.console.words import (
    CATALOGUES,
    LANGUAGES,
    UNKNOWN,
    Form,
    Language,
    Words,
    catalogue_of,
    language_of,
)
from tests.unit.services.console.shown_texts import ROOM, page_texts, shown_texts

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


REGISTER = ("register.po", "register_places.po")
"""The catalogues of the register, which is a page of Markdown for who keeps it."""
BORROWED = (
    *("report.messages", "report.messages_tile", "report.net", "report.conversations", "report.source"),
    "purpose.mobilisation",
    *("mailbox.gmail", "mailbox.yahoo", "mailbox.microsoft", "mailbox.apple"),
)
"""Codes whose French happens to be spelled like their English."""
OF_STATUS = ("status.", "process.")
"""How codes begin that `/status` alone shows."""


@cache
def entries(language: str, *without: str) -> tuple[Message, ...]:
    """All entries of a language, but those of some files."""
    files = [file for file in sorted((CATALOGUES / language / "LC_MESSAGES").glob("*.po")) if file.name not in without]
    found: list[Message] = []
    for file in files:
        with file.open("rb") as source:
            found += [entry for entry in read_po(source, locale=language) if entry.id]
    return tuple(found)


def sentences(said: str | Sequence[str] | None) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said or ())


def french() -> Mapping[str | tuple[str, ...], Message]:
    """French of texts, by their English."""
    own = [entry for entry in entries("fr") if not entry.context]
    return {entry.id if isinstance(entry.id, str) else tuple(entry.id): entry for entry in own}


def french_messages() -> Mapping[str, Message]:
    """French of messages, by their codes."""
    return {str(entry.context): entry for entry in entries("fr") if entry.context}


def english_of(code: str) -> tuple[str, ...]:
    template = TEMPLATES[code]
    return (template.one, template.other) if isinstance(template, Plural) else (template,)


def places(sentence: str) -> set[str]:
    return {place for _, place, _, _ in Formatter().parse(sentence) if place is not None}


def spoken(sentence: str) -> str:
    """A sentence without its places."""
    return "".join(literal for literal, *_ in Formatter().parse(sentence))


def templates() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOM / "templates").glob("*.html")):
        yield file.name, file.read_text(encoding="utf-8")


def test_every_text_that_a_page_shows_and_every_message_is_in_french() -> None:
    told = french()
    assert [text for text in shown_texts() if text not in told or not all(sentences(told[text].string))] == []
    assert french_messages().keys() == TEMPLATES.keys()
    assert all(all(map(str.strip, sentences(entry.string))) for entry in french_messages().values())


def test_french_is_of_the_present_english_and_has_its_places() -> None:
    for code, entry in french_messages().items():
        assert sentences(entry.id) == english_of(code)
        pairs = zip(english_of(code), sentences(entry.string), strict=True)
        assert all(places(english) == places(told) for english, told in pairs), code
    for entry in french().values():
        wanted = set().union(*map(places, sentences(entry.id)))
        assert all(places(told) == wanted for told in sentences(entry.string)), entry.id
    assert not [entry.id for entry in entries("fr") if entry.fuzzy]


def test_no_french_message_is_left_in_english() -> None:
    alike = [
        code
        for code, entry in french_messages().items()
        for english, told in zip(english_of(code), sentences(entry.string), strict=True)
        if any(map(str.isalpha, spoken(english))) and told == english
    ]
    assert {*alike} <= {*BORROWED}


def test_french_has_a_space_that_does_not_break_before_each_double_sign() -> None:
    """A narrow one before `;`, `!` and `?`, and one of full width before the colon and within guillemets."""
    signs = re.compile(r"(?<!\u202f)[;!?](?=\s|$)|(?<!\u00a0):(?=\s|$)|«(?!\u00a0)|(?<!\u00a0)»| [;:!?»]|« ").search
    told = [
        re.sub(r"\{([a-z_]+):[^}]*\}", r"{\1}", each) for entry in entries("fr") for each in sentences(entry.string)
    ]
    assert len(told) > 500
    assert [each for each in told if signs(each)] == []
    plain = {code: "".join(map(spoken, sentences(entry.string))) for code, entry in french_messages().items()}
    assert [code for code, told_of in plain.items() if re.search("'| %", told_of)] == []


def test_no_template_puts_a_sign_behind_a_text_that_each_language_spaces_otherwise() -> None:
    sign = re.compile(r"\}\}(?:</\w+>)*\s?[:;!?](?=[\s<])").search
    assert [name for name, text in templates() if sign(text)] == []


def test_french_leaves_the_word_before_a_moment_to_the_moment() -> None:
    """Which begins with its own in French: `à 21:14`, `le 6 nov.`, `au 6 nov.`; so its sentence has none."""
    told = re.compile(r'_n?\("([^"]+)"(?:, "[^"]+")?[^{}]*?(\w+)=words\.soon\([^{}]*?, "(?:at|since|until)"\)')
    found = [
        (sentence, place)
        for _, template in templates()
        for text, place in told.findall(template)
        for key, entry in french().items()
        if text in (key, key[0])
        for sentence in sentences(entry.string)
    ]
    assert len(found) > 8
    assert [told for told, place in found if re.search(rf"(?:\bà|\ble|\bau|’à) \{{{place}\}}", told)] == []


def texts() -> list[tuple[str, str]]:
    """The English of pages."""
    return [("", each) for text in page_texts() for each in sentences(text)]


def messages(language: Language) -> list[tuple[str, str]]:
    """Each code with its sentences as pages have them."""
    words = catalogue_of(language)
    return [
        (
            code,
            words.npgettext(code, each.one, each.other, n) if isinstance(each, Plural) else words.pgettext(code, each),
        )
        for code, each in TEMPLATES.items()
        for n in (1, 2)
    ]


FRENCH_PAGES = [("", each) for entry in entries("fr", *REGISTER) for each in sentences(entry.string)]


@pytest.mark.parametrize(
    ("of_no_page", "told"),
    [
        (r"`|\bharmonia [a-z]|command line|ligne de commande|--[a-z]", texts() + messages("en") + messages("fr")),
        (r"`|\bharmonia [a-z]|command line|ligne de commande|--[a-z]", FRENCH_PAGES),
        (r"(?i:(?<!\{)\btouch(es)?\b(?!:))", texts() + messages("en")),
        (r"HARMONIA_[A-Z]", texts() + [each for each in messages("en") if not each[0].startswith(OF_STATUS)]),
        (r"\bdocs/|\.md\b", texts()),
    ],
    ids=["a terminal", "a terminal, in French", "touches", "a setting", "a file"],
)
def test_no_page_sends_anybody_elsewhere(of_no_page: str, told: list[tuple[str, str]]) -> None:
    """But to a setting on `/status`, and to the page of its format from a mistake of a file."""
    assert len(told) > 100
    assert [each for each in told if re.search(of_no_page, each[1])] == []


def test_no_page_has_words_that_newcomers_did_not_understand_and_that_were_replaced() -> None:
    gone = (
        r"let go of|since the definition of now|Window over|Intervals hold|\(p = |records of each team|in (cents|tens)|"
        r"must (not )?hold|file without a name|What of|nears|\bhashed\b|Whether everything|confidence"
    )
    assert [each for each in texts() + messages("en") if re.search(gone, each[1])] == []


WORDS_OF_THE_FIELD: Mapping[Language, str] = {
    "en": (
        r"caps?|polic(y|ies)|turfs?|met|on hold|guardrails?|discovery|(in two )?variants?|assignments?|judged|"
        r"committees?|owners?|list of members|transaction|contact ids?|desk|lake|topics?|redis|kafka|dead letters?|"
        r"conditions?|definitions?|samples?|canvass\w*|reserve[ds]?|voter ids?|endpoints?|workers?|quarantine"
    ),
    "fr": (
        r"plafonds?|politiques?|secteurs?|rencontrés?|suspendues?|garde-fous?|découverte|variantes?|affectations?|"
        r"jugée?s?|comités?|responsables?|liste des membres|transaction|identifiants? de contact|base locale|"
        r"archive|topics?|redis|kafka|lettres? mortes?|conditions?|définitions?|échantillons?|démarch\w+|"
        r"réservée?s?|numéros? d’électeur|destinataires?|quarantaine"
    ),
}
"""Words that directors and newcomers did not understand."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_field_that_a_page_may_show_is_explained_at_its_foot(language: Language) -> None:
    looked_for = re.compile(rf"\b({WORDS_OF_THE_FIELD[language]})\b", re.IGNORECASE)
    shown = [each for _, each in (texts() if language == "en" else FRENCH_PAGES) + messages(language)]
    found = [(match[0].lower(), each) for each in shown for match in looked_for.finditer(each)]
    unexplained = [
        (word, each)
        for word, each in found
        if not any(re.search(rf"\b(?:{known.forms})\b", word, re.I) for known in explained_words(each, language))
    ]
    assert len(found) > 100
    assert unexplained == []


def test_each_explained_word_stands_on_a_page() -> None:
    told = {"en": texts() + messages("en"), "fr": FRENCH_PAGES + messages("fr")}
    for language in LANGUAGES:
        used = {known.word for _, each in told[language] for known in explained_words(each, language)}
        assert used == {known.word for known in EXPLAINED[language]}


def test_no_template_has_a_backtick_outside_of_a_remark() -> None:
    assert [name for name, text in templates() if "`" in re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)] == []


def test_english_pages_say_otherwise_only_what_the_command_line_says() -> None:
    said = {str(entry.context): sentences(entry.id) for entry in entries("en") if entry.context}
    assert said == {code: english_of(code) for code in said}


def test_each_reason_of_a_dead_letter_and_all_that_is_done_about_people_has_words() -> None:
    assert set(REFUSALS) == {str(reason) for reason in Reason}
    acts = {spec.id for spec in ACT_SPECS if spec.about in {"person", "pair", "list", "request"}}
    assert set(LOOKS) == set(LOOKS_AS_TOLD) == {*get_args(AuditedLook), *acts}
