"""Texts of pages and messages: each is in French, whole and well set, and sends no reader to what a page is not."""

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
from streams.domain.messages import TEMPLATES, Plural
from streams.services.console.acts import ACT_SPECS
from streams.services.console.names import LOOKS, LOOKS_AS_TOLD, REFUSALS
from streams.services.console.page_words import EXPLAINED, explained_words
from streams.services.console.words import CATALOGUES, LANGUAGES, Language, catalogue_of
from tests.unit.services.console.shown_texts import ROOM, page_texts, shown_texts

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
