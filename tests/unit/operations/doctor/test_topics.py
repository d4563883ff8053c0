"""What the doctor says of topics, replicas and the lake."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from events.json_types import JSON
from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.domain.replication import PartitionReplicas, TopicReplicas
from streams.history.lake.erasure import erase_from_lake
from streams.operations.doctor.finding import Finding
from streams.operations.doctor.lake import (
    MUCH_BEHIND,
    OVERDUE_MS,
    examine_lake,
    judge_behind,
    judge_erasures,
    judge_modes,
)
from streams.operations.doctor.replicas import judge_default, judge_replicas
from streams.operations.doctor.servers import LOSSY_SETTINGS, judge_brokers, judge_topics
from streams.platform.settings import Settings
from streams.platform.topics import DescribedTopic, config_of, wanted_topics
from tests.contract.lake.conftest import quick_folder
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, crash
from tests.unit.history.lake.old_files import imported, json_lines, old_event
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record

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


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalFiles:
    """With a gift and a command to erase in it."""
    files = quick_folder(tmp_path / "lake", monkeypatch)
    assert isinstance(files, LocalFiles)
    LakeWriter(files, TOPIC_ID).write(0, 0, 1, [topic_record(0, "donation.made"), topic_record(1, "contact.erased")])
    return files


def found(place: object, now: int = NOW) -> dict[str, Finding]:
    findings = list(examine_lake(Settings(lake=str(place)), now))
    assert all(finding.to_do for finding in findings if finding.verdict != "ok")
    return {finding.what: finding for finding in findings}


def test_without_a_lake_the_doctor_finds_nothing_about_it() -> None:
    assert list(examine_lake(Settings(), NOW)) == []


def test_the_doctor_says_what_is_in_a_healthy_lake(files: LocalFiles, tmp_path: Path) -> None:
    before = files.below("")
    well = found(tmp_path / "lake")
    assert "2 interactions in 2 files" in well["HARMONIA_LAKE"].found
    assert {one.verdict for one in well.values()} == {"ok"}
    assert files.below("") == before


def test_the_doctor_makes_no_lake_where_there_is_none(tmp_path: Path) -> None:
    assert found(tmp_path / "lake")["HARMONIA_LAKE"].verdict == "warn"
    assert not (tmp_path / "lake").exists()


def test_the_doctor_fails_a_place_that_is_no_lake(files: LocalFiles, tmp_path: Path) -> None:
    assert found("nowhere://lake")["HARMONIA_LAKE"].verdict == "fail"
    manifest = next((tmp_path / "lake" / "_manifests").rglob("*.json"))
    manifest.write_text("dear diary")
    assert "is no manifest of the lake" in found(tmp_path / "lake")["HARMONIA_LAKE"].found


def test_the_doctor_fails_a_lake_store_that_cannot_be_written(
    files: LocalFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(LocalFiles, "create", refuse)
    told = found(tmp_path / "lake")["HARMONIA_LAKE"]
    assert (told.verdict, told.found) == ("fail", "cannot be written to: Permission denied")


def test_the_doctor_warns_of_erasures_pending_for_more_than_a_day(files: LocalFiles, tmp_path: Path) -> None:
    name = "erasures in the lake"
    late = found(tmp_path / "lake", NOW + OVERDUE_MS + 3_600_000)[name]
    assert (late.verdict, late.found) == ("warn", "1 are not carried out, the oldest for 26 hours")

    erase_from_lake(files, [], None)

    assert found(tmp_path / "lake", NOW + OVERDUE_MS + 3_600_000)[name].verdict == "ok"
    assert judge_erasures([NOW], NOW + OVERDUE_MS).verdict == "ok"


def test_the_doctor_does_not_say_that_an_erasure_for_doing_nothing_is_carried_out_of_which_the_lake_cannot_know(
    files: LocalFiles, tmp_path: Path
) -> None:
    nobody: JSON = {"contact_id": "c9"}
    command = topic_record(1, "contact.erased_if_inactive", contact=nobody, inactive_since="2009-01-01T00:00:00Z")
    LakeWriter(files, TOPIC_ID).write(0, 1, 1, [command])
    erase_from_lake(files, [], None)
    told = found(tmp_path / "lake")["erasures in the lake"]
    assert "1 for doing nothing were in vain, or wait" in told.found


def test_the_doctor_warns_of_unfinished_writes_into_the_lake(files: LocalFiles, tmp_path: Path) -> None:
    name = "writings into the lake"
    assert found(tmp_path / "lake")[name].verdict == "ok"
    for calls in (4, 5):  # before there is a manifest, and then
        with pytest.raises(Crash):
            imported(
                Interrupted(files, calls, crash),
                json_lines(tmp_path / f"{calls}.jsonl", [old_event(str(calls), "email.sent", NOW)]),
            )

    now = time.time_ns() // 1_000_000
    assert found(tmp_path / "lake", now)[name].found.startswith("1 files are on their way, and 0 of imports")
    assert found(tmp_path / "lake", now + 2 * OVERDUE_MS)[name].found.startswith("1 files are on their way, and 1 of")


@pytest.mark.parametrize(
    ("mode", "group_reads", "verdicts"),
    [
        (0o700, False, []),
        (0o750, False, ["warn"]),
        (0o755, False, ["warn"]),
        (0o2750, True, []),
        (0o755, True, ["warn"]),
    ],
)
def test_the_doctor_judges_the_mode_of_the_lakes_folder(mode: int, group_reads: bool, verdicts: list[str]) -> None:
    assert [one.verdict for one in judge_modes(mode, group_reads=group_reads)] == verdicts


@pytest.mark.parametrize(
    ("begin", "starts", "ends", "verdict"),
    [
        ({0: 5}, {0: 0, 1: 0}, {0: 7, 1: 0}, "ok"),
        ({}, {0: 7}, {0: 9}, "ok"),
        ({0: 5}, {0: 6}, {0: 7}, "fail"),
        ({0: 5}, {0: 0}, {0: 6 + MUCH_BEHIND}, "warn"),
    ],
)
def test_the_doctor_judges_how_far_the_lake_is_behind(
    begin: dict[int, int], starts: dict[int, int], ends: dict[int, int], verdict: str
) -> None:
    assert judge_behind(begin, starts, ends).verdict == verdict


FAR = Settings(kafka_bootstrap="kafka.example:9092", identity_key="a" * 32)
LOCAL = Settings(kafka_bootstrap="127.0.0.1:1")
VERSION = (4, 3)


def topic(*in_sync: int, name: str = "interactions", leader: int | None = 1, **fields: object) -> TopicReplicas:
    partition = PartitionReplicas(0, leader, (1, 2, 3), in_sync)
    return TopicReplicas(name, [partition], **{"least_in_sync": 2, **fields})  # type: ignore[arg-type]


def alone(name: str) -> TopicReplicas:
    return TopicReplicas(name, [PartitionReplicas(0, 1, (1,), (1,))], 1)


def judged(*own: TopicReplicas, internal: tuple[TopicReplicas, ...] = (), settings: Settings = FAR) -> list[Finding]:
    return list(judge_replicas(own, internal, 3, settings))


def test_replicas_that_are_all_in_sync_are_one_good_finding() -> None:
    [finding] = judged(topic(1, 2, 3), internal=(topic(1, 2, 3, name="__transaction_state"),))
    assert (finding.verdict, finding.found) == ("ok", "all 2 partitions have a leader and all their replicas in sync")


@pytest.mark.parametrize(
    ("seen", "verdict", "said"),
    [
        (topic(1, leader=None), "fail", "1 partition of interactions: nothing is written or read there"),
        (topic(1), "fail", "too few for min.insync.replicas in 1 partition of interactions"),
        (topic(1, 2), "warn", "one is missing or behind in 1 partition of interactions; one broker more may not fail"),
        (topic(1, 2, least_in_sync=1), "warn", "one is missing or behind in 1 partition of interactions"),
        (topic(1, 2, 3, unclean=True), "fail", "what was acknowledged is lost then"),
        (topic(1, 2, 3, least_in_sync=3), "warn", "none may be missing of interactions"),
        (alone("interactions"), "warn", "one replica, on the disk of one broker, have interactions"),
    ],
)
def test_the_doctor_says_what_is_wrong_with_replicas(seen: TopicReplicas, verdict: str, said: str) -> None:
    [finding] = judged(seen)
    assert finding.verdict == verdict
    assert said in finding.found
    assert finding.to_do


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("__consumer_offsets", "offsets.topic.replication.factor"),
        ("__transaction_state", "transaction.state.log.replication.factor"),
    ],
)
def test_a_topic_of_kafkas_own_on_one_broker_of_three_is_named_with_its_setting(name: str, setting: str) -> None:
    [finding] = judged(topic(1, 2, 3), internal=(alone(name),))
    assert (finding.what, finding.verdict) == (f"topic {name}", "warn")
    assert "1 replica, and 3 brokers" in finding.found
    assert setting in finding.to_do


def test_one_broker_on_this_machine_is_there_to_be_tried_and_needs_no_other_replica() -> None:
    [finding] = judge_replicas([alone("interactions")], [alone("__consumer_offsets")], 1, LOCAL)
    assert finding.verdict == "ok"


@pytest.mark.parametrize(
    ("replication", "default", "may_lower"), [(3, 3, False), (3, None, False), (3, 1, True), (None, 3, False)]
)
def test_fewer_replicas_are_advised_only_where_brokers_would_give_fewer(
    replication: int | None, default: int | None, may_lower: bool
) -> None:
    settings = FAR.model_copy(update={"replication": replication})
    [finding] = judge_brokers({1: VERSION, 2: VERSION}, settings, default)
    assert (finding.verdict, finding.what) == ("fail", "brokers")
    assert ("HARMONIA_REPLICATION" in finding.to_do) == may_lower


@pytest.mark.parametrize(
    ("replication", "default", "warned"),
    [(1, 3, True), (3, 3, False), (None, 3, False), (1, None, False), (3, 1, False)],
)
def test_a_setting_below_what_brokers_give_is_to_be_taken_away(
    replication: int | None, default: int | None, warned: bool
) -> None:
    found = list(judge_default(default, FAR.model_copy(update={"replication": replication})))
    assert [one.what for one in found] == (["HARMONIA_REPLICATION"] if warned else [])
