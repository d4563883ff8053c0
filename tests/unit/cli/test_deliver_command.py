from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.platform.errors import Fenced
from streams.services.deliver import server


def test_it_says_that_the_file_of_endpoints_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARMONIA_DELIVER", raising=False)
    ended = CliRunner().invoke(app, ["deliver"])
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "HARMONIA_DELIVER is not set: name a file of endpoints" in ended.stderr


def test_it_says_what_is_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARMONIA_DELIVER", str(tmp_path / "endpoints.toml"))
    monkeypatch.setenv("HARMONIA_DELIVER_PRIVATE", "10.0.0.0/8, office")
    ended = CliRunner().invoke(app, ["deliver"])
    assert ended.exit_code == 2
    assert "HARMONIA_DELIVER_PRIVATE is no list of networks: give such as 10.1.0.0/16" in ended.stderr


def test_a_replay_needs_to_know_since_when() -> None:
    ended = CliRunner().invoke(app, ["deliveries", "replay", "app", "--since", "yesterday"])
    assert ended.exit_code == 2
    assert "--since: give RFC 3339 with an offset" in ended.stderr


@pytest.mark.parametrize("more", [[], ["--failed"]])
def test_a_replay_of_more_than_six_days_is_refused(more: list[str]) -> None:
    ended = CliRunner().invoke(app, ["deliveries", "replay", "app", "--since", "7d", *more])
    assert ended.exit_code == 1
    assert "--since: is more than 6 days ago; who was erased before is not known any more" in ended.stderr


def test_one_that_another_has_taken_over_from_ends_as_a_fenced_worker_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_deliver(*_: object) -> None:
        raise Fenced("another has taken over")

    monkeypatch.setattr(server, "run_deliver", run_deliver)
    ended = CliRunner().invoke(app, ["deliver"])
    assert (ended.exit_code, ended.stderr) == (70, "another has taken over\n")
