"""Every message has a French sentence, with the places of the English one, in the catalogue that the console loads."""

from collections.abc import Iterator
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import read_po

from streams.domain.messages import TEMPLATES, Change, Day, Expected, Listed, Money, Plural, Share, message
from streams.services.console.words import CATALOGUES, Words

with (CATALOGUES / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as source:
    CATALOGUE: Catalog = read_po(source, locale="fr")
ENTRIES: dict[str, Entry] = {str(entry.context): entry for entry in CATALOGUE if entry.id}
BORROWED = (
    *("report.messages", "report.messages_tile", "report.net", "report.conversations", "report.source"),
    "purpose.mobilisation",
    *("mailbox.gmail", "mailbox.yahoo", "mailbox.microsoft", "mailbox.apple"),
)
"""Codes whose French happens to be spelled like their English."""


def places(sentence: str) -> set[str]:
    return {place for _, place, _, _ in Formatter().parse(sentence) if place is not None}


def sentences(code: str) -> Iterator[tuple[str, str]]:
    """English and French of a code, each number by itself."""
    template, french = TEMPLATES[code], ENTRIES[code].string
    if isinstance(template, Plural):
        assert french is not None
        yield from zip((template.one, template.other), french, strict=True)
    else:
        yield template, str(french)


def test_french_has_every_code_and_no_other() -> None:
    assert ENTRIES.keys() == TEMPLATES.keys()


@pytest.mark.parametrize("code", TEMPLATES)
def test_the_french_of_a_code_is_of_its_present_english_and_has_its_places(code: str) -> None:
    entry, template = ENTRIES[code], TEMPLATES[code]
    assert entry.id == ((template.one, template.other) if isinstance(template, Plural) else template)
    assert not entry.fuzzy
    for english, french in sentences(code):
        assert french.strip()
        assert places(french) == places(english)


@pytest.mark.parametrize("code", TEMPLATES)
def test_no_french_sentence_is_left_in_english(code: str) -> None:
    for english, french in sentences(code):
        words = "".join(literal for literal, *_ in Formatter().parse(english) if any(map(str.isalpha, literal)))
        assert not words or french != english or code in BORROWED


@pytest.mark.parametrize("code", TEMPLATES)
def test_french_has_narrow_spaces_before_its_double_signs_and_no_straight_apostrophe(code: str) -> None:
    for _, french in sentences(code):
        told = "".join(literal for literal, *_ in Formatter().parse(french))
        assert not any(f" {sign}" in told for sign in ";:!?%")
        assert "'" not in told


def test_a_number_decides_between_the_french_forms_and_nought_is_singular() -> None:
    french = Words("fr")
    told = [french.message(message("experiment.warnings", warnings=count)) for count in (0, 1, 2)]
    assert told == ["0 avertissement", "1 avertissement", "2 avertissements"]


def test_a_message_within_a_message_and_a_list_are_french_throughout() -> None:
    parts = Listed((message("experiment.part", variant="A", share=Share(0.5, digits=2)),), 1_200)
    why = message("experiment.nobody_defined")
    told = Words("fr").message(message("experiment.split_not_checked", why=why, parts=parts))
    assert "personne n’a défini l’expérience" in told
    assert "A 50,00\u202f% et 1\u202f200 de plus" in told


@pytest.mark.parametrize(
    ("field", "english", "french"),
    [
        (Change(120, 100), "+20%", "+20\u202f%"),
        (Change(50, 100), "-50%", "-50\u202f%"),
        (Change(5, 0), "–", "–"),
        (Expected(17_900), "17.9", "17,9"),
        (Expected(2_345_678_000), "2,345,678", "2\u202f345\u202f678"),
        (Day("2012-11-06"), "Tuesday, 6 November 2012", "mardi 6 novembre 2012"),
        (Money(2_912_350, "USD"), "$29,123.50", "29\u202f123,50\u00a0$US"),
        (Listed(("a", "b"), 2), "a, b and 2 more", "a, b et 2 de plus"),
    ],
)
def test_each_language_writes_a_field_in_its_own_way(
    field: Change | Expected | Day | Money | Listed, english: str, french: str
) -> None:
    assert (Words("en").show(field), Words("fr").show(field)) == (english, french)
