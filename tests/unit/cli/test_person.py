"""A person by one word: what it means, and that nothing but a contact_id is taken for one."""

from collections.abc import Sequence

import pytest

from events.harmonised import harmonise
from events.identifiers import Hasher
from events.json_types import JSON
from events.times import render_time
from streams.cli.contact import decision_words
from streams.cli.person import CURE, Person, audited_of, nobody_known_message
from streams.domain.contact.state import Fact
from streams.services.permission.person_name import PersonName, parse_person
from tests.unit.domain.contact.said import DAY, DONOR, HOUR, NOON, Arrival, appended, said

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


SINCE = NOON - 30 * DAY
LETTER = appended(NOON, said("email.sent", "letter", NOON - 7 * DAY, message_id="m"))
ERASURE = appended(
    NOON + HOUR, said("contact.erased_if_inactive", "erasure", NOON + HOUR, inactive_since=render_time(SINCE))
)


def held_of(*arrivals: Arrival) -> Person:
    """What the topics hold of a person, of whom these were heard."""
    values = [(harmonise(each.interaction, HASHER)[1], each.appended_at) for each in arrivals]
    return Person(DONOR, [DONOR], values, None, [])


def ids(facts: Sequence[Fact]) -> list[str]:
    return [fact.id for fact in facts]


def test_of_whom_was_erased_for_doing_nothing_what_was_heard_before_is_in_no_history() -> None:
    """The letter of last week went with all the rest; the gift of before it was heard later, and began a new record."""
    gift = appended(NOON + 2 * HOUR, said("form.submitted", "form", NOON - 8 * DAY, form_id="f"))
    person = held_of(LETTER, ERASURE, gift)
    assert ids(person.facts(NOON - 8 * DAY)) == ["form"]
    assert ids(person.decisions(NOON - 8 * DAY)) == ["erasure"]
    [decided] = person.decisions(NOON - 8 * DAY)
    assert decision_words(decided) == ["this person was to be forgotten, unless they had done something of their own"]


def test_an_erasure_for_doing_nothing_that_was_in_vain_hides_nothing() -> None:
    person = held_of(LETTER, ERASURE)
    assert ids(person.facts(SINCE)) == ["letter"]
    assert ids(person.decisions(SINCE)) == ["erasure"]


def test_an_erasure_of_who_was_not_due_hides_nothing_although_all_that_is_known_is_later_than_its_time() -> None:
    """Sent for everybody with one date: the first that is known had been heard before it, so it was in vain."""
    gift = appended(NOON, said("form.submitted", "form", NOON - 7 * DAY, form_id="f"))
    person = held_of(gift, ERASURE)
    assert ids(person.facts(NOON - 7 * DAY)) == ["form"]


def test_of_who_asked_about_somebody_nothing_is_told_of_others_or_of_staff() -> None:
    ada: dict[str, JSON] = {"contact_id": "email:1", "decision": "allow", "reason": None}
    bo: dict[str, JSON] = {"contact_id": "crm.bo", "decision": "deny", "reason": "held"}
    told: dict[str, JSON] = {"team": "digital", "viewer": "eve@example.org", "reason": "a task", "answers": [ada, bo]}
    assert audited_of(told, {"crm.ada", "email:1"}) == {"team": "digital", "answers": [ada]}
    assert audited_of(told, {"crm.ann"}) is None


@pytest.mark.parametrize(
    ("team", "what", "given"),
    [
        ("operator/eve", "rights", "operator"),
        ("dpo/eve.moss", "rights", "operator"),
        ("console/eve", "rights", "console"),
        ("console/eve", "close_request", "console"),
        ("digital/north", "permission", "digital/north"),
        ("", "read", ""),
    ],
)
def test_who_of_the_staff_has_decided_is_not_told_to_the_person(team: JSON, what: JSON, given: JSON) -> None:
    told: dict[str, JSON] = {"team": team, "what": what, "answers": [{"contact_id": "crm.ada"}]}
    assert audited_of(told, {"crm.ada"}) == {"team": given, "what": what, "answers": [{"contact_id": "crm.ada"}]}
