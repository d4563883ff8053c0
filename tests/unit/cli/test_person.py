"""A person by one word: what it means, and that nothing but a contact_id is taken for one."""

import pytest

from events.identifiers import Hasher
from events.json_types import JSON
from streams.cli.person import CURE, followed_by, nobody_known_message
from streams.services.permission.person_name import PersonName, parse_person

HASHER = Hasher([b"new", b"old"])
HASH = HASHER.lookups("voter", "NY:77")[0]


@pytest.mark.parametrize(
    ("word", "meant", "contact"),
    [
        ("crm.ada", PersonName(None, "crm.ada"), {"contact_id": "crm.ada"}),
        (HASH, PersonName(None, HASH), {"contact_id": HASH}),
        ("ada@example.org", PersonName("email", "ada@example.org"), {"email": "ada@example.org"}),
        ("email:ada@example.org", PersonName("email", "ada@example.org"), {"email": "ada@example.org"}),
        ("phone:(212) 555-0199", PersonName("phone", "(212) 555-0199"), {"phone": "(212) 555-0199"}),
        ("voter:NY:77", PersonName("voter", "NY:77"), {"voter_id": "NY:77"}),
        ("external:van:17", PersonName("external", "van:17"), {"external": {"van": "17"}}),
        ("NY:77", PersonName(None, "NY:77"), {"contact_id": "NY:77"}),
    ],
)
def test_a_word_means_one_identifier(word: str, meant: PersonName, contact: dict[str, JSON]) -> None:
    assert parse_person(word) == meant
    assert meant.contact() == contact


def test_an_identifier_may_be_known_under_each_key() -> None:
    assert parse_person("voter:ny: 77 ").ids(HASHER) == HASHER.lookups("voter", "NY:77")
    assert parse_person("phone:212-555-0199").ids(HASHER) == HASHER.lookups("phone", "+12125550199")
    assert parse_person("crm.ada").ids(HASHER) == ["crm.ada"]


@pytest.mark.parametrize("word", ["", "no id", "(212) 555-0199", "phone:12", "no@address"])
def test_a_word_that_cannot_be_read_names_nobody(word: str) -> None:
    assert parse_person(word).ids(HASHER) == []


@pytest.mark.parametrize(
    ("word", "called"),
    [
        ("ada@exmaple.org", "e-mail address"),
        ("phone:212-555-0199", "phone number"),
        ("voter:NY:77", "voter id"),
        ("external:van:1234567", "external id"),
    ],
)
def test_whoever_gave_an_address_is_not_asked_for_one(word: str, called: str) -> None:
    said = nobody_known_message(word)
    assert said.startswith(f"nobody is known by this {called}: is it spelled as it was reported")
    assert CURE not in said
    assert word.rsplit(":", maxsplit=1)[-1] not in said


def test_a_word_by_which_nobody_is_known_is_answered_with_what_else_may_be_given() -> None:
    assert nobody_known_message("crm.ada") == f"nobody is known by this contact_id: {CURE}"
    assert nobody_known_message("no id") == f"nobody is known by this word: {CURE}"


@pytest.mark.parametrize(
    "word", [HASH[:-1], "email:84daea9e", "email:84daea9e…", "phone:84daea9e", "voter:0123", "external:84daea9e"]
)
def test_a_contact_id_that_was_cut_is_not_taken_for_an_address(word: str) -> None:
    told = "nobody is known by this word: it begins as a contact_id does, and is not whole; give all 32 digits of it"
    assert nobody_known_message(word) == told


@pytest.mark.parametrize("word", [HASH, "email:fed@cafe.org", "phone:2125550199", "voter:NY:77", "external:van:17"])
def test_a_whole_contact_id_is_not_said_to_be_cut(word: str) -> None:
    assert "not whole" not in nobody_known_message(word)


@pytest.mark.parametrize(
    ("word", "called"),
    [
        ("van:1234567", "contact_id or external id"),
        ("OH:1234567", "contact_id, voter id or external id"),
        ("2125550142", "contact_id or phone number"),
    ],
)
def test_whoever_gave_a_short_form_is_told_what_it_was_taken_for(word: str, called: str) -> None:
    said = nobody_known_message(word)
    assert said.startswith(f"nobody is known by this word, as {called}: is it spelled as it was reported")
    assert word.rpartition(":")[2] not in said


@pytest.mark.parametrize("word", ["(212) 555-0142", "+12125550142", "+1 212.555.0142"])
def test_a_phone_number_as_people_write_it_needs_no_word_before_it(word: str) -> None:
    assert nobody_known_message(word).startswith("nobody is known by this phone number: is it spelled")
    assert "phone number" not in nobody_known_message("crm.2125550142")


def test_what_follows_a_question_is_a_sentence_of_its_own() -> None:
    assert followed_by("is it right?", "nothing was sent") == "is it right? Nothing was sent"
    assert followed_by("nobody is known", "nothing was sent") == "nobody is known; nothing was sent"
