"""`harmonia api` as a process of its own, and clients of it that cost as little as can be."""

import hashlib
import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.suites import BenchmarkFailed
from streams.platform.settings import Settings

_TOKEN = "benchmark"
_LISTENING = re.compile(r"(?:(?:api|gateway|console): listening|(?:desk|deliver|postgres): metrics) on (\S+)")
_PATIENCE_S = 60.0
_HEADERS = {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json"}


@contextmanager
def serving(settings: Settings, folder: Path, **more: str) -> Iterator[str]:
    """The address of a process that serves these servers, for the length of a block. `more`: of its environment."""
    environment = {
        "HARMONIA_API_TOKENS": f"bench:read+permit+reserve:{hashlib.sha256(_TOKEN.encode()).hexdigest()}",
        "HARMONIA_PROFILES_OLDEST_S": "300",
        **more,
    }
    with running("api", settings, environment, folder) as (address, _):
        yield address


@contextmanager
def running(
    command: str, settings: Settings, environment: Mapping[str, str], folder: Path
) -> Iterator[tuple[str, int]]:
    """The address and the process id of `harmonia <command>` for the length of a block.

    Of `console follow`, `deliver` and `sink postgres`, which listen for nobody else, the address of their metrics.
    """
    servers = {"KAFKA_BOOTSTRAP": settings.kafka_bootstrap, "REDIS_URL": settings.redis_url}
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{command}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli.main", *command.split()],
            env={**os.environ, **servers, **environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _address(process, log), process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


class Client:
    """One connection that stays open."""

    def __init__(self, address: str) -> None:
        place = urlsplit(address)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)

    def ask(self, body: bytes) -> int:
        """How many bytes are answered. Raises `BenchmarkFailed` for any other status than 200."""
        self._connection.request("POST", "/v1/permissions", body, _HEADERS)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise BenchmarkFailed(f"the API answered {answer.status}: {said[:300]!r}")
        return len(said)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := _LISTENING.search(log.read_text()):
            return found[1]
        time.sleep(0.05)
    raise BenchmarkFailed(f"it did not start:\n{log.read_text()}")
