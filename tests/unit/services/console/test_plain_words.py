"""Pages for people say messages, calls and visits for touches, and name no setting and no file of `docs`."""

import re
from collections.abc import Iterator

from streams.domain.messages import TEMPLATES, Plural
from streams.services.console.words import catalogue_of
from tests.unit.services.console.shown_texts import page_texts

OF_STATUS = ("status.", "process.")
"""How codes begin that `/status` alone shows."""


def _messages() -> Iterator[tuple[str, str]]:
    """Each code with its English sentences as pages have them."""
    words = catalogue_of("en")
    for code, each in TEMPLATES.items():
        if isinstance(each, Plural):
            yield from ((code, words.npgettext(code, each.one, each.other, n)) for n in (1, 2))
        else:
            yield code, words.pgettext(code, each)


def _texts() -> Iterator[str]:
    for text in page_texts():
        yield from (text,) if isinstance(text, str) else text


def test_no_text_of_a_page_speaks_of_touches() -> None:
    spoken = re.compile(r"(?<!\{)\btouch(es)?\b(?!:)", re.IGNORECASE).search
    assert [each for each in _texts() if spoken(each)] == []
    assert [code for code, said in _messages() if spoken(said)] == []


def test_no_text_of_a_page_names_a_setting_of_the_environment() -> None:
    """The pages of operators do: `/status` tells which setting a finding is about."""
    named = re.compile(r"HARMONIA_[A-Z]").search
    assert [each for each in _texts() if named(each)] == []
    assert [code for code, said in _messages() if named(said) and not code.startswith(OF_STATUS)] == []


def test_no_text_of_a_page_sends_anybody_to_a_file() -> None:
    """Mistakes of a file that is written as text name the page of its format, as on the command line."""
    named = re.compile(r"\bdocs/|\.md\b").search
    assert [each for each in _texts() if named(each)] == []
