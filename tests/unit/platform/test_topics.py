"""Topics."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import repeat
from typing import Any, cast

import pytest
import typer
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.consumer.fetcher import Fetcher
from kafka.errors import InvalidReplicationFactorError, LeaderNotAvailableError
from kafka.structs import OffsetAndTimestamp

from events.topics import ALL
from streams.cli.failures import failing_plainly
from streams.platform import topics
from streams.platform.clients import KafkaClients
from streams.platform.described_topics import refuse_undescribed
from streams.platform.errors import HiddenTopic, KafkaAway, MissingTopic, PartitionsMismatch, TooFewBrokers
from streams.platform.settings import Settings
from streams.platform.topics import (
    TABLES,
    DescribedTopic,
    changelog_name,
    check_topics,
    config_of,
    create_topics,
    describe_topics,
    wanted_topics,
)

SETTINGS = Settings(app_id="there", partitions=4)


def found(**partitions: int) -> list[DescribedTopic]:
    """Every topic as it should be, with 4 partitions, besides those that are named (with `_` for `-`)."""
    odd = {name.replace("_", "-"): count for name, count in partitions.items()}
    return [DescribedTopic(topic, odd.get(topic.name, topic.partitions or 4), 1) for topic in wanted_topics(SETTINGS)]


def test_topics_as_the_settings_say_are_accepted() -> None:
    check_topics(found(), 4)


def test_a_missing_topic_is_named_with_the_command_that_makes_it() -> None:
    with pytest.raises(MissingTopic, match=r"no topic interactions, contact-state: run `harmonia topics create`"):
        check_topics(found(contact_state=0, interactions=0), 4)


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        (3, MissingTopic, "there is no topic interactions: run `harmonia topics create`"),
        (29, HiddenTopic, "this user may not see the topic interactions: see deploy/acl"),
        (5, KafkaAway, "asking for the topic interactions: LeaderNotAvailableError"),
    ],
)
def test_each_trouble_with_a_topic_is_told_with_its_own_cure(code: int, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=f"^{said}$") as told:
        refuse_undescribed({"contact-state": 0, "interactions": code})
    assert isinstance(told.value.__cause__, LeaderNotAvailableError) == (error is KafkaAway)

    there = [entry for entry in found() if entry.topic.name != "interactions"]
    [hidden] = [replace(entry, partitions=0, error_code=code) for entry in found() if entry not in there]
    with pytest.raises(error, match=f"^{said}$"):
        check_topics([*there, hidden], 4)


def test_of_several_troubles_the_rights_are_told_first_and_then_what_is_missing() -> None:
    with pytest.raises(HiddenTopic, match="the topic b, d: see"):
        refuse_undescribed({"a": 3, "b": 29, "c": 5, "d": 29})
    with pytest.raises(MissingTopic, match="no topic a: run"):
        refuse_undescribed({"c": 5, "a": 3})
    refuse_undescribed({"a": 0})


def test_a_topic_with_another_number_of_partitions_is_named_with_it() -> None:
    with pytest.raises(
        PartitionsMismatch, match=r"HARMONIA_PARTITIONS is 4, .*: email-events \(3\), contact-state \(8\)"
    ):
        check_topics(found(email_events=3, contact_state=8), 4)


def test_a_number_of_partitions_that_no_setting_changes_is_held_to_as_well() -> None:
    with pytest.raises(PartitionsMismatch, match=r"no setting changes: identity-links \(4, not 1\)\. .*topics create"):
        check_topics(found(identity_links=4), 4)


def test_missing_topics_are_told_before_wrong_numbers_of_partitions() -> None:
    with pytest.raises(MissingTopic):
        check_topics(found(email_events=3, contact_state=0), 4)


def test_the_topics_wanted_are_all_of_the_list_and_a_compacted_changelog_for_each_table() -> None:
    changelogs = wanted_topics(SETTINGS)[len(ALL) :]

    assert wanted_topics(SETTINGS)[: len(ALL)] == list(ALL)
    assert [topic.name for topic in changelogs] == [changelog_name(SETTINGS, table) for table in TABLES]
    assert [(topic.name, topic.cleanup, topic.partitions) for topic in changelogs] == [
        ("there-contacts-changelog", "compact", None),
        ("there-links-changelog", "compact", 1),
        ("there-campaigns-changelog", "compact", 1),
        ("there-experiments-changelog", "compact", 1),
    ]


class LateAdmin:
    """A broker that hears of what was made only when it has been asked a few times."""

    def __init__(self, looks: int) -> None:
        self.made: dict[str, int] = {}
        self._looks = looks

    def create_topics(self, topics: list[NewTopic]) -> None:
        self.made |= {topic.name: topic.num_partitions for topic in topics}

    def describe_topics(self, names: list[str]) -> list[dict[str, object]]:
        self._looks -= bool(self.made)
        there = self.made if self._looks < 0 else {}
        return [self._described(name, there.get(name, 0)) for name in names]

    def _described(self, name: str, partitions: int) -> dict[str, object]:
        error = 0 if partitions else 3
        return {"name": name, "error_code": error, "partitions": [{"replica_nodes": [1]}] * partitions}


def test_topics_are_there_with_their_numbers_of_partitions_once_they_have_been_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that is started next finds them, though the broker may hear of them late."""
    monkeypatch.setattr(topics, "_PAUSE_S", 0.0)
    admin = cast(KafkaAdminClient, LateAdmin(looks=3))

    made = create_topics(admin, SETTINGS)

    check_topics(describe_topics(admin, SETTINGS), SETTINGS.partitions)
    assert made == [topic.name for topic in wanted_topics(SETTINGS)]


class RefusingAdmin(LateAdmin):
    """A cluster of two brokers, and a third one that is fenced off."""

    def create_topics(self, topics: list[NewTopic]) -> None:
        self.asked = {topic.replication_factor for topic in topics}
        raise InvalidReplicationFactorError

    def describe_cluster(self) -> dict[str, object]:
        return {"brokers": [{"broker_id": 1}, {"broker_id": 2}, {"broker_id": 3, "is_fenced": True}]}


@pytest.mark.parametrize(
    ("replication", "asked", "told"),
    [
        (3, 3, "HARMONIA_REPLICATION is 3, but 2 brokers are up"),
        (None, -1, r"2 brokers are up, .* default.replication.factor .* HARMONIA_REPLICATION to 2 or less"),
    ],
)
def test_more_replicas_than_brokers_are_refused_with_the_setting_and_how_many_brokers_there_are(
    replication: int | None, asked: int, told: str
) -> None:
    admin = RefusingAdmin(looks=0)
    settings = SETTINGS.model_copy(update={"replication": replication})

    with pytest.raises(TooFewBrokers, match=told):
        create_topics(cast(KafkaAdminClient, admin), settings)
    assert admin.asked == {asked}


def test_how_many_replicas_must_be_in_sync_is_the_brokers_business_where_nothing_is_set() -> None:
    assert config_of(ALL[0], 3)["min.insync.replicas"] == "2"
    assert config_of(ALL[0], 1)["min.insync.replicas"] == "1"
    assert "min.insync.replicas" not in config_of(ALL[0], None)


FIRST, SECOND = TopicPartition("t", 0), TopicPartition("t", 1)
BOTH = [FIRST, SECOND]
AT = OffsetAndTimestamp(7, 1000, -1)
SOME, BOTH_AT = {FIRST: AT}, {FIRST: AT, SECOND: AT}
"""What the library hears while it knows one leader of two, and once it knows both."""
Ask = Callable[[KafkaConsumer], dict[TopicPartition, Any]]


class Net:
    """Gives these answers of brokers to the library, in turn."""

    def __init__(self, answers: Iterable[dict[TopicPartition, OffsetAndTimestamp]]) -> None:
        self._answers: Iterator[dict[TopicPartition, OffsetAndTimestamp]] = iter(answers)

    def run(self, *_: object) -> dict[TopicPartition, OffsetAndTimestamp]:
        return dict(next(self._answers))


@pytest.fixture
def hearing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., KafkaConsumer]:
    """The consumer of commands, whose brokers answer so."""

    def unconnected(self: KafkaConsumer, **config: Any) -> None:
        self.config = {**KafkaConsumer.DEFAULT_CONFIG, **config}

    def made(answers: Iterable[dict[TopicPartition, OffsetAndTimestamp]], **config: int) -> KafkaConsumer:
        monkeypatch.setattr(KafkaConsumer, "__init__", unconnected)
        monkeypatch.setattr(KafkaClients, "require_reachable", lambda _: None)
        consumer = KafkaClients(Settings()).tool_consumer()
        consumer.config |= config
        consumer._fetcher = Fetcher.__new__(Fetcher)
        consumer._fetcher._net = Net(answers)
        return consumer

    return made


@pytest.mark.parametrize(
    "ask", [lambda one: one.end_offsets(BOTH), lambda one: one.beginning_offsets(BOTH)], ids=["end", "beginning"]
)
def test_offsets_are_asked_for_again_until_every_partition_has_a_leader(
    hearing: Callable[..., KafkaConsumer], ask: Ask
) -> None:
    assert ask(hearing([SOME, {SECOND: AT}, SOME, BOTH_AT])) == {FIRST: 7, SECOND: 7}


def test_a_partition_without_a_leader_is_not_taken_for_one_without_later_records(
    hearing: Callable[..., KafkaConsumer],
) -> None:
    assert hearing([SOME, BOTH_AT, BOTH_AT]).offsets_for_times(dict.fromkeys(BOTH, 1000)) == BOTH_AT


def test_a_leader_that_does_not_come_is_told_as_a_kafka_that_is_away(
    hearing: Callable[..., KafkaConsumer], capsys: pytest.CaptureFixture[str]
) -> None:
    consumer = hearing(repeat(SOME), request_timeout_ms=0)
    with pytest.raises(typer.Exit), failing_plainly():
        consumer.end_offsets(BOTH)
    assert "Kafka: LeaderNotAvailableError; is KAFKA_BOOTSTRAP right" in capsys.readouterr().err
