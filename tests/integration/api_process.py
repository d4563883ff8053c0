"""`harmonia api` as a process of its own, and a client of it."""

import hashlib
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.integration.serving_process import started

TEAMS = [f"team-{number}" for number in range(50)]
"""Each has its name as its token."""
_TOKENS = {
    "secret": "digital:read+permit+reserve",
    "form": "site:rights",
    **{team: f"{team}:permit+reserve" for team in TEAMS},
}
TOKENS = {
    "HARMONIA_API_TOKENS": " ".join(
        f"{said}:{hashlib.sha256(token.encode()).hexdigest()}" for token, said in _TOKENS.items()
    )
}


@dataclass(frozen=True, slots=True)
class Api:
    """A running process; `log` has all it says."""

    process: "subprocess.Popen[bytes]"
    url: str
    metrics: str
    log: Path

    def ask(self, path: str, body: object | None = None, token: str = "secret") -> tuple[int, Any]:
        """Status and JSON of an answer."""
        data = None if body is None else orjson.dumps(body)
        request = urllib.request.Request(self.url + path, data)
        request.add_header("Authorization", f"Bearer {token}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return answer.status, orjson.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, orjson.loads(error.read())

    def probe(self, path: str) -> tuple[int, str]:
        """What kubernetes is told: `livez`, `readyz`."""
        try:
            with urllib.request.urlopen(self.metrics.removesuffix("metrics") + path, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@contextmanager
def running_api(folder: Path, environment: Mapping[str, str], under: Sequence[str] = ()) -> Iterator[Api]:
    """The process for the length of a block; it must end well. `under`: a command that starts it."""
    with started(["api"], folder / "api.log", environment, "api", under) as running:
        yield Api(running.process, running.address("listening"), running.metrics, running.log)
        running.end()
