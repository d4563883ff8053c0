"""The French demo: invented people, a story, and an oracle that finds what is wrong."""

import re
from collections import Counter
from random import Random
from typing import Any

import pytest

from events.contact import Contact
from events.envelope import Interaction, Record, decode
from events.harmonised import harmonise, read_harmonised
from events.identifiers import Hasher
from events.normalise import normalise_email, normalise_phone
from streams.demo.check import compare_profiles
from streams.demo.french.people import citizens
from streams.demo.french.rights_check import wrong_rights
from streams.demo.french.story import french_script
from streams.demo.recount import Profile
from streams.demo.script import FILE_ENDS, Script
from streams.demo.truth import ContactFields
from streams.domain.contact import ContactState, fold, profile
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.pressure.french_departments import department_of

TODAY = FILE_ENDS
HASHER = Hasher([b"a key"], "FR")


@pytest.fixture(scope="module")
def script() -> Script:
    return french_script(2012, 0.1, TODAY)


def identify(contact: ContactFields) -> str:
    found = HASHER.fragment(Contact.model_validate(contact))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def profiles(script: Script) -> dict[str, Profile]:
    """What the fold makes of all records, each person by themselves."""
    states: dict[str, ContactState] = {}
    for one in script.publications:
        read = decode(Record(one.topic, one.value, one.headers, TODAY), "FR")
        if one.reason is None:
            assert isinstance(read, Interaction), read
            fragment, value = harmonise(read, HASHER)
            heard = read_harmonised(value)
            assert isinstance(heard, Interaction), heard
            head = heard.id, heard.source, heard.type, fragment
            fact = fact_of(head, heard.time, heard.data, TODAY)
            states[fragment] = fold(states.get(fragment, ContactState()), [fact])[0]
    return {name: dict(profile(name, state)) for name, state in states.items()}


def test_everybody_is_as_the_oracle_recounts_them(script: Script, profiles: dict[str, Profile]) -> None:
    assert compare_profiles(script.profiles(identify), profiles, "fold") == []
    assert list(wrong_rights(script.accepted(), profiles, HASHER, TODAY)) == []


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("consent_ledger", {"text mobilisation", "email fundraising", "phone mobilisation automatic"}),
        ("provenance", {"phone mobilisation", "due: voter_list", "due: self"}),
        ("last_active_at", {"due: inactive"}),
    ],
)
def test_what_is_missing_from_profiles_is_found(
    script: Script, profiles: dict[str, Profile], field: str, names: set[str]
) -> None:
    poorer = {name: {key: value for key, value in each.items() if key != field} for name, each in profiles.items()}
    found = {each.field for each in wrong_rights(script.accepted(), poorer, HASHER, TODAY)}
    assert names <= found


def test_the_story_has_something_of_each_kind(script: Script, profiles: dict[str, Any]) -> None:
    refused = Counter(one.reason for one in script.publications if one.reason is not None)
    assert refused["refused_source"] == 5
    words = [word for each in profiles.values() for word in each.get("consent_ledger", ())]
    assert {word["granted"] for word in words} == {True, False}
    assert {"proof" in word for word in words if word["granted"]} == {True, False}
    kinds = {item["kind"] for each in profiles.values() for item in each.get("provenance", ())}
    assert kinds == {"voter_list", "rented", "self", "canvass"}


def test_people_have_addresses_and_numbers_that_belong_to_nobody() -> None:
    rng = Random(1)
    found = citizens(300, rng)
    numbers = [normalise_phone(each.by_mobile(rng)["phone"], "FR") for each in found]
    lines = [normalise_phone(each.by_landline(rng)["phone"], "FR") for each in found]
    assert all(re.fullmatch(r"\+336 ?3998\d{4}", number or "") for number in numbers)
    assert all(re.fullmatch(r"\+33(19900|26191|35301|46571|53649)\d{4}", line or "") for line in lines)
    assert len({*numbers, *lines}) == 600
    emails = {normalise_email(each.email) for each in found}
    assert len(emails) == 300
    assert all(re.search(r"@(example\.(org|com|net)|courriel\.example)$", email or "") for email in emails)
    assert [department_of(each.postcode) for each in found] == [each.department for each in found]
