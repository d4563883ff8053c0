"""No page sends anybody to a terminal, in either language, and none has signs of Markdown."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from streams.domain.messages import TEMPLATES, Plural
from streams.services.console.words import CATALOGUES, LANGUAGES, Language, catalogue_of
from tests.unit.services.console.shown_texts import ROOM, page_texts

NAMES_A_TERMINAL = re.compile(r"`|\bharmonia [a-z]|command line|ligne de commande|--[a-z]").search
REGISTER = ("register.po", "register_places.po")
"""The catalogues of the register, which is a page of Markdown for who keeps it."""


def _told(text: str | Sequence[str]) -> Sequence[str]:
    return (text,) if isinstance(text, str) else text


def test_no_text_of_a_page_sends_anybody_to_a_terminal() -> None:
    found = [each for text in page_texts() for each in _told(text) if NAMES_A_TERMINAL(each)]
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_sends_anybody_to_a_terminal(language: Language) -> None:
    words = catalogue_of(language)
    texts = [
        words.npgettext(code, each.one, each.other, n) if isinstance(each, Plural) else words.pgettext(code, each)
        for code, each in TEMPLATES.items()
        for n in (1, 2)
    ]
    assert [each for each in texts if NAMES_A_TERMINAL(each)] == []


def test_no_translation_sends_anybody_to_a_terminal() -> None:
    files = [each for each in sorted((CATALOGUES / "fr" / "LC_MESSAGES").glob("*.po")) if each.name not in REGISTER]
    assert len(files) > 10
    assert [each for file in files for each in _translations(file) if NAMES_A_TERMINAL(each)] == []


def _translations(file: Path) -> list[str]:
    with file.open("rb") as source:
        return [each for entry in read_po(source) if entry.id for each in _told(entry.string or ())]


def test_no_template_has_a_backtick_outside_of_a_remark() -> None:
    files = sorted((ROOM / "templates").glob("*.html"))
    shown = {file.name: re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL) for file in files}
    assert [name for name, text in shown.items() if "`" in text] == []


def test_english_pages_say_otherwise_only_what_the_command_line_says() -> None:
    with (CATALOGUES / "en" / "LC_MESSAGES" / "pages.po").open("rb") as source:
        said = {str(entry.context): entry.id for entry in read_po(source, locale="en") if entry.id}
    assert said == {code: TEMPLATES[code] for code in said}
