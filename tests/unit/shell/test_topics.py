from typing import cast

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from events.topics import ALL
from streams import topics
from streams.engine.errors import MissingTopic, PartitionsMismatch
from streams.settings import Settings
from streams.topics import Found, changelog_name, check_topics, create_topics, describe_topics, wanted

SETTINGS = Settings(app_id="there", partitions=4)


def found(**partitions: int) -> list[Found]:
    """Every topic with 4 partitions, besides those that are named (with `_` for `-`)."""
    odd = {name.replace("_", "-"): count for name, count in partitions.items()}
    return [Found(topic, odd.get(topic.name, 4), 1) for topic in wanted(SETTINGS)]


def test_topics_as_the_settings_say_are_accepted() -> None:
    check_topics(found(), 4)


def test_what_is_missing_is_named_with_the_command_that_makes_it() -> None:
    with pytest.raises(MissingTopic, match=r"no topic interactions, contact-state: run `harmonia topics create`"):
        check_topics(found(contact_state=0, interactions=0), 4)


def test_what_has_another_number_of_partitions_is_named_with_the_number() -> None:
    with pytest.raises(
        PartitionsMismatch, match=r"HARMONIA_PARTITIONS is 4, .*: email-events \(3\), contact-state \(8\)"
    ):
        check_topics(found(email_events=3, contact_state=8), 4)


def test_more_partitions_are_as_wrong_as_fewer() -> None:
    with pytest.raises(PartitionsMismatch):
        check_topics(found(), 3)


def test_what_is_missing_is_told_first() -> None:
    with pytest.raises(MissingTopic):
        check_topics(found(email_events=3, contact_state=0), 4)


def test_the_topics_wanted_are_those_of_the_contract_and_a_compacted_changelog() -> None:
    changelog = wanted(SETTINGS)[-1]

    assert wanted(SETTINGS)[:-1] == list(ALL)
    assert (changelog.name, changelog.cleanup) == (changelog_name(SETTINGS, "contacts"), "compact")
    assert changelog.name == "there-contacts-changelog"


class LateAdmin:
    """A broker that hears of what was made only when it has been asked a few times."""

    def __init__(self, looks: int) -> None:
        self.made: list[str] = []
        self._looks = looks

    def create_topics(self, topics: list[NewTopic]) -> None:
        self.made += [topic.name for topic in topics]

    def describe_topics(self, names: list[str]) -> list[dict[str, object]]:
        self._looks -= bool(self.made)
        there = names if self.made and self._looks < 0 else []
        partitions = [{"replica_nodes": [1]}] * SETTINGS.partitions
        return [{"name": name, "error_code": 0 if name in there else 3, "partitions": partitions} for name in names]


def test_topics_are_there_once_they_have_been_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is started next finds them, though the broker may hear of them late."""
    monkeypatch.setattr(topics, "_PAUSE_S", 0.0)
    admin = cast(KafkaAdminClient, LateAdmin(looks=3))

    made = create_topics(admin, SETTINGS)

    check_topics(describe_topics(admin, SETTINGS), SETTINGS.partitions)
    assert made == [topic.name for topic in wanted(SETTINGS)]


def test_topics_that_are_there_are_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "_PAUSE_S", 0.0)
    admin = cast(KafkaAdminClient, LateAdmin(looks=0))
    create_topics(admin, SETTINGS)

    assert create_topics(admin, SETTINGS) == []
