"""The doctor's examination."""

import json
import socket
from pathlib import Path
from typing import cast

import pytest
from kafka import KafkaAdminClient
from kafka.errors import TransactionalIdNotFoundError
from typer.testing import CliRunner

from events.regimes import RegimeName
from streams.cli.main import app
from streams.domain.pressure import default_policy_text
from streams.operations.doctor import Finding, examine
from streams.operations.doctor.configuration import examine_configuration
from streams.operations.doctor.examination import _transactions
from streams.operations.doctor.finding import Verdict, fail, gravest_of_each_setting, ok, warn
from streams.operations.doctor.machine import (
    GIB,
    examine_machine,
    judge_file_system,
    judge_open_files,
    judge_space,
    judge_versions,
    pinned_here,
)
from streams.operations.doctor.servers import (
    ABORT_INTERVAL,
    judge_broker_settings,
    judge_brokers,
    judge_clock,
    judge_group,
    judge_newest,
    judge_permissions,
    judge_redis,
    needed_operations,
)
from streams.platform.settings import Settings
from streams.platform.topics import TABLES
from streams.worker.state_dir import own_state_dir

SETTINGS = Settings(app_id="there", partitions=4)
FAR = Settings(kafka_bootstrap="kafka:9092", identity_key="0123456789abcdef", partitions=4)
GOOD_REDIS = {"redis_version": "7.2.4", "maxmemory_policy": "noeviction", "role": "master", "used_memory": 1}


def verdicts(found: object) -> list[str]:
    assert isinstance(found, list)
    return [finding.verdict for finding in found]


def told(findings: list[Finding]) -> None:
    """Whatever is wrong has a cure."""
    assert all(finding.to_do for finding in findings if finding.verdict != "ok")


@pytest.mark.parametrize(("instance", "asked"), [("", "harmonia-contacts-anybody"), ("w-1", "harmonia-contacts-w-1")])
def test_the_transactions_asked_about_are_those_with_which_workers_write(instance: str, asked: str) -> None:
    class Admin:
        def describe_transactions(self, names: list[str]) -> None:
            assert names == [asked]
            raise TransactionalIdNotFoundError

    [finding] = _transactions(
        cast(KafkaAdminClient, Admin()), Settings(kafka_bootstrap="127.0.0.1:1", instance=instance)
    )
    assert finding.what == "transactions"


def test_the_doctor_says_which_brokers_end_a_dead_workers_transaction_late() -> None:
    found = list(judge_broker_settings({"1": {ABORT_INTERVAL: "10000"}, "2": {ABORT_INTERVAL: "1000"}, "3": {}}))

    assert verdicts(found) == ["warn"]
    assert "brokers 1 look for them every 10 s" in found[0].found
    told(found)


@pytest.mark.parametrize(
    ("versions", "settings", "expected"),
    [
        ({1: (4, 3)}, SETTINGS, ["ok"]),
        ({1: ()}, SETTINGS, ["ok"]),
        ({1: (2, 8)}, SETTINGS, ["ok", "fail"]),
        ({1: (4, 3)}, FAR, ["ok"]),
        ({1: (4, 3)}, FAR.model_copy(update={"replication": 3}), ["fail"]),
        ({1: (4, 3), 2: (4, 3), 3: (3, 9)}, FAR.model_copy(update={"replication": 3}), ["ok"]),
    ],
)
def test_the_doctor_judges_brokers(
    versions: dict[int, tuple[int, ...]], settings: Settings, expected: list[str]
) -> None:
    found = list(judge_brokers(versions, settings))
    told(found)
    assert verdicts(found) == expected


@pytest.mark.parametrize(
    ("info", "scripts", "expected"),
    [
        ({}, True, ["ok"]),
        ({"redis_version": "7.2.4", "valkey_version": "8.1.0", "server_name": "valkey"}, True, ["ok"]),
        ({"redis_version": "5.0.1"}, True, ["fail"]),
        ({"maxmemory_policy": "allkeys-lru"}, True, ["ok", "fail"]),
        ({"role": "slave"}, True, ["ok", "fail"]),
        ({"used_memory": 90, "maxmemory": 100}, True, ["ok", "warn"]),
        ({"used_memory": 80, "maxmemory": 100}, True, ["ok"]),
        ({}, False, ["ok", "fail"]),
    ],
)
def test_the_doctor_judges_redis(info: dict[str, object], scripts: bool, expected: list[str]) -> None:
    found = list(judge_redis({**GOOD_REDIS, **info}, scripts))
    told(found)
    assert verdicts(found) == expected


@pytest.mark.parametrize(("ahead", "verdict"), [(0.1, "ok"), (-5, "warn"), (5, "warn"), (-60, "fail"), (3600, "fail")])
def test_the_doctor_judges_clocks(ahead: float, verdict: str) -> None:
    found = judge_clock("Redis", ahead)
    told([found])
    assert found.verdict == verdict
    assert ("behind" in found.found) == (ahead < -2)


def test_a_record_stamped_in_the_future_shows_that_a_brokers_clock_is_ahead() -> None:
    assert list(judge_newest(None, 1_000_000)) == []
    assert list(judge_newest(1, 1_000_000)) == []
    assert verdicts(list(judge_newest(1_005_000, 1_000_000))) == ["warn"]
    assert verdicts(list(judge_newest(1_105_000, 1_000_000))) == ["fail"]


@pytest.mark.parametrize(
    ("free", "total", "verdict"),
    [(100 * GIB, 400 * GIB, "ok"), (GIB, 4 * GIB, "warn"), (9 * GIB, 100 * GIB, "warn"), (GIB // 8, GIB, "fail")],
)
def test_the_doctor_judges_disks(free: int, total: int, verdict: str) -> None:
    assert judge_space(free, total, Path("/there")).verdict == verdict


@pytest.mark.parametrize(
    ("kind", "expected"), [("ext4", []), ("overlay", []), (None, []), ("nfs4", ["warn"]), ("cifs", ["warn"])]
)
def test_the_doctor_judges_file_systems(kind: str | None, expected: list[str]) -> None:
    found = list(judge_file_system(kind, Path("/there")))
    told(found)
    assert verdicts(found) == expected


@pytest.mark.parametrize(("limit", "verdict"), [(1024, "ok"), (512, "ok"), (300, "warn"), (128, "fail")])
def test_the_doctor_judges_open_files(limit: int, verdict: str) -> None:
    assert judge_open_files(limit, 4).verdict == verdict


def test_the_doctor_judges_versions() -> None:
    installed = {"harmonia": "0.1.0", "redis": "6.0", "orjson": "3.0"}
    assert judge_versions({}, installed).verdict == "ok"
    assert judge_versions({"redis": "6.0", "java": "17"}, installed).verdict == "ok"
    other = judge_versions({"redis": "7.0"}, installed)
    assert (other.verdict, "redis 6.0, not 7.0" in other.found) == ("warn", True)


def test_the_doctor_warns_of_a_variable_that_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARMONIA_TIMEZONE", "UTC")
    found = {finding.what: finding for finding in examine_configuration(SETTINGS)}
    assert (found["HARMONIA_TIMEZONE"].verdict, found["HARMONIA_TIMEZONE"].to_do) == (
        "warn",
        "did you mean HARMONIA_TIME_ZONE?",
    )


def test_in_a_checkout_the_doctor_compares_with_its_lock(tmp_path: Path) -> None:
    settings = Settings(kafka_bootstrap="127.0.0.1:1", state_dir=tmp_path)
    [versions] = [finding for finding in examine_machine(settings) if finding.what == "versions"]
    assert "no lock file" not in versions.found


def test_the_doctor_ignores_versions_that_the_lock_pins_for_another_python() -> None:
    lock = """numpy==2.4.6 ; python_full_version < '3.99' \\
    --hash=sha256:94ed
    # via scipy
numpy==2.5.5 ; python_full_version >= '3.99' \\
    --hash=sha256:94ee
Typing_Extensions==4.15.0 \\
    --hash=sha256:94ef
colorama==0.4.6 ; sys_platform == 'no-such-system' \\
    --hash=sha256:94f0
"""
    assert pinned_here(lock) == {"numpy": "2.4.6", "typing-extensions": "4.15.0"}


def test_the_doctor_names_operations_on_topics_that_are_not_allowed() -> None:
    every = {name: {"READ", "WRITE", "DESCRIBE"} for name in needed_operations(SETTINGS)}
    assert verdicts(list(judge_permissions(every, SETTINGS))) == ["ok"]
    assert list(judge_permissions({}, SETTINGS)) == []
    [finding] = judge_permissions({**every, "contact-state": {"READ"}}, SETTINGS)
    assert (finding.what, finding.found) == ("ACL of contact-state", "WRITE is not allowed")
    assert "--operation Write --topic contact-state" in finding.to_do
    assert verdicts(list(judge_group({"DESCRIBE"}, "there"))) == ["fail"]
    assert list(judge_group({"READ"}, "there")) == list(judge_group(None, "there")) == []


def test_the_doctor_needs_fewer_rights_to_topics_that_workers_only_read() -> None:
    needs = needed_operations(SETTINGS)
    assert needs["email-events"] == needs["experiment-definitions"] == {"READ"}
    assert needs["dead-letters"] == needs["identity-links"] == {"READ", "WRITE"}
    assert [needs[f"there-{table}-changelog"] for table in TABLES] == [{"READ", "WRITE"}] * len(TABLES)
    assert "audit-log" not in needs


def test_the_doctor_judges_settings(tmp_path: Path) -> None:
    good = FAR.model_copy(update={"api_tokens": Settings(api_tokens=f"digital:read:{'0' * 64}").api_tokens})
    assert verdicts(list(examine_configuration(good))) == ["ok", "ok", "ok"]
    assert verdicts(list(examine_configuration(SETTINGS))) == ["warn", "ok", "warn"]
    bad = Settings(policy=tmp_path / "none", api_tokens="S3CRET", identity_key="short")
    found = list(examine_configuration(bad))
    told(found)
    assert verdicts(found) == ["warn", "fail", "fail"]
    assert "S3CRET" not in str(found)


def test_the_doctor_examines_this_machine(tmp_path: Path) -> None:
    there = {finding.what: finding for finding in examine_machine(Settings(state_dir=tmp_path / "state"))}
    assert (there["HARMONIA_STATE_DIR"].verdict, there["RocksDB"].verdict) == ("ok", "ok")
    assert "lock" not in there
    assert not (tmp_path / "state").exists()
    with own_state_dir(tmp_path / "state"):
        there = {finding.what: finding for finding in examine_machine(Settings(state_dir=tmp_path / "state"))}
    assert "a worker has the directory" in there["lock"].found


def test_the_doctor_fails_a_directory_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = {finding.what: finding for finding in examine_machine(Settings(state_dir=tmp_path / "file" / "state"))}
    assert found["HARMONIA_STATE_DIR"].verdict == "fail"


def test_the_doctor_checks_everything_else_when_servers_are_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("KAFKA_BOOTSTRAP", address)
        monkeypatch.setenv("REDIS_URL", f"redis://:S3CRET@{address}/0")
        monkeypatch.setattr("streams.operations.doctor.examination.PATIENCE_S", 0.5)
        found = {finding.what: finding for finding in examine(Settings())}
        assert {"HARMONIA_POLICY", "disk", "RocksDB", "brokers", "Redis"} <= found.keys()
        assert (found["brokers"].verdict, found["Redis"].verdict) == ("fail", "fail")
        shown, ended = (CliRunner().invoke(app, words) for words in (["doctor"], ["doctor", "--json"]))
    assert shown.exit_code == ended.exit_code == 1
    assert "what to do" in shown.stdout
    assert f"tried {address}, as KAFKA_BOOTSTRAP says" in next(
        one["found"] for one in json.loads(ended.stdout) if one["what"] == "brokers"
    )
    assert "S3CRET" not in shown.output + ended.output


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
