"""The French demo, and the oracle's reading."""

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
from streams.demo.oracle import all_closed_channels, closed_channels, is_known, recount
from streams.demo.recount import Profile
from streams.demo.recount_humans import kind_of
from streams.demo.script import FILE_ENDS, Script
from streams.demo.truth import ContactFields, Fields, Sent
from streams.domain.human import agent_of
from streams.domain.pressure import default_policy
from streams.domain.pressure.french_departments import department_of
from streams.domain.pressure.notices import without_notice
from streams.domain.pressure.policy_values import SHORT_MONTH
from streams.platform.settings import Settings
from streams.worker.agents.intake.agent import Remarks, judge
from tests.property.worker.links.world import World
from tests.unit.demo.telling import at, profile, reported, said, taken_back
from tests.unit.domain.human.people import APPLE, CHROME, GMAIL, GMAIL_PREFETCH, IPHONE, OUTLOOK, SAFARI, YAHOO
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


SUPPRESSED, STOP = "contact.suppressed", "text.opted_out"


def test_every_contact_has_a_profile_of_its_own() -> None:
    told = [said("rsvp.made", "02-22T10:00"), said("form.submitted", "02-22T10:00", {}, {"external": {"fec": "bob"}})]
    profiles = recount(told, lambda contact: contact["external"]["fec"])
    assert {name: known["counts"] for name, known in profiles.items()} == {
        "ann": {"rsvp.made": 1},
        "bob": {"form.submitted": 1},
    }


def test_a_repeat_counts_once_and_the_first_published_wins() -> None:
    told = [said("rsvp.made", "02-22T10:00", {}, id="1"), said("form.submitted", "02-21T10:00", {}, id="1")]
    assert profile(told)["counts"] == {"rsvp.made": 1}
    assert profile(told)["first_seen"] == at("02-22T10:00")


def test_times_are_read_in_any_zone_and_cut_to_milliseconds() -> None:
    odd = Sent("topic", "rsvp.made", "app", "1", "2012-02-21T17:00:00.123999-07:00", {}, {})
    assert profile([odd])["last_seen"] == "2012-02-22T00:00:00.123Z"
    ended = said(SUPPRESSED, "02-21T10:00", {"until": "2012-03-01T00:00:00.123999-05:00"})
    assert profile([ended])["stops"]["all"]["until"] == "2012-03-01T05:00:00.123Z"  # type: ignore[index]


def test_the_day_of_a_door_touch_is_that_of_utc() -> None:
    fields: Fields = {"method": "door", "outcome": "contacted"}
    evening = Sent("t", "canvass.reported", "app", "1", "2012-02-21T23:30:00-07:00", {"external": {}}, fields)
    [touch] = profile([evening, reported("02-22T20:00", "door")])["touches"]  # type: ignore[misc]
    assert touch["at"] == at("02-22T06:30")  # type: ignore[has-type]


@pytest.mark.parametrize("kind", [SUPPRESSED, "rsvp.made"])
def test_who_was_suppressed_alone_has_a_profile_until_it_is_retracted_and_others_keep_theirs(kind: str) -> None:
    told = said(kind, "02-22T10:00")
    assert is_known([told])
    for order in ([told, *taken_back(told)], [*taken_back(told), told]):
        assert is_known(order) is (kind != SUPPRESSED)
    assert is_known([told, *taken_back(told), said(SUPPRESSED, "02-23T10:00")])
    assert not is_known([said("contact.linked", "02-22T10:00")])


def test_contact_suppressions_has_a_record_of_each_profile_with_a_closed_channel() -> None:
    shut = said(STOP, "02-20T10:00", id="1")
    closed = {"text": {"reason": "opted_out", "since": at("02-20T10:00"), "source": "app/one", "id": "1"}}
    assert (closed_channels([shut]), closed_channels([shut, *taken_back(shut)])) == (closed, {})
    known = {"ann": profile([said("rsvp.made", "02-20T10:00")]), "bob": profile([shut])}
    assert all_closed_channels(known) == {"bob": closed}


@pytest.mark.parametrize(
    "user_agent",
    [None, "", APPLE, CHROME, GMAIL, GMAIL_PREFETCH, IPHONE, OUTLOOK, SAFARI, YAHOO, "curl/8.4.0", "new", "Barracuda"],
)
def test_the_oracle_and_the_score_read_the_same_kinds_in_user_agents(user_agent: str | None) -> None:
    assert kind_of(user_agent) == agent_of(user_agent).name.lower()
