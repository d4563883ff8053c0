"""How `harmonia` ends when it can't do what was asked: plainly, with the reason and the right exit code."""

import fcntl
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.command import Ended, harmonia_process, refused
from tests.integration.said import event, structured


def in_parallel(folder: Path, commands: list[tuple[str, ...]], environment: dict[str, str]) -> list[Ended]:
    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(lambda words: harmonia_process(folder, *words, environment=environment), commands))


def test_servers_that_are_away_are_named_with_their_setting(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_bytes(structured(event("email.opened", {"contact_id": "c1"}))[0])
    kafka: list[tuple[str, ...]] = [
        *(("topics", "describe"), ("produce", "one.jsonl"), ("worker",), ("insights", "email.sent")),
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


NO_KAFKA = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "HARMONIA_START_WAIT_S": "3600"}
"""So that whoever waited for it would not come back."""


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("HARMONIA_STATE_DIR", ("worker",)),
        ("HARMONIA_METRICS_PORT", ("worker", "--processes", "2")),
        ("HARMONIA_POLICY", ("worker", "--processes", "2")),
    ],
)
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


@pytest.mark.parametrize(("owned", "words"), [(".", ()), ("worker-1", ("--processes", "2"))])
def test_a_state_directory_of_another_worker_is_left_to_it(tmp_path: Path, owned: str, words: tuple[str, ...]) -> None:
    """Also one of several workers whose supervisor was killed."""
    state = tmp_path / "state"
    mine = state / owned
    mine.mkdir(parents=True)
    with (mine / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        where = {**NO_KAFKA, "HARMONIA_STATE_DIR": str(state)}
        reason = refused(harmonia_process(tmp_path, "worker", *words, environment=where))
    assert "HARMONIA_STATE_DIR" in reason
    assert "another worker" in reason
