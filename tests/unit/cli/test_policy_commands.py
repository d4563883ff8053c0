"""Commands over policy, segments and alerts."""

import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.alerts import alert_rules, latest_alerts
from streams.cli.main import app
from streams.cli.segments import DefinedSegments
from streams.domain.pressure import Policy, default_policy, default_policy_text, read_policy
from streams.domain.segments.definition_files import definition_json
from tests.property.domain.segments.definitions import read

LESS = default_policy_text().replace("needs_consent = []", "").replace('email = "4h"', 'email = "8h"')


def run(*words: str, policy: Path | None = None) -> Result:
    return CliRunner().invoke(app, ["policy", *words], env={"HARMONIA_POLICY": None if policy is None else str(policy)})


def test_the_default_is_shown_with_its_comments_to_be_copied(tmp_path: Path) -> None:
    shown = run("show", "--default", policy=tmp_path / "none.toml")
    assert shown.stdout == default_policy_text()
    file = tmp_path / "policy.toml"
    file.write_text(shown.stdout)
    checked = run("check", str(file), "--json")
    assert (checked.exit_code, json.loads(checked.stdout)) == (0, {"version": default_policy().version})
    said = json.loads(run("show", "--default", "--json").stdout)
    assert (said["version"], said["file"], said["caps"]["email"][0]["at_most"]) == (default_policy().version, None, 2)


def test_the_policy_that_holds_is_shown_with_its_file_version_and_defaults(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(LESS)
    os.utime(file, (1_770_224_400, 1_770_224_400))
    shown = run("show", policy=file)
    holding = read_policy(LESS)
    assert isinstance(holding, Policy)
    assert shown.exit_code == 0
    first, second, *_ = shown.stdout.splitlines()
    assert first == f"# policy {holding.version}, of {file}, which was changed at 2026-02-04T17:00:00.000Z"
    assert "harmonia_policy_since_seconds" in second
    assert "closures.needs_consent = []  # by default\n" in shown.stdout
    assert 'gaps.email = "8h"\n' in shown.stdout
    assert read_policy(shown.stdout) == holding
    said = json.loads(run("show", "--json", policy=file).stdout)
    assert (said["version"], said["file"], said["closures"]["needs_consent"]) == (holding.version, str(file), [])


def test_without_a_policy_file_the_default_policy_holds_and_is_said_to() -> None:
    shown = run("show").stdout
    assert shown.startswith(f"# policy {default_policy().version}, which comes with Harmonia (regime us): HARM")
    assert read_policy(shown) == default_policy()


@pytest.mark.parametrize("wrong", ["KAFKA_BOOTSTRAP", "HARMONIA_PARTITIONS", "HARMONIA_TIME_ZONE"])
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_the_default_is_shown_before_anything_is_set_up(
    wrong: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the first thing that a deployment needs: of the settings it goes by the regime alone."""
    monkeypatch.setenv(wrong, "kafka.example.org:9092")
    shown = run("show", "--default", *words)
    assert (shown.exit_code, shown.stderr) == (0, "")
    monkeypatch.setenv("HARMONIA_REGIME", "de")
    refused = run("show", "--default", *words)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "HARMONIA_REGIME" in refused.stderr


def test_the_default_is_that_of_the_regime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARMONIA_REGIME", "fr")
    assert run("show", "--default").stdout == default_policy_text("fr")
    assert read_policy(run("show").stdout) == default_policy("fr")
    assert json.loads(run("show", "--json").stdout)["regime"] == "fr"


def test_a_broken_policy_is_not_shown_but_each_mistake_of_it(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(default_policy_text().replace('across_teams = "4h"', ""))
    ended = run("show", policy=file)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("HARMONIA_POLICY: gaps.across_teams: is missing; ")
    assert run("show", policy=tmp_path / "none.toml").stderr.startswith("HARMONIA_POLICY: it cannot be read: No such")


def test_every_mistake_is_told_with_its_key(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    broken = default_policy_text().replace("at_most = 2 }", "at_most = 0 }", 1).replace('across_teams = "4h"', "")
    file.write_text(broken)
    ended = CliRunner().invoke(app, ["policy", "check", str(file)])
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert f"{file}: caps.email[0].at_most: is 0; " in ended.stderr
    assert f"{file}: gaps.across_teams: is missing; " in ended.stderr
    told = CliRunner().invoke(app, ["policy", "check", str(file), "--json"])
    assert {mistake["key"] for mistake in json.loads(told.stdout)["mistakes"]} == {
        "caps.email[0].at_most",
        "gaps.across_teams",
    }


@pytest.mark.parametrize(("written", "said"), [(b"[caps", "is not TOML"), (b"\xff", "not UTF-8")])
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, written: bytes, said: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(written)
    ended = CliRunner().invoke(app, ["policy", "check", str(file)])
    assert ended.exit_code == 1
    assert said in ended.stderr


def test_a_purpose_that_may_be_misspelled_is_remarked_beside_the_version(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        default_policy_text("fr").replace('consent_to = "automatic_calls"', 'consent_to = "automatic_call"')
    )
    checked = run("check", str(file))
    assert checked.exit_code == 0
    assert checked.stdout.startswith(f"{file}: version ")
    assert "conditions.0.consent_to" in checked.stderr
    said = json.loads(run("check", str(file), "--json").stdout)
    assert len(said["remarks"]) == 1


def define(file: Path) -> Result:
    return CliRunner().invoke(app, ["segments", "define", str(file)])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", '[[segments]]\nid = "x"', "segments: is not known; rename [[segments]] to [[segment]]"),
        ("a.toml", '[[segment]]\nid = "x"\nall = [{ tagg = "a" }]', "segment[0].all[0]: is no condition that is known"),
        ("a.toml", "[[segment", "the file: is not TOML"),
        ("a.json", '{"segment": [{"id": "x"}]}', "segment[0]: has no conditions; add all, any or none"),
        ("A.JSON", "[", "the file: is not JSON"),
    ],
)
def test_every_mistake_names_its_place_and_the_cure_and_no_server_is_asked(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    ended = define(file)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"{file}: {said}")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b"\xff\xfe")
    ended = define(file)
    assert (ended.exit_code, ended.stderr) == (1, f"{file}: not UTF-8, as TOML and JSON have to be\n")


def test_the_latest_record_of_a_segment_counts_and_what_cannot_be_read_is_kept_apart() -> None:
    [hosts] = read([{"id": "hosts", "all": [{"tag": "host"}]}])
    there = DefinedSegments()
    there.take(b"hosts", definition_json(hosts))
    there.take(b"drivers", b'{"id": "drivers", "all": [{"tug": "driver"}]}')
    assert there.definitions == {"hosts": hosts}
    assert there.unreadable["drivers"].startswith("all[0]: is no condition that is known: tug")
    there.take(b"drivers", None)
    there.take(b"hosts", b"[")
    assert (there.definitions, [*there.unreadable]) == ({}, ["hosts"])


@pytest.mark.parametrize("file", [["-"], []])
def test_a_preview_is_of_what_standard_input_says(file: list[str]) -> None:
    done = CliRunner().invoke(app, ["segments", "preview", *file], input='{"segment": [{"id": "x"}]}')
    assert done.exit_code == 1
    assert done.stderr.startswith("-: segment[0]: has no conditions; add all, any or none")


def test_every_rule_that_is_described_may_be_asked_for() -> None:
    described = re.findall(r"^\| `([a-z]+(?:_[a-z]+)+|erased)` \|", Path("docs/alerts.md").read_text(), re.MULTILINE)

    assert len(described) >= 10
    assert set(described) <= set(alert_rules())


def test_the_latest_alerts_are_listed_in_the_order_of_the_times_that_they_show() -> None:
    noon, one, two = ({"at": f"2012-11-06T{hour}:00:00.000Z"} for hour in (12, 13, 14))
    written = [(3, one), (1, two), (2, noon)]  # one that is about earlier may be written later

    assert latest_alerts(written, 3) == [noon, one, two]
    assert latest_alerts(written, 2) == [noon, one]
