"""`harmonia console` as a process of its own, and somebody who signs in to it without a browser."""

import hashlib
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.serving_process import started

_FORM_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class ConsoleProcess:
    """A running process; `log` has all it says."""

    process: "subprocess.Popen[bytes]"
    url: str
    metrics: str
    log: Path


@contextmanager
def console_process(folder: Path, environment: Mapping[str, str], port: int = 0) -> Iterator[ConsoleProcess]:
    """A console for the length of a block, unless it has ended before; it must end well."""
    command = ["console", "--port", str(port)]
    with started(command, folder / "console.log", environment, "console") as running:
        yield ConsoleProcess(running.process, running.address("listening"), running.metrics, running.log)
        running.end()


def one_person(folder: Path, token: str) -> Path:
    """The file of people of a console that one may sign in to, who sees everything."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    roles = '["figures", "field", "treasury", "sending", "operations", "privacy"]'
    file = folder / "people.toml"
    file.write_text(f'[people.ada]\ntoken = "{digest}"\nroles = {roles}\n')
    return file


def form_token(page: str) -> str:
    """The token that forms of a page send."""
    found = _FORM_TOKEN.search(page)
    assert found is not None, page
    return found[1]


class _Stay(urllib.request.HTTPRedirectHandler):
    """Leads nowhere: the answer itself is what is asked for."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


class Visitor:
    """Somebody at a console, with the cookies that it gave."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._cookies: dict[str, str] = {}
        self._opener = urllib.request.build_opener(_Stay)

    def sign_in(self, token: str) -> None:
        """Sign in; raises KeyError where that was refused."""
        self.ask("/signin", csrf=form_token(self.ask("/signin")[1]), token=token)
        self._cookies = {"__Host-harmonia": self._cookies["__Host-harmonia"]}

    def ask(self, path: str, **form: str) -> tuple[int, str]:
        """Status and text of an answer; with a form it is sent."""
        answer = self.open(path, **form)
        with answer:
            return int(answer.status or 0), answer.read().decode()

    def open(self, path: str, **form: str) -> urllib.error.HTTPError:
        """An answer of which nothing is read yet, as that of a stream."""
        data = urllib.parse.urlencode(form).encode() if form else None
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        request = urllib.request.Request(self._url + path, data, {"Cookie": cookies, "Origin": self._url})
        try:
            answer = self._opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        for said in answer.headers.get_all("set-cookie") or ():
            name, _, value = said.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer  # type: ignore[no-any-return] # both kinds of answers have what is used of them
