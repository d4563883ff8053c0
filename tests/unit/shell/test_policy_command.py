"""`harmonia policy`: whoever writes a policy hears every mistake at once, before anything is decided by it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.pressure import default_policy, default_text


def test_the_policy_that_is_shown_is_one_that_holds(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["policy", "show"])
    assert shown.stdout == default_text()
    file = tmp_path / "policy.toml"
    file.write_text(shown.stdout)
    checked = CliRunner().invoke(app, ["policy", "check", str(file), "--json"])
    assert (checked.exit_code, json.loads(checked.stdout)) == (0, {"version": default_policy().version})
    said = json.loads(CliRunner().invoke(app, ["policy", "show", "--json"]).stdout)
    assert said["version"] == default_policy().version
    assert said["caps"]["email"][0]["at_most"] == 2


def test_every_mistake_is_told_with_its_key(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    broken = default_text().replace("at_most = 2 }", "at_most = 0 }", 1).replace('across_teams = "4h"', "")
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
def test_what_is_no_policy_at_all_is_refused(tmp_path: Path, written: bytes, said: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(written)
    ended = CliRunner().invoke(app, ["policy", "check", str(file)])
    assert ended.exit_code == 1
    assert said in ended.stderr


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["policy", "check", str(tmp_path / "none.toml")]).exit_code == 2
