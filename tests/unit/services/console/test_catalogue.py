import hashlib
import re
from collections.abc import Iterator
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from streams.services.console.static_files import STATIC
from streams.services.console.words import CATALOGUES, LANGUAGES
from tests.unit.services.console.shown_texts import ROOM, Text, shown_texts

OTHERS = [language for language in LANGUAGES if language != "en"]


def _translated(language: str) -> dict[Text, str | tuple[str, ...]]:
    found: dict[Text, str | tuple[str, ...]] = {}
    for file in sorted((CATALOGUES / language / "LC_MESSAGES").glob("*.po")):
        with file.open("rb") as source:
            for entry in read_po(source, locale=language):
                if entry.id and not entry.context:
                    assert not entry.fuzzy, entry.id
                    key = entry.id if isinstance(entry.id, str) else (entry.id[0], entry.id[1])
                    found[key] = entry.string if isinstance(entry.string, str) else tuple(entry.string or ())
    return found


def _sentences(said: str | tuple[str, ...]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said


def _places(sentence: str) -> set[str]:
    return {place for _, place, _, _ in Formatter().parse(sentence) if place}


def _pairs(language: str) -> Iterator[tuple[Text, str | tuple[str, ...]]]:
    yield from _translated(language).items()


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_that_a_page_shows_is_translated(language: str) -> None:
    translated = _translated(language)
    missing = [text for text in shown_texts() if not all(_sentences(translated.get(text, "")))]
    assert not missing


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_text(language: str) -> None:
    for text, said in _pairs(language):
        wanted = set().union(*map(_places, _sentences(text)))
        for sentence in _sentences(said):
            assert _places(sentence) == wanted, sentence


def test_french_signs_that_stand_apart_are_not_torn_off_at_the_end_of_a_line() -> None:
    torn = [
        sentence for _, said in _pairs("fr") for sentence in _sentences(said) if re.search(r" [?!;:»]|« ", sentence)
    ]
    assert not torn


def _all_french() -> Iterator[str]:
    for file in sorted((CATALOGUES / "fr" / "LC_MESSAGES").glob("*.po")):
        with file.open("rb") as source:
            for entry in read_po(source, locale="fr"):
                if entry.id:
                    yield from _sentences(entry.string if isinstance(entry.string, str) else tuple(entry.string or ()))


def test_french_has_a_space_that_does_not_break_before_each_double_sign() -> None:
    """A narrow one before `;`, `!` and `?`, and one of full width before the colon and within guillemets."""
    plain = [re.sub(r"\{([a-z_]+):[^}]*\}", r"{\1}", sentence) for sentence in _all_french()]
    wrong = [
        sentence
        for sentence in plain
        if re.search(r"(?<!\u202f)[;!?](?=\s|$)|(?<!\u00a0):(?=\s|$)|«(?!\u00a0)|(?<!\u00a0)»", sentence)
    ]
    assert len(plain) > 500
    assert not wrong


def test_no_template_puts_a_sign_behind_a_text_that_each_language_spaces_otherwise() -> None:
    found = [
        (file.name, sign)
        for file in sorted((ROOM / "templates").glob("*.html"))
        for sign in re.findall(r"\}\}(?:</\w+>)*\s?[:;!?](?=[\s<])", file.read_text(encoding="utf-8"))
    ]
    assert not found


def test_french_leaves_the_word_before_a_moment_to_the_moment() -> None:
    """Which begins with its own in French: `à 21:14`, `le 6 nov.`, `au 6 nov.`; so its sentence has none."""
    told = re.compile(r'_n?\("([^"]+)"(?:, "[^"]+")?[^{}]*?(\w+)=words\.soon\([^{}]*?, "(?:at|since|until)"\)')
    sentences = _translated("fr")
    found = [
        (sentence, place)
        for file in sorted((ROOM / "templates").glob("*.html"))
        for text, place in told.findall(file.read_text(encoding="utf-8"))
        for key, said in sentences.items()
        if text in (key, key[0])
        for sentence in _sentences(said)
    ]
    assert len(found) > 8
    wrong = [sentence for sentence, place in found if re.search(rf"(?:\bà|\ble|\bau|’à) \{{{place}\}}", sentence)]
    assert not wrong


def test_vendored_files_are_those_whose_sums_are_written_down() -> None:
    listed = re.findall(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", (STATIC / "VENDORED.md").read_text(), re.MULTILINE)
    vendored = {file.name for file in STATIC.iterdir() if ".min." in file.name or file.suffix in (".woff2", ".json")}
    assert {name for name, _ in listed} == vendored
    for name, digest in listed:
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest, name
