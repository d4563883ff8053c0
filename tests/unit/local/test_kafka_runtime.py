"""A download that broke off, or a file that is not the pinned one, must never reach Kafka's class path."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.local import kafka_runtime
from streams.local.errors import LocalStackError
from streams.local.kafka_runtime import Jar, class_path

CONTENT = b"the bytes of a jar"
JAR = Jar("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest())


class Silent(SimpleHTTPRequestHandler):
    refusals = 0
    """Connections that the server still breaks off without an answer."""

    def do_GET(self) -> None:
        if Silent.refusals:
            Silent.refusals -= 1
            self.close_connection = True
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository on the loopback interface that has the jar, and a lock that pins it."""
    folder = tmp_path / "remote"
    JAR.path(folder).parent.mkdir(parents=True)
    JAR.path(folder).write_bytes(CONTENT)
    lock = tmp_path / "lock"
    lock.write_text(f"# remark\n{JAR.group}:{JAR.artifact}:{JAR.version} {JAR.sha256}\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("jgo.maven._core.DEFAULT_REMOTE_REPOS", {"loopback": address})
    monkeypatch.setattr(kafka_runtime, "LOCK", lock)
    yield folder
    server.shutdown()
    server.server_close()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("M2_REPO", str(tmp_path / "repository"))
    return tmp_path / "repository"


def found(said: list[str] | None = None) -> list[bytes]:
    return [path.read_bytes() for path in class_path((said if said is not None else []).append)]


@pytest.mark.usefixtures("remote")
def test_a_missing_jar_is_downloaded_once(repository: Path) -> None:
    said: list[str] = []
    assert found(said) == [CONTENT]
    assert found(said) == [CONTENT]
    assert len(said) == 1
    assert [path.name for path in JAR.path(repository).parent.iterdir()] == ["thing-1.0.jar"]


@pytest.mark.usefixtures("remote")
def test_a_download_that_breaks_off_is_tried_again(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_runtime, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(Silent, "refusals", 2)
    assert found() == [CONTENT]
    JAR.path(repository).unlink()
    monkeypatch.setattr(Silent, "refusals", 3)
    with pytest.raises(LocalStackError, match="cannot download Apache Kafka"):
        found()


@pytest.mark.usefixtures("remote")
def test_a_half_written_jar_is_downloaded_again(repository: Path) -> None:
    JAR.path(repository).parent.mkdir(parents=True)
    JAR.path(repository).write_bytes(CONTENT[:5])
    assert found() == [CONTENT]


def test_a_jar_that_is_not_the_pinned_one_is_refused_and_not_kept(remote: Path, repository: Path) -> None:
    JAR.path(remote).write_bytes(b"something else")
    with pytest.raises(LocalStackError, match=r"thing-1\.0\.jar"):
        found()
    assert list(JAR.path(repository).parent.iterdir()) == []


@pytest.mark.usefixtures("repository")
def test_a_jar_that_cannot_be_had_is_an_error_for_the_person_at_the_terminal(remote: Path) -> None:
    JAR.path(remote).unlink()
    with pytest.raises(LocalStackError, match="cannot download Apache Kafka"):
        found()
