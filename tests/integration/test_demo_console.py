"""`harmonia demo` at a terminal: a link opens a console while its data come, in which all can be tried until Ctrl-C."""

import os
import pty
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

import streams.services.console
from streams.local.stack import stop
from streams.services.console.app import PAGES
from tests.integration.command import environment_of
from tests.integration.console_totals import Deployment, assert_pages_agree
from tests.integration.waiting import until

TEMPLATES = Path(streams.services.console.__file__).parent / "templates"
PROGRAM = "tests.integration.short_demo"
LINK = re.compile(r"(http://127\.0\.0\.1:\d+)/enter/([\w-]+)")


@dataclass
class Terminal:
    """A terminal in which a demo runs, and all that it has shown."""

    process: "subprocess.Popen[bytes]"
    keyboard: int
    shown: str = ""

    def read_until(self, words: str) -> str:
        """Read what is shown until these words are."""
        while words not in self.shown:
            try:
                self.shown += os.read(self.keyboard, 65_536).decode(errors="replace")
            except OSError:  # the other end is closed
                raise AssertionError(f"the demo ended without {words!r}:\n{self.shown}") from None
        return self.shown

    def links(self) -> list[tuple[str, str]]:
        """The address of the console and the token of each link so far."""
        return LINK.findall(self.shown)


@dataclass
class Browser:
    """Keeps cookies, follows nothing, and says where its forms come from."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, **form: str) -> tuple[int, str, str]:
        """The status of an answer, where it leads, and its text."""
        request = urllib.request.Request(self.address + path)
        if form:
            request.data = urllib.parse.urlencode(form).encode()
            request.add_header("Origin", self.address)
        return self._answer(request)

    def send(self, path: str, people: str, form: Mapping[str, str]) -> tuple[int, str, str]:
        """The same of a form with a list of people as a file."""
        parts = [(f'name="{name}"', value) for name, value in form.items()]
        parts.append(('name="list"; filename="people.csv"', people))
        text = "".join(f"--part\r\nContent-Disposition: form-data; {head}\r\n\r\n{said}\r\n" for head, said in parts)
        request = urllib.request.Request(self.address + path, f"{text}--part--\r\n".encode())
        request.add_header("Content-Type", "multipart/form-data; boundary=part")
        request.add_header("Origin", self.address)
        return self._answer(request)

    def _answer(self, request: urllib.request.Request) -> tuple[int, str, str]:
        request.add_header("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        try:
            answer = urllib.request.build_opener(_StaysHere).open(request, timeout=60)
        except urllib.error.HTTPError as other:
            answer = other
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()


class _StaysHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A demo at a terminal; nothing of it runs afterwards."""
    keyboard, screen = pty.openpty()
    command = [sys.executable, "-m", PROGRAM, "demo", "--scale", "0.01", "--seed", "6"]
    environment = {**environment_of(tmp_path, {}), "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdin=screen, stdout=screen, stderr=screen, start_new_session=True
    )
    os.close(screen)
    yield Terminal(process, keyboard)
    os.close(keyboard)
    process.kill()
    process.wait()
    for each in left_in(tmp_path):
        each.kill()
    stop(tmp_path / "home" / "demo")


def left_in(folder: Path) -> list[psutil.Process]:
    """Processes that have to do with the demo of a folder: workers, the console, and what fills its desk."""
    found = []
    for process in psutil.process_iter():
        try:
            own = process.environ()
        except psutil.Error:
            continue
        if str(folder) in own.get("HARMONIA_HOME", "") and process.pid != os.getpid():
            found.append(process)
    return found


def test_a_demo_at_a_terminal_shows_a_console_from_its_beginning_that_a_link_opens_once_until_ctrl_c(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.read_until("folded into contacts")
    [(address, token)] = terminal.links()
    assert terminal.shown.index("/enter/") < terminal.shown.index("folded into contacts")
    browser = Browser(address)
    assert browser.ask(f"/enter/{token}")[:2] == (303, "/")
    assert browser.ask("/")[0] == 200, "while the records are on their way"

    terminal.read_until("Ctrl-C: stop the demo")
    assert "agree on each" in terminal.shown
    assert "digital/signup" in terminal.shown
    assert len(terminal.links()) == 1
    status, _, page = browser.ask("/status")
    assert status == 200
    assert "See it as" in page
    assert "everybody" in page
    assert_each_page_has_its_blocks(browser)
    assert_totals_are_those_of_the_commands(browser, page, tmp_path)
    assert_every_act_is_open(browser)
    assert_a_list_of_the_demos_people_is_judged(browser, page)
    assert Browser(address).ask(f"/enter/{token}")[0] == 403, "it was used"
    assert Browser(address).ask("/status")[:2] == (303, "/signin")

    assert_one_may_be_somebody_else(browser, page)
    os.write(terminal.keyboard, b"\n")
    until(lambda: _another(terminal), "another link")
    assert Browser(address).ask(f"/enter/{terminal.links()[1][1]}")[0] == 303

    terminal.process.send_signal(signal.SIGINT)
    terminal.process.wait(60)
    assert terminal.process.returncode == 0
    assert left_in(tmp_path) == []


def assert_each_page_has_its_blocks(browser: Browser) -> None:
    failed = (TEMPLATES / "failed.html").read_text()
    [sentence] = re.findall(r'_\("([^"]+)"\)', failed)
    for page in PAGES:
        if page.menu:
            status, elsewhere, text = browser.ask(page.path)
            if status == 303:
                status, _, text = browser.ask(elsewhere)
            assert status == 200, page.path
            assert sentence not in text, page.path


def assert_every_act_is_open(browser: Browser) -> None:
    """To somebody with all roles; what each act then does is tried elsewhere."""
    for path in ("/send", "/rights", "/policy", "/plans", "/segments/new"):
        text = browser.ask(path)[2]
        assert "HARMONIA_" not in text, path
        assert "The settings of this console allow it to nobody" not in text, path
        assert "None of your roles may do this" not in text, path


def assert_a_list_of_the_demos_people_is_judged(browser: Browser, page: str) -> None:
    [csrf, *_] = re.findall(r'name="csrf" value="([^"]+)"', page)
    [path] = re.findall(r'href="(/demo/[^"]+)"', browser.ask("/send")[2])
    status, _, people = browser.ask(path)
    assert status == 200
    head, *rows = people.splitlines()
    assert (head, len(rows) > 20) == ("voter_id,external.fec,email,region", True)
    said = {"channel": "email", "purpose": "fundraising", "team": "digital", "csrf": csrf, "once": "a" * 22}
    assert browser.send("/send/judge", people, said)[:2] == (303, "/send")
    until(lambda: "may be reached now" in browser.ask("/send")[2], "the judged list")
    assert f"of {len(rows)} may be reached now" in browser.ask("/send")[2]


def assert_totals_are_those_of_the_commands(browser: Browser, page: str, folder: Path) -> None:
    """Whatever the demo has invented, in its one deployment."""
    [csrf, *_] = re.findall(r'name="csrf" value="([^"]+)"', page)
    found = (process.environ() for process in left_in(folder))
    own = next(each for each in found if "HARMONIA_DESK" in each)
    names = ("KAFKA_BOOTSTRAP", "REDIS_URL", "HARMONIA_LAKE", "HARMONIA_DESK", "HARMONIA_TIME_ZONE")
    environment = {name: own[name] for name in names}
    assert_pages_agree(
        Deployment(
            ask=lambda path: browser.ask(path)[2],
            tell=lambda path, form: browser.ask(path, csrf=csrf, **form),
            environment=environment,
        )
    )


def assert_one_may_be_somebody_else(browser: Browser, page: str) -> None:
    [csrf, *_] = re.findall(r'name="csrf" value="([^"]+)"', page)
    before = dict(browser.cookies)
    assert browser.ask("/switch", person="on-call", csrf="wrong")[0] == 403
    assert browser.ask("/switch", person="nobody", csrf=csrf)[0] == 422
    assert browser.ask("/switch", person="treasurer", csrf=csrf)[:2] == (303, "/")
    assert browser.ask("/status")[0] == 403, "a treasurer does not see that"
    assert Browser(browser.address, before).ask("/status")[:2] == (303, "/signin"), "the session before has ended"


def _another(terminal: Terminal) -> bool:
    terminal.shown += os.read(terminal.keyboard, 65_536).decode(errors="replace")
    return len(terminal.links()) == 2
