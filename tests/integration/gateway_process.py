"""`harmonia gateway` as a process of its own, and somebody who sends to it."""

import hashlib
import http.client
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.integration.serving_process import started

LOGIN = "Basic dG9vbDpodXNo"
"""tool:hush."""
HOOKS = """
[hooks.sendgrid]
source = "digital/sendgrid"
auth = "basic"
secrets = ["env:HOOK_LOGIN"]
[hooks.actblue]
source = "finance/actblue"
secrets = ["env:HOOK_LOGIN"]
"""
TOKENS = (
    f"digital:publish:{hashlib.sha256(b'secret').hexdigest()} reader:read:{hashlib.sha256(b'reader').hexdigest()} "
    f"office:publish+erase:{hashlib.sha256(b'office').hexdigest()}"
)
EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running process; `log` has all it says."""

    process: "subprocess.Popen[bytes]"
    url: str
    metrics: str
    log: Path

    @contextmanager
    def line(self) -> Iterator["Line"]:
        """A connection that is kept."""
        line = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        try:
            yield Line(line)
        finally:
            line.close()

    def send(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        with self.line() as line:
            return line.send(path, body, **headers)


@dataclass(frozen=True, slots=True)
class Line:
    connection: http.client.HTTPConnection

    def send(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        """Status and body of an answer; underscores of names are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("POST", path, body, {"Authorization": LOGIN} | named)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def running_gateway(folder: Path, environment: Mapping[str, str], under: Sequence[str] = ()) -> Iterator[Gateway]:
    """The process for the length of a block; it must end well. `under`: a command that starts it."""
    (folder / "gateway.toml").write_text(HOOKS)
    own = {
        "HARMONIA_GATEWAY": str(folder / "gateway.toml"),
        "HARMONIA_API_TOKENS": TOKENS,
        "HOOK_LOGIN": "tool:hush",
    }
    with started(["gateway"], folder / "gateway.log", {**environment, **own}, "gateway", under) as running:
        yield Gateway(running.process, running.address("listening"), running.metrics, running.log)
        running.end()
