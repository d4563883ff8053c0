"""A replay that is told to stop, and one that is begun while another of the same path runs."""

import fcntl
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from tests.unit.events.records import NOW
from tests.unit.history.lake.old_files import json_lines, old_event


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARMONIA_HOME", str(tmp_path / "home"))
    return json_lines(tmp_path / "old.jsonl", [old_event("1", "donation.made", NOW)])


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, words)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_replay_says_how_it_goes_on(
    number: signal.Signals, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.history.replay.replay_run.send_replay", lambda *_: signal.raise_signal(number))

    ended = run(file)

    assert (ended.exit_code, ended.stderr) == (128 + number, "interrupted; the same command goes on where it was\n")


def test_a_second_replay_of_a_path_is_refused_while_one_runs(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second: list[Result] = []
    monkeypatch.setattr(
        "streams.history.replay.replay_run.send_replay", lambda *_: second.append(run(f"{file.parent}/./{file.name}"))
    )

    first = run(file)

    assert first.exit_code == 0, first.stderr
    assert [ended.exit_code for ended in second] == [1]
    assert "is being replayed by another process: wait for its end" in second[0].stderr
    assert run(file, "--dry-run").exit_code == 0
    [lock] = (file.parent / "home" / "replays").iterdir()
    with lock.open() as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)
