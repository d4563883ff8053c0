"""How `harmonia` ends when it can't do what was asked: plainly, with the reason and the right exit code."""

import fcntl
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from tests.integration.command import Ended, harmonia, harmonia_process, refused
from tests.integration.said import event, structured

WRONG_USE: list[tuple[str, ...]] = [
    ("nonsense",),
    ("produce",),
    ("produce", "no-such-file.jsonl"),
    ("replay", "--rate", "0", "x"),
    ("backtest",),
    ("worker", "--processes", "0"),
    ("dead-letters", "list", "--reason", "nonsense"),
    ("dead-letters", "requeue", "--mapping", "no-such-file.toml"),
    ("demo", "--scale", "0"),
]


@pytest.mark.parametrize("words", WRONG_USE, ids=" ".join)
def test_wrong_use_has_an_exit_code_of_its_own(words: tuple[str, ...]) -> None:
    ended = CliRunner().invoke(app, words)
    assert ended.exit_code == 2
    assert "Usage:" in ended.stderr


COMMANDS: list[tuple[str, ...]] = [
    *(("demo",), ("local", "up"), ("local", "down"), ("topics", "create"), ("topics", "describe"), ("worker",)),
    *(("produce",), ("replay",), ("backtest",), ("contact", "show"), ("dead-letters", "list"), ("schemas", "export")),
    *(("experiments", name) for name in ("define", "definitions", "withdraw")),
    *(("alerts", "list"), ("campaigns", "list"), ("reservations", "list"), ("reservations", "release")),
    *(("contact", name) for name in ("link", "unlink", "suppress", "unsuppress", "erase", "export")),
    *(("permit", "check"), ("assign",), ("permit",), ("hold",), ("doctor",), ("policy", "check"), ("policy", "show")),
    *(("suppressions", "export"), *(("dead-letters", name) for name in ("group", "show", "requeue", "release"))),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_how_it_is_used(words: tuple[str, ...]) -> None:
    ended = CliRunner().invoke(app, [*words, "--help"], prog_name="harmonia")
    assert ended.exit_code == 0
    assert " ".join(("Usage: harmonia", *words)) in ended.stdout


def in_parallel(folder: Path, commands: list[tuple[str, ...]], environment: dict[str, str]) -> list[Ended]:
    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(lambda words: harmonia_process(folder, *words, environment=environment), commands))


def test_servers_that_are_away_are_named_with_their_setting(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_bytes(structured(event("email.opened", {"contact_id": "c1"}))[0])
    kafka: list[tuple[str, ...]] = [
        *(("topics", "create"), ("topics", "describe"), ("dead-letters", "list"), ("produce", "one.jsonl")),
        *(("worker",), ("report", "daily"), ("insights", "email.sent")),
    ]
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        nobody = {"KAFKA_BOOTSTRAP": address, "REDIS_URL": f"redis://{address}/0", "HARMONIA_START_WAIT_S": "1"}
        *on_kafka, on_redis, on_both = in_parallel(tmp_path, [*kafka, ("contact", "show", "c1"), ("demo",)], nobody)
    assert all("KAFKA_BOOTSTRAP" in refused(ended) for ended in on_kafka)
    assert not any("HARMONIA_LAKE cannot be read" in refused(ended) for ended in on_kafka)
    assert "REDIS_URL" in refused(on_redis)
    assert "is set to" in refused(on_both)


WRONG_SETTINGS = {
    "HARMONIA_PARTITIONS": "secret-word",
    "REDIS_URL": "redis://somebody:secret-word@127.0.0.1:port/0",
    "KAFKA_BOOTSTRAP": "127.0.0.1:secret-word",
}


@pytest.mark.parametrize("name", WRONG_SETTINGS)
def test_a_wrong_setting_is_named_and_its_value_is_not(tmp_path: Path, name: str) -> None:
    reason = refused(harmonia(tmp_path, "topics", "describe", environment={name: WRONG_SETTINGS[name]}), 2)
    assert name in reason
    assert "secret-word" not in reason


WORKERS = pytest.mark.parametrize("words", [("worker",), ("worker", "--processes", "2")], ids=" ".join)
NO_KAFKA = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "HARMONIA_START_WAIT_S": "3600"}
"""So that whoever waited for it would not come back."""


@WORKERS
@pytest.mark.parametrize("setting", ["HARMONIA_STATE_DIR", "HARMONIA_METRICS_PORT", "HARMONIA_POLICY"])
def test_workers_say_plainly_and_at_once_what_they_cannot_use(
    tmp_path: Path, setting: str, words: tuple[str, ...]
) -> None:
    """A state directory that is a file, a port that is somebody else's, a policy that is none."""
    (tmp_path / "file").write_bytes(b"nonsense = 1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        wrong = {"HARMONIA_STATE_DIR": "file", "HARMONIA_METRICS_PORT": port, "HARMONIA_POLICY": "file"}
        where = {**NO_KAFKA, "HARMONIA_STATE_DIR": str(tmp_path / "state")}
        reason = refused(harmonia_process(tmp_path, *words, environment={**where, setting: wrong[setting]}))
        assert setting in reason


@WORKERS
@pytest.mark.parametrize("owned", [".", "worker-1"])
def test_a_state_directory_of_another_worker_is_left_to_it(tmp_path: Path, owned: str, words: tuple[str, ...]) -> None:
    """Also one of several workers whose supervisor was killed."""
    state = tmp_path / "state"
    mine = state / owned if len(words) > 1 else state
    mine.mkdir(parents=True)
    with (mine / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        reason = refused(harmonia_process(tmp_path, *words, environment={**NO_KAFKA, "HARMONIA_STATE_DIR": str(state)}))
    assert "HARMONIA_STATE_DIR" in reason
    assert "another worker" in reason


def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert "--json" in refused(harmonia(tmp_path, "demo", "--json", "nowhere/figures.json", environment={}), 2)
    assert not (tmp_path / "home").exists()
    assert "file/schemas" in refused(harmonia(tmp_path, "schemas", "export", "file/schemas", environment={}))
