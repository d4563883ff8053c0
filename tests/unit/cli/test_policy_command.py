"""`harmonia policy` and `harmonia register`: every mistake at once, and no server where none is asked."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.campaigns import unknown_campaign
from streams.cli.main import app
from streams.cli.permit_check import team_remark, unheard_team_remark
from streams.domain.pressure import Policy, default_policy, default_policy_text, read_policy

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


# `harmonia register export`: what it writes needs no server where none is asked, and a wrong language is told.
def run_register(*words: str, **more: str) -> Result:
    env = {"HARMONIA_REGIME": "fr", "HARMONIA_CONTROLLER": "Liste Martin"} | more
    return CliRunner().invoke(app, ["register", "export", *words], env=env)


def test_it_is_written_without_a_server_in_both_languages_and_for_programs() -> None:
    english, french, data = (
        run_register("--offline"),
        run_register("--offline", "--language", "fr"),
        run_register("--offline", "--json"),
    )
    assert (english.exit_code, french.exit_code, data.exit_code) == (0, 0, 0)
    assert english.stdout.startswith("# Register of processing\n")
    assert french.stdout.startswith("# Registre des activités de traitement\n")
    assert "\u00a0: Liste Martin" in french.stdout
    said = json.loads(data.stdout)
    assert (said["controller"], said["deployment"]["HARMONIA_REGIME"], said["segments"]) == ("Liste Martin", "fr", None)


def test_endpoints_are_shown_without_the_secrets_that_only_deliver_may_hold(tmp_path: Path) -> None:
    file = tmp_path / "endpoints.toml"
    file.write_text(
        """
        [[endpoint]]
        id = "crm"
        kind = "webhook"
        url = "https://crm.example.org/hooks"
        secrets = ["env:CRM_SECRET_THAT_IS_NOT_SET"]
        topics = ["segment-changes"]

        [[endpoint]]
        id = "war-room"
        kind = "slack"
        url = "file:no-such-file"
        topics = ["system-alerts"]
        """
    )
    shown = run_register("--offline", "--json", HARMONIA_DELIVER=str(file))
    assert (shown.exit_code, shown.stderr) == (0, "")
    hosts = {one["name"]: one["host"] for one in json.loads(shown.stdout)["recipients"]}
    assert hosts == {"crm": "crm.example.org", "war-room": None}
    file.write_text("[[endpoint]]\nid = 'crm'\n")
    broken = run_register("--offline", HARMONIA_DELIVER=str(file))
    assert broken.exit_code != 0
    assert broken.stderr.startswith(f"HARMONIA_DELIVER: {file}: ")
    gone = run_register("--offline", HARMONIA_DELIVER=str(tmp_path / "none.toml"))
    assert gone.stderr == f"HARMONIA_DELIVER: {tmp_path}/none.toml: No such file or directory\n"


def test_what_is_set_to_nothing_is_a_blank_as_what_is_not_set() -> None:
    said = json.loads(run_register("--offline", "--json", HARMONIA_CONTROLLER="", HARMONIA_DPO="  ").stdout)
    assert (said["controller"], said["dpo"]) == (None, None)


# Teams and campaigns that nobody has heard of are remarked with the one that is spelled like them.
def test_a_team_that_nothing_names_is_remarked_where_teams_are_named() -> None:
    assert team_remark("digitl", {"digital", "field"}) == (
        "--team: digitl is in no file of teams, policy or token; did you mean digital?"
    )
    assert team_remark("finance", {"digital"}) == "--team: finance is in no file of teams, policy or token"
    assert team_remark("digital", {"digital"}) is None
    assert team_remark("digitl", set()) is None
    assert team_remark("", {"digital"}) is None


def test_where_no_file_names_teams_one_that_is_spelled_like_a_team_heard_of_is_remarked() -> None:
    assert unheard_team_remark("digitl", {"digital", "field"}) == (
        "--team: nothing was heard of digitl of late, and of digital there was: is that the one?"
    )
    assert unheard_team_remark("digital", {"digital", "digitl"}) is None
    assert unheard_team_remark("finance", {"digital"}) is None
    assert unheard_team_remark("digitl", set()) is None


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (["gotv-by-name", "rsvp"], "no campaign gotv-by-nam has been heard of. Did you mean gotv-by-name? Nothing was"),
        (["rsvp"], "no campaign gotv-by-nam has been heard of. Nothing was changed: mend the name, or --anyway"),
        (["gotv-by-nam@example.org"], "no campaign gotv-by-nam has been heard of. Nothing was changed"),
        ([], "no campaign has been heard of yet, so nobody can tell whether gotv-by-nam is spelled right"),
    ],
)
def test_an_unknown_campaign_is_told_with_a_known_one_that_is_spelled_like_it(known: list[str], said: str) -> None:
    assert (unknown_campaign("gotv-by-nam", known) or "").startswith(said)


def test_nothing_is_said_of_a_known_campaign() -> None:
    assert unknown_campaign("rsvp", ["gotv-by-name", "rsvp"]) is None
