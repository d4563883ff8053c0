"""The French demo: invented people, a story, and an oracle that finds what is wrong.

What the oracle is held to is what the agents make of all records: intake with the wall of the regime, contacts, links.
"""

import re
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from events.contact import Contact
from events.identifiers import Hasher
from events.normalise import normalise_email, normalise_phone
from events.refusal import Refusal
from streams.demo.check import Letter, compare_letters, compare_profiles
from streams.demo.french.people import citizens
from streams.demo.french.rights_check import wrong_rights
from streams.demo.french.story import french_script
from streams.demo.oracle import all_closed_channels
from streams.demo.recount import Profile
from streams.demo.script import FILE_ENDS, Script
from streams.demo.truth import ContactFields
from streams.domain.pressure import default_policy
from streams.domain.pressure.french_departments import department_of
from streams.domain.pressure.notices import without_notice
from streams.domain.pressure.policy_values import SHORT_MONTH
from streams.platform.settings import Settings
from streams.worker.agents.intake.agent import Remarks, judge
from tests.property.worker.links.world import World
from tests.unit.engine.kafka_records import Fetched

TODAY = FILE_ENDS
HASHER = Hasher([b"a key"], "FR")


@pytest.fixture(scope="module")
def script() -> Script:
    return french_script(2012, 0.3, TODAY)


def identify(contact: ContactFields) -> str:
    found = HASHER.fragment(Contact.model_validate(contact))
    assert found is not None
    return found


@dataclass(frozen=True)
class Worked:
    """The agents after the story: the topics that they write, and the records that intake refused."""

    world: World
    letters: list[Letter]

    @property
    def profiles(self) -> dict[str, Profile]:
        return {name: dict(each) for name, each in self.world.profiles().items()}

    @property
    def closed(self) -> dict[str, Profile]:
        return {name: dict(each) for name, each in self.world.closed().items() if isinstance(each, dict)}


@pytest.fixture(scope="module")
def worked(script: Script) -> Worked:
    settings = Settings(_env_file=None, regime="fr")
    done = Worked(World(HASHER, policy=default_policy("fr"), is_warm=True), [])
    for place, one in enumerate(script.publications):
        record = Fetched(place, one.value, headers=one.headers, timestamp=TODAY, topic=one.topic)
        taken = judge(record, HASHER, Remarks.none(), settings.wall)
        if isinstance(taken, Refusal):
            done.letters.append(Letter(taken.reason.value, one.topic, 0, place, one.value))
        else:
            done.world.append(*taken[:2], TODAY)
    done.world.settle()
    return done


@pytest.fixture(scope="module")
def profiles(worked: Worked) -> dict[str, Profile]:
    return worked.profiles


def test_everybody_is_as_the_oracle_recounts_them(script: Script, worked: Worked) -> None:
    truth, found = script.profiles(identify), worked.profiles
    assert compare_profiles(truth, found, "contact-state") == []
    assert compare_profiles(all_closed_channels(truth), worked.closed, "contact-suppressions") == []
    assert compare_letters(script.letters(), worked.letters) == []
    assert list(wrong_rights(script.accepted(), found, HASHER, TODAY)) == []


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("consent_ledger", {"text mobilisation", "email fundraising", "phone mobilisation automatic", "audience"}),
        ("provenance", {"phone mobilisation", "due: voter_list", "due: self", "audience", "no notice"}),
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
    assert refused["refused_source"] == 15
    words = [word for each in profiles.values() for word in each.get("consent_ledger", ())]
    assert {word["granted"] for word in words} == {True, False}
    assert {"proof" in word for word in words if word["granted"]} == {True, False}
    kinds = {item["kind"] for each in profiles.values() for item in each.get("provenance", ())}
    assert kinds == {"voter_list", "rented", "self", "canvass"}
    ways = {item.get("notice_by") for each in profiles.values() for item in each.get("provenance", ())}
    assert ways == {"letter", None}
    untold = [each for each in profiles.values() if any(without_notice(each, TODAY, SHORT_MONTH))]
    assert 0 < len(untold) < len(profiles)


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
