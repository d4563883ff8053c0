"""How `harmonia` ends when it can't do what was asked: plainly, with the reason and the right exit code."""

import fcntl
import socket
from pathlib import Path

import pytest

from tests.integration.command import harmonia_process, refused

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
