"""The register is made of what the deployment has: nothing is left out, nothing secret shown, both languages whole."""

import dataclasses
from typing import Any

import msgspec
import pytest

from events.registry import SPECS
from events.topics import ALL
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.pressure import default_policy
from streams.domain.segments.definition_files import read_segments
from streams.operations.acl import rights
from streams.platform.settings import Settings
from streams.platform.stores import STORES
from streams.platform.topics import changelog_topics
from streams.services.console.words import LANGUAGES, Language, Words
from streams.services.register import questions
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
    **given: Any,
) -> Register:
    around = Surroundings(settings(**given), default_policy("fr"), defined)
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


def test_every_type_of_interaction_is_listed_with_its_fields() -> None:
    assert [one.type for one in made().taken] == [spec.name for spec in SPECS]
    assert "support" in next(one.fields for one in made().taken if one.type == "canvass.reported")


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


def test_no_claim_and_the_texts_are_named() -> None:
    shown = " ".join(page().split())
    assert "It is no statement that anything complies with the law." in shown
    assert "article 30 (1)" in shown
    assert "article 35" in shown


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


def test_what_the_policy_asks_is_told_by_channel() -> None:
    asked = {channel.channel: " ".join(channel.asked) for channel in made().asked}
    assert asked["text"].startswith("Only whom said yes to it. The basis that is named is one of: consent.")
    assert "For Fundraising: only whom said yes." in asked["email"]
    assert "By a machine: only whom said yes to automatic_calls." in asked["phone"]
    assert "An electoral roll" in asked["phone"]
    assert asked["door"] == ""


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


def test_a_store_has_every_text_or_there_is_none() -> None:
    required = {each.name for each in dataclasses.fields(STORES[0]) if each.default is dataclasses.MISSING}
    assert required == {"place", "purpose", "people", "stays"}
