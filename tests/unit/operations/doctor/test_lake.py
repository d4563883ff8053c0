"""What the doctor says of lakes, of files of policy and teams, and of topics."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from events.json_types import JSON
from events.regimes import RegimeName
from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.domain.pressure import default_policy_text
from streams.history.lake.erasure import erase_from_lake
from streams.operations.doctor.configuration import examine_configuration
from streams.operations.doctor.finding import Finding, Verdict, fail, gravest_of_each_setting, ok, warn
from streams.operations.doctor.lake import (
    MUCH_BEHIND,
    OVERDUE_MS,
    examine_lake,
    judge_behind,
    judge_erasures,
    judge_modes,
)
from streams.operations.doctor.servers import LOSSY_SETTINGS, judge_topics
from streams.platform.settings import Settings
from streams.platform.topics import DescribedTopic, config_of, wanted_topics
from tests.contract.lake.conftest import quick_folder
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, crash
from tests.unit.history.lake.old_files import imported, json_lines, old_event
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record


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


# What the doctor says of the files of policy and teams, and that it is one line of each setting.
@pytest.mark.parametrize(
    ("regime", "of", "verdict"),
    [
        ("fr", "us", "warn"),
        ("eu", "us", "warn"),
        ("fr", "eu", "warn"),
        ("eu", "fr", "ok"),
        ("eu", "eu", "ok"),
        ("fr", "fr", "ok"),
        ("us", "us", "ok"),
        ("us", "fr", "ok"),
    ],
)
def test_a_policy_file_of_another_country_than_the_regimes_is_told(
    regime: RegimeName, of: RegimeName, verdict: Verdict, tmp_path: Path
) -> None:
    """A volume that was there before the regime was set keeps its file. Under `us` any country may be meant."""
    file = tmp_path / "policy.toml"
    file.write_text(default_policy_text(of))
    settings = Settings(_env_file=None, regime=regime, policy=file)
    [told] = [each for each in examine_configuration(settings) if each.what == "HARMONIA_POLICY"]
    assert told.verdict == verdict
    assert verdict == "ok" or "hours.country" in told.found


def test_a_policy_that_takes_a_refused_source_for_known_is_told(tmp_path: Path) -> None:
    """A file that was copied before `unknown.sources` was there, or a wall of more kinds than it names."""
    file = tmp_path / "policy.toml"
    for kinds, sources in (("staff", default_policy_text("us")), ("rented", default_policy_text("fr"))):
        file.write_text(sources.replace('country = "US"', 'country = "FR"'))
        settings = Settings(_env_file=None, regime="fr", policy=file, refused_sources=kinds)
        [told] = [each for each in examine_configuration(settings) if each.what == "HARMONIA_POLICY"]
        assert (told.verdict, kinds in told.found, "unknown.sources" in told.to_do) == ("warn", True, True)


@pytest.mark.parametrize(
    ("text", "verdict", "found"),
    [
        ('time_zone = "UTC"\n', "warn", "names no team"),
        ('[teams.digital]\nhours = ["mon-fri 09:00-21:00"]\n', "ok", "hours of 1 team"),
        ("[team]\n", "fail", "not a key"),
    ],
)
def test_the_doctor_judges_the_file_of_teams(tmp_path: Path, text: str, verdict: str, found: str) -> None:
    file = tmp_path / "teams.toml"
    file.write_text(text)
    [told] = [each for each in examine_configuration(Settings(teams=file)) if each.what == "HARMONIA_TEAMS"]
    assert told.verdict == verdict
    assert found in told.found


def test_the_doctor_says_nothing_of_teams_where_no_file_is_set() -> None:
    assert not [each for each in examine_configuration(Settings()) if each.what == "HARMONIA_TEAMS"]


def test_of_one_setting_only_the_gravest_finding_is_told() -> None:
    default = warn("HARMONIA_IDENTITY_KEY", "the public default", "set a secret")
    other = fail("HARMONIA_IDENTITY_KEY", "is another one than the workers'", "set the workers' key")
    disk, clock = ok("disk", "there is room"), ok("clock", "right")

    assert gravest_of_each_setting([default, disk, other, clock]) == [other, disk, clock]
    assert gravest_of_each_setting([other, disk, default, clock]) == [other, disk, clock]


def test_several_findings_that_are_about_no_setting_all_stay() -> None:
    topics = [fail("topics", "one is missing", "make it"), fail("topics", "another is missing", "make it")]

    assert gravest_of_each_setting(topics) == topics


# Topics are held against what `topics create` would make, and each difference has its cure.
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
