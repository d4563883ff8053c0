"""What a word may mean in its long and its short form, and which meaning it is by who is known."""

import pytest

from events.identifiers import Hasher
from sinks.lookup import ContactAnswer, ErasedContact, KnownContact, UnknownContact
from streams.services.permission.person_name import (
    PersonName,
    Understood,
    meanings_of,
    parse_person,
    readable_meanings,
    understand,
)

HASHER = Hasher([b"key"])
NOBODY = UnknownContact("nobody")


@pytest.mark.parametrize(
    ("word", "kinds"),
    [
        ("van:17", [None, "external"]),
        ("OH:123", [None, "voter", "external"]),
        ("2125550199", [None, "phone"]),
        ("212-555-0199", [None, "phone"]),
        ("(212) 555-0199", ["phone"]),
        ("ada lovelace:17", [None]),
        ("crm.ada", [None]),
        ("ada@example.org", ["email"]),
        ("external:van:17", ["external"]),
        ("voter:OH:123", ["voter"]),
        ("phone:2125550199", ["phone"]),
        (HASHER.lookups("voter", "OH:123")[0], [None]),
        ("external:0123456789abcdef0123456789abcdef", [None]),
        ("", [None]),
    ],
)
def test_a_long_form_means_one_thing_and_a_short_one_all_that_it_looks_like(word: str, kinds: list[str | None]) -> None:
    assert [name.kind for name in meanings_of(word)] == kinds


def test_the_long_form_of_each_meaning_means_it_alone() -> None:
    for name in meanings_of("OH:123"):
        assert name.kind is None or meanings_of(name.long_form) == [name]
    assert parse_person("ada@example.org").long_form == "email:ada@example.org"


def test_what_cannot_be_read_is_no_meaning() -> None:
    assert [name.kind for name, _ in readable_meanings("1234567", HASHER)] == [None]
    assert not readable_meanings("no id", HASHER)
    assert not readable_meanings("", HASHER)


CONTACT, VOTER, EXTERNAL = meanings_of("OH:123")
ONE, OTHER = KnownContact("one", b"{}"), KnownContact("other", b"{}")


@pytest.mark.parametrize(
    ("found", "name", "contact"),
    [
        ([NOBODY, NOBODY, NOBODY], CONTACT, NOBODY),
        ([NOBODY, NOBODY, ONE], EXTERNAL, ONE),
        ([NOBODY, ONE, NOBODY], VOTER, ONE),
        ([NOBODY, ONE, ONE], VOTER, ONE),
        ([ONE, OTHER, OTHER], CONTACT, ONE),
        ([NOBODY, ErasedContact("one"), NOBODY], VOTER, ErasedContact("one")),
    ],
)
def test_a_word_means_what_somebody_is_known_by(
    found: list[ContactAnswer], name: PersonName, contact: ContactAnswer
) -> None:
    assert understand([CONTACT, VOTER, EXTERNAL], found) == Understood(name, contact)
