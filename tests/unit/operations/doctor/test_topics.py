"""Topics are held against what `topics create` would make, and each difference has its cure."""

from dataclasses import replace
from typing import Any

import pytest

from streams.operations.doctor.finding import Finding
from streams.operations.doctor.servers import LOSSY_SETTINGS, judge_topics
from streams.platform.settings import Settings
from streams.platform.topics import DescribedTopic, config_of, wanted_topics

SETTINGS = Settings(app_id="there", partitions=4, replication=3)
ENTRIES = [DescribedTopic(topic, topic.partitions or 4, 3) for topic in wanted_topics(SETTINGS)]
CONFIGS = {entry.topic.name: config_of(entry.topic, SETTINGS.replication) for entry in ENTRIES}


def with_config(name: str, **config: str) -> list[Finding]:
    """What is found when this topic has other settings (with `_` for `.`)."""
    odd = {key.replace("_", "."): value for key, value in config.items()}
    return list(judge_topics(ENTRIES, {**CONFIGS, name: {**CONFIGS[name], **odd}}, SETTINGS))


def with_entry(name: str, **fields: Any) -> list[Finding]:
    entries = [replace(entry, **fields) if entry.topic.name == name else entry for entry in ENTRIES]
    return list(judge_topics(entries, CONFIGS, SETTINGS))


def test_the_doctor_accepts_topics_as_they_are_created() -> None:
    [finding] = judge_topics(ENTRIES, CONFIGS, SETTINGS)
    assert (finding.verdict, finding.to_do) == ("ok", "")


@pytest.mark.parametrize(
    ("name", "config", "verdict"),
    [
        ("contact-state", {"cleanup_policy": "delete"}, "fail"),
        ("contact-state", {"delete_retention_ms": "86400000"}, "fail"),
        ("interactions", {"message_timestamp_type": "CreateTime"}, "fail"),
        ("contact-roofs", {"min_compaction_lag_ms": "0"}, "fail"),
        ("there-contacts-changelog", {"max_message_bytes": "1048588"}, "fail"),
        ("interactions", {"retention_ms": "86400000"}, "warn"),
        ("contact-state", {"segment_ms": "604800000"}, "warn"),
        ("contact-state", {"max_compaction_lag_ms": "9223372036854775807"}, "warn"),
        ("contact-state", {"min_insync_replicas": "1"}, "warn"),
        ("contact-state", {"min_insync_replicas": "4"}, "fail"),
    ],
)
def test_the_doctor_names_a_differing_topic_setting_with_the_command_that_mends_it(
    name: str, config: dict[str, str], verdict: str
) -> None:
    [finding] = with_config(name, **config)
    [(key, value)] = config.items()
    assert (finding.what, finding.verdict) == (f"topic {name}", verdict)
    assert key.replace("_", ".") in finding.found
    assert f"--entity-name {name} --add-config {key.replace('_', '.')}=" in finding.to_do
    assert not finding.to_do.endswith(f"={value}")


@pytest.mark.parametrize(
    "config", [{"retention_ms": "-1"}, {"max_message_bytes": "99999999"}, {"retention_ms": "9999999999"}]
)
def test_the_doctor_accepts_topics_with_longer_retention_or_larger_records(config: dict[str, str]) -> None:
    assert [finding.verdict for finding in with_config("interactions", **config)] == ["ok"]


def test_the_doctor_checks_every_topic_setting_that_is_created() -> None:
    for entry in ENTRIES:
        for key in CONFIGS[entry.topic.name]:
            other = {"cleanup.policy": "compact,delete", "message.timestamp.type": "CreateTime"}.get(key, "7")
            [finding] = with_config(entry.topic.name, **{key: other})
            assert finding.verdict in ("warn", "fail")
            assert (key not in LOSSY_SETTINGS) or finding.verdict == "fail"


def test_the_doctor_fails_a_missing_topic_and_one_with_other_partitions() -> None:
    [missing] = with_entry("interactions", partitions=0)
    [other] = with_entry("interactions", partitions=5)
    [fixed] = with_entry("identity-links", partitions=4)
    assert (missing.verdict, missing.to_do) == ("fail", "harmonia topics create")
    assert (other.verdict, other.found) == ("fail", "it has 5 partitions, not 4")
    assert (fixed.verdict, fixed.found) == ("fail", "it has 4 partitions, not 1")


def test_the_doctor_warns_of_topics_with_fewer_replicas() -> None:
    [finding] = with_entry("interactions", replication=2)
    assert (finding.verdict, finding.found) == ("warn", "it has 2 replicas, not 3")


def test_where_brokers_give_a_topic_more_replicas_it_is_to_have_more_and_not_to_need_fewer() -> None:
    """Lowering `min.insync.replicas` would mend the symptom, and leave one copy of everything."""
    settings = Settings(app_id="there", partitions=4)
    entries = [replace(entry, replication=1) for entry in ENTRIES]
    found = list(judge_topics(entries, CONFIGS, settings, default=3))

    assert {one.to_do for one in found} == {"add replicas with kafka-reassign-partitions.sh"}
    assert {one.verdict for one in found} == {"warn", "fail"}


def test_topics_as_brokers_make_them_are_accepted_where_nothing_is_set() -> None:
    [finding] = judge_topics(ENTRIES, CONFIGS, Settings(app_id="there", partitions=4), default=3)
    assert finding.verdict == "ok"


def test_brokers_that_let_a_topic_of_three_replicas_live_with_one_are_named_where_nothing_is_set() -> None:
    configs = {name: {**config, "min.insync.replicas": "1"} for name, config in CONFIGS.items()}
    found = list(judge_topics(ENTRIES, configs, Settings(app_id="there", partitions=4), default=3))
    assert {one.found for one in found} == {"min.insync.replicas is 1, not 2"}
