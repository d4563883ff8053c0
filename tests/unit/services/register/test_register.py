"""The register is made of what the deployment has: nothing is left out, nothing secret shown, both languages whole."""

import hashlib
import re
from typing import Any

import msgspec
import pytest

from events.interactions.base import Provenance
from events.registry import SPECS
from events.topics import ALL
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.pressure import Policy, default_policy
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.domain.segments.definition_files import read_segments
from streams.operations.acl import rights
from streams.platform.settings import Settings
from streams.platform.stores import STORES
from streams.platform.topics import changelog_topics
from streams.services.console.words import LANGUAGES, Language, Words
from streams.services.register import questions
from streams.services.register.activities import ACTIVITIES, types_of
from streams.services.register.defined_rules import defined_rules
from streams.services.register.page import WIDTH, register_page
from streams.services.register.record import Register, plain, register_of
from streams.services.register.scores import SCORES, Definitions, Surroundings

NOON = 1_792_000_000_000
NOBODY_LOOKED = None
NOTHING = Definitions((), ())


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, regime="fr", **given)


def made(
    language: Language = "en",
    defined: Definitions | None = NOTHING,
    endpoints: tuple[Endpoint, ...] = (),
    policy: Policy | None = None,
    **given: Any,
) -> Register:
    around = Surroundings(settings(**given), policy or default_policy("fr"), defined)
    return register_of(around, endpoints, Words(language), NOON)


def page(language: Language = "en", **given: Any) -> str:
    return register_page(made(language, **given), Words(language))


TOPICS = [*ALL, *changelog_topics("harmonia")]
MADE = made()


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_each_topic_is_there_with_its_purpose_its_data_and_its_time(topic: Any) -> None:
    assert topic.purpose.strip()
    assert topic.people.strip()
    [place] = [place for place in MADE.places if place.name == topic.name]
    assert (place.purpose, place.people) == (plain(topic.purpose), plain(topic.people))
    assert place.stays
    readers = {right.user for right in rights() if right.name == topic.name and "Read" in right.operations}
    assert set(place.read_by) == readers


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.place)
def test_each_store_is_there_with_its_purpose_its_data_and_its_time(store: Any) -> None:
    assert all(text.strip() for text in (store.purpose, store.people, store.stays))
    [place] = [place for place in MADE.places if place.name == plain(store.place)]
    assert (place.purpose, place.people, place.stays) == (
        plain(store.purpose),
        plain(store.people),
        plain(store.stays),
    )


def test_what_is_not_configured_is_said_to_be_unused(tmp_path: Any) -> None:
    assert {place.name for place in made().places if place.used is False} >= {"the lake", "PostgreSQL"}
    assert "the lake" not in {place.name for place in made(lake=str(tmp_path)).places if place.used is False}
    assert "Not in use here: the lake;" in " ".join(page().split())


def test_a_changelog_has_the_readers_of_its_topic_under_any_app_id() -> None:
    usual, other = ({place.name: place.read_by for place in made(app_id=app).places} for app in ("harmonia", "other"))
    assert "harmonia-worker" in other["other-contacts-changelog"]
    assert other["other-contacts-changelog"] == usual["harmonia-contacts-changelog"]


def test_each_type_of_interaction_belongs_to_one_activity_with_a_purpose() -> None:
    named = [each.name for spec in ACTIVITIES for each in types_of(spec)]

    assert sorted(named) == sorted(spec.name for spec in SPECS)
    assert all(spec.purpose and spec.people and types_of(spec) for spec in ACTIVITIES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_activities_with_their_purposes_come_first_and_topics_last(language: Language) -> None:
    shown, words = page(language), Words(language)
    titles = [line.removeprefix("## ") for line in shown.splitlines() if line.startswith("## ")]

    assert titles[1] == words.text("Processing activities")
    assert titles[-3:] == [
        words.text("Annex: whose data, and which"),
        words.text("Annex: where data are, what for, and how long"),
        words.text("Annex: which program reads what"),
    ]
    activities = shown[: shown.index(f"## {titles[2]}")]
    assert [topic.name for topic in ALL if topic.name in activities] == []
    assert [spec.name for spec in SPECS if spec.name in activities] == []
    assert activities.count(f"- {words.text('Purpose of the processing')}") == len(ACTIVITIES)


def test_an_activity_tells_when_erasure_is_due_and_that_it_may_tell_an_opinion() -> None:
    [canvassing] = [one for one in made(inactivity_days=90).activities if "Canvassing" in one.name]
    [gifts] = [one for one in made(inactivity_days=0).activities if "Gifts" in one.name]

    assert canvassing.may_tell_opinions
    assert not gifts.may_tell_opinions
    assert "the profile: until erasure, which is due 90 days after the person's last own act" in canvassing.kept
    assert "the profile: until erasure; no time is set after which that is due" in gifts.kept


def test_every_type_of_interaction_is_listed_with_its_fields() -> None:
    assert [one.type for one in made().taken] == [spec.name for spec in SPECS]
    [canvass] = [one for one in MADE.taken if one.type == "canvass.reported"]
    assert [field.name for field in canvass.fields if field.is_special] == [
        "support",
        "answers",
        "tags_added",
        "tags_removed",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_field_has_in_it_is_told_and_what_may_tell_an_opinion_is_marked(language: Language) -> None:
    """Of a voter an electoral roll tells age, sex and polling station, all within `provenance`."""
    shown = " ".join(page(language).split())
    with_, comes_from = {"en": ("with", "where it comes from"), "fr": ("dont", "provenance")}[language]
    words = Words(language)
    told = ", ".join(f"{words.name('field', name)} (`{name}`)" for name in Provenance.model_fields)
    assert f"{comes_from} (`provenance`), {with_} {told}" in shown
    mark = {"en": "may tell an opinion", "fr": "peut dire une opinion"}[language]
    assert [
        name for name in ("support", "answers", "tags_added", "tags_removed") if f"(`{name}`) [{mark}]" not in shown
    ] == []


@pytest.mark.parametrize(("language", "told"), [("en", "Staff and volunteers"), ("fr", "Personnel et bénévoles")])
def test_whoever_works_for_the_organisation_is_on_it_too(language: Language, told: str) -> None:
    shown = " ".join(page(language).split())
    assert told in shown
    assert "canvasser_id" in shown[shown.index(told) :][:200]


def test_no_measure_is_said_that_does_not_hold_for_all_ids() -> None:
    """A `contact_id` is used as producers give it, and refused records are kept with the addresses in them."""
    shown = " ".join(page().split())
    assert "Addresses, numbers and ids of people are kept as keyed hashes" not in shown
    assert "what producers give as contact_id or canvasser_id stays as it came" in shown
    assert "dead-letters" in shown[shown.index("## What protects it") :]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_no_wider_than_a_terminal_and_has_a_blank_for_each_question(language: Language) -> None:
    shown = page(language)
    assert [line for line in shown.splitlines() if len(line) > WIDTH] == []
    words = Words(language)
    told = " ".join(shown.split())
    assert [asked for asked in questions.ALL if " ".join(words.text(asked).split()) not in told] == []
    assert shown.count("_" * 40) == len(questions.ALL) + 2


def test_who_answers_for_it_is_a_setting_or_a_blank() -> None:
    shown = page(controller="Liste Martin, Lyon", dpo="dpo@example.org")
    assert "Name and contact: Liste Martin, Lyon" in shown
    assert "Data protection officer: dpo@example.org" in shown
    assert shown.count("_" * 40) == len(questions.ALL)


def test_french_is_whole() -> None:
    english, french = made("en"), made("fr")
    for here, there in zip(english.places, french.places, strict=True):
        told = (here.purpose, here.people, here.stays)
        assert [text for text in told if text in (there.purpose, there.people, there.stays)] == [], here.name
    for one, other in zip(english.scores, french.scores, strict=True):
        assert {one.logic, one.use}.isdisjoint({other.logic, other.use})
    assert " :" not in page("fr").replace("\u00a0:", "")
    assert re.findall(r".{12}(?<!\u202f);", page("fr")) == []


def test_of_endpoints_and_vendors_the_name_and_the_host_alone_are_shown() -> None:
    webhook = Endpoint.model_validate(
        {
            "id": "crm",
            "kind": "webhook",
            "url": "https://crm.example.org/hooks/tok-4711",
            "secrets": ["env:CRM"],
            "topics": ["segment-changes"],
        }
    )
    slack = Endpoint.model_validate(
        {"id": "war-room", "kind": "slack", "url": "file:war-room-url", "topics": ["system-alerts"]}
    )
    given: dict[str, Any] = {"sendgrid_key": "SG.secret", "redis_url": "redis://:hush@127.0.0.1:6379/0"}
    found = made(endpoints=(webhook, slack), **given)
    hosts = {one.name: one.host for one in found.recipients}
    assert hosts == {"crm": "crm.example.org", "war-room": None, "sendgrid": "api.sendgrid.com"}
    told = page(endpoints=(webhook, slack), **given) + msgspec.json.encode(found).decode()
    assert [secret for secret in ("tok-4711", "SG.secret", "hush", "env:CRM") if secret in told] == []


DIGEST = hashlib.sha256(b"a token of a team").hexdigest()


@pytest.mark.parametrize("language", LANGUAGES)
def test_teams_that_may_ask_over_http_are_readers_and_their_tokens_are_not_shown(language: Language) -> None:
    given: dict[str, Any] = {
        "api_tokens": f"digital:read+permit:{DIGEST} digital:list:{DIGEST[::-1]} *:publish:{DIGEST}"
    }
    found = made(language, **given)
    assert [(one.team, one.scopes) for one in found.callers] == [
        ("digital", ("read", "list", "permit")),
        ("*", ("publish",)),
    ]
    told = page(language, **given)
    assert "**digital** (read, list, permit)" in told
    told += msgspec.json.encode(found).decode()
    assert DIGEST not in told
    assert DIGEST[::-1] not in told


def test_whoever_is_given_files_is_asked_for_and_files_are_a_store() -> None:
    shown = " ".join(page().split())
    assert "To whom files are given" in shown
    [files] = [place for place in MADE.places if place.name.startswith("files that commands and the console write")]
    assert (files.used, files.is_of_nobody) == (None, False)


def test_what_the_policy_asks_is_told_by_channel() -> None:
    asked = {channel.channel: " ".join(channel.asked) for channel in made().asked}
    assert asked["text"].startswith("Only whom said yes to it. The basis that is named is one of: consent.")
    assert "For Fundraising: only whom said yes." in asked["email"]
    assert "By a machine: only whom said yes to automatic_calls." in asked["phone"]
    assert "An electoral roll" in asked["phone"]
    assert asked["door"] == ""


@pytest.mark.parametrize(
    ("within", "told"), [("20d", "20 days after their data were got,"), ("0m", "is not reached until")]
)
def test_of_notices_it_tells_what_is_asked_and_that_nobody_is_told_by_this(within: str, told: str) -> None:
    """Whoever came from elsewhere is not reached without a notice; that they are given one is no program's word."""
    said = {"channel": "email", "require": "notice", "purposes": ["fundraising"], "within": within}
    policy = default_policy("fr").model_copy(update={"conditions": (PolicyCondition.model_validate(said),)})
    [asked] = [one.asked for one in made(policy=policy).asked if one.channel == "email"]
    shown = " ".join(" ".join(asked).split())
    assert told in shown
    assert "Harmonia tells nobody" in shown


def test_scores_tell_their_logic_and_whether_they_are_on() -> None:
    states = {score.name: score.is_on for score in made().scores}
    assert (states["Segments"], states["Experiments and their uplift"], states["Backtests"]) == (False, False, False)
    assert {score.name: score.is_on for score in made(defined=NOBODY_LOOKED).scores}["Segments"] is None
    assert all(score.logic and score.use for score in made().scores)
    assert len(made().scores) == len(SCORES)


def test_a_segment_that_goes_by_opinion_is_marked_also_where_it_refers_to_one() -> None:
    found = read_segments(
        """
        [[segment]]
        id = "friends"
        all = [{ support = [1, 2] }]

        [[segment]]
        id = "givers"
        all = [{ gifts = "count", within = "365d", at_least = 1 }]

        [[segment]]
        id = "near"
        any = [{ segment = "friends" }, { segment = "givers" }]
        """
    )
    assert isinstance(found, list), found
    defined = defined_rules({one.id: one for one in found}, {})
    assert {rule.name: rule.is_special for rule in defined.segments} == {"friends": True, "givers": False, "near": True}
    shown = page(defined=defined)
    assert "**friends** (goes by opinion)" in shown
    assert '"support": [1, 2]' in " ".join(shown.split())
    assert {score.name: score.is_on for score in made(defined=defined).scores}["Segments"] is True


def test_what_somebody_named_shows_nothing_that_a_terminal_obeys() -> None:
    assert "\x1b" not in page(controller="\x1b[31mred")
