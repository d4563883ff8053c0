"""Servers of this machine."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.local import kafka_runtime, prometheus, server
from streams.local.env_file import MergedEnvFile, merge_env, write_env
from streams.local.errors import LocalStackError
from streams.local.kafka_runtime import Jar, class_path
from streams.local.prometheus import find_prometheus

SERVERS = {"KAFKA_BOOTSTRAP": "127.0.0.1:4711", "REDIS_URL": "redis://127.0.0.1:4712/0"}
BOTH = "KAFKA_BOOTSTRAP=127.0.0.1:4711\nREDIS_URL=redis://127.0.0.1:4712/0\n"


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("", BOTH, []),
        ("HARMONIA_IDENTITY_KEY=k=1\n", f"HARMONIA_IDENTITY_KEY=k=1\n{BOTH}", ["HARMONIA_IDENTITY_KEY"]),
        ("# REDIS_URL=\n\nA=1", f"# REDIS_URL=\n\nA=1\n{BOTH}", ["A"]),
        ("export kafka_bootstrap = x:1\nA=1\nREDIS_URL=y\n", BOTH.replace("\n", "\nA=1\n", 1), ["A"]),
        ("A='x\x85y\x0cz\u2028'\n", f"A='x\x85y\x0cz\u2028'\n{BOTH}", ["A"]),
        ('A="a\nREDIS_URL=zz\nb" # "\n\nB=it\'s\n', f'A="a\nREDIS_URL=zz\nb" # "\n\nB=it\'s\n{BOTH}', ["A", "B"]),
        ("\n  REDIS_URL='a\nKAFKA_BOOTSTRAP=c'\n# it's\n", "\nREDIS_URL={1}\n# it's\nKAFKA_BOOTSTRAP={0}\n", []),
        ("A='open\nREDIS_URL=a\n", "A='open\nREDIS_URL={1}\nKAFKA_BOOTSTRAP={0}\n", []),
        ("REDIS_URL=a\nREDIS_URL=b\nKAFKA_BOOTSTRAP=c\n", "\n".join([*BOTH.split()[::-1], ""]), []),
    ],
)
def test_values_replace_older_ones_in_an_env_file_and_all_else_stays(before: str, after: str, kept: list[str]) -> None:
    assert merge_env(before, SERVERS) == MergedEnvFile(
        after.replace("{0}", SERVERS["KAFKA_BOOTSTRAP"]).replace("{1}", SERVERS["REDIS_URL"]), kept
    )


def test_an_env_file_keeps_its_permissions_and_a_link_its_target(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / ".env"
    real.write_text("HARMONIA_IDENTITY_KEY=secret\n")
    real.chmod(0o640)
    link.symlink_to(real)

    assert write_env(link, SERVERS) == ["HARMONIA_IDENTITY_KEY"]

    assert link.is_symlink()
    assert real.read_text() == f"HARMONIA_IDENTITY_KEY=secret\n{BOTH}"
    assert real.stat().st_mode & 0o777 == 0o640
    assert {each.name for each in tmp_path.iterdir()} == {"real", ".env"}


def test_a_new_env_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    assert write_env(tmp_path / ".env", SERVERS) == []
    assert (tmp_path / ".env").read_text() == BOTH
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_an_env_file_that_is_no_text_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\n")
    with pytest.raises(UnicodeDecodeError):
        write_env(tmp_path / ".env", SERVERS)
    assert (tmp_path / ".env").read_bytes() == b"A=\xff\n"


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


def tool(folder: Path, name: str, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{name}, version {version}'\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_prometheus_on_the_path_is_used(path: Path, tmp_path: Path) -> None:
    tool(path, "prometheus", "2.53.1")
    promtool = tool(path, "promtool", "2.53.1")

    assert find_prometheus(tmp_path / "cache", print).promtool == promtool


def test_a_prometheus_that_was_unpacked_before_is_used_again(path: Path, tmp_path: Path) -> None:
    promtool = tool(tmp_path / "cache" / "usr" / "bin", "promtool", "2.42.0+ds")

    assert find_prometheus(tmp_path / "cache", print).promtool == promtool


def test_an_old_prometheus_is_refused(path: Path, tmp_path: Path) -> None:
    tool(path, "prometheus", "2.41.0")
    tool(path, "promtool", "2.41.0")

    with pytest.raises(LocalStackError, match=r"older than 2\.42"):
        find_prometheus(tmp_path / "cache", print)


def test_without_prometheus_on_the_path_and_without_apt_the_error_names_both(path: Path, tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match="not on the path, and there is no apt"):
        find_prometheus(tmp_path / "cache", print)


def test_the_error_names_a_package_that_apt_does_not_have(path: Path, tmp_path: Path) -> None:
    tool(path, "dpkg-deb", "1")
    apt = tool(path, "apt-get", "1")
    apt.write_text("#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n")

    with pytest.raises(LocalStackError, match="apt-get failed: E: Unable to locate package"):
        find_prometheus(tmp_path / "cache", print)
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_downloaded_prometheus_is_kept_whole(path: Path, tmp_path: Path) -> None:
    """An apt that never asked what packages there are does so first, in a place of its own."""
    ours = tmp_path / "ours"
    tool(ours, "promtool", "2.42.0")
    said: list[str] = []
    apt, dpkg = tool(path, "apt-get", "1"), tool(path, "dpkg-deb", "1")
    apt.write_text(
        '#!/bin/sh\nPATH=/usr/bin:/bin\necho "$@" >> "$(dirname $0)/asked"\n'
        'case "$*" in "download prometheus=2.*") exit 100;; *download*) touch prometheus_2.deb;; esac\n'
    )
    dpkg.write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin\nmkdir -p "$3/usr/bin" && cp {ours}/promtool "$3/usr/bin"\n')

    found = find_prometheus(tmp_path / "cache", said.append)

    assert found.promtool == tmp_path / "cache" / "usr" / "bin" / "promtool"
    assert said == ["Downloading Prometheus, once"]
    asked = (path / "asked").read_text().splitlines()
    assert [line.split()[-1] for line in asked] == [prometheus.PACKAGE, "update", prometheus.PACKAGE]
    assert [item.name for item in (tmp_path / "cache").iterdir()] == ["usr"]


MANY = 500
"""One after the other, the system would name some port twice."""


def test_chosen_ports_are_all_different() -> None:
    assert len(set(server.choose_ports(*[0] * MANY))) == MANY


def test_a_wished_port_is_chosen_where_it_is_free_only() -> None:
    wished = server.choose_ports(0, 0)
    assert server.choose_ports(*wished) == wished
    with socket.socket() as other:
        other.bind((server.HOST, wished[1]))
        found = server.choose_ports(*wished)
    assert found[0] == wished[0]
    assert found[1] != wished[1]
