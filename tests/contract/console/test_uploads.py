"""Files that are sent to the console."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from streams.services.api.connection_limits import LimitedConnection
from streams.services.console.acting import uploads
from streams.services.console.acts import UPLOAD
from streams.services.console.people import Person
from streams.services.console.rights import Scope, Viewer
from streams.services.console.security import MOST_BYTES
from streams.services.console.sendings import Sendings
from streams.services.console.signin import COOKIE, Session
from tests.contract.console.signed_in_console import NOW, ORIGIN, SignedInConsole, Written
from tests.unit.services.api.serving import serving

ADA = Viewer("ada", frozenset({"sending"}))
BOB = Viewer("bob", frozenset({"sending"}))
PIECE = b"per1@example.org\n" * 2_000
PIECES = 40
BOUNDARY = "a-boundary"
JUDGES = """import sys
sys.stdout.write("email,harmonia_expires_at\\n" + "a@example.org,\\n")
sys.stderr.write('{"rows": 1, "complete": true, "reasons": {"allow:allowed": 1}}')
"""


def field(name: str, value: str) -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


class Upload:
    """The body of a form with a list of some pieces. `taken`: how many of them were read."""

    def __init__(self, *fields: bytes, behind: bytes = b"", stalls_at: int = PIECES) -> None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="list"; filename="l.csv"\r\n\r\n'.encode()
        self._before = b"".join(fields) + head + b"email\n"
        self._behind = b"\r\n" + behind + f"--{BOUNDARY}--\r\n".encode()
        self._stalls_at = stalls_at
        self.taken = 0
        self.is_stalled, self.goes_on = asyncio.Event(), asyncio.Event()

    @property
    def headers(self) -> dict[str, str]:
        size = len(self._before) + PIECES * len(PIECE) + len(self._behind)
        return {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": str(size)}

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self._before
        for place in range(PIECES):
            if place == self._stalls_at:
                self.is_stalled.set()
                await self.goes_on.wait()
            self.taken += 1
            yield PIECE
        yield self._behind


@pytest.fixture
async def console(redis_client: Redis, tmp_path: Path) -> AsyncIterator[SignedInConsole]:
    found = SignedInConsole(redis_client, tmp_path, audit=Written())
    found.use(sendings=Sendings((sys.executable, "-c", JUDGES)))
    yield found
    await found.deps.sendings.stop()


async def session_of(console: SignedInConsole, browser: httpx.AsyncClient) -> Session:
    signed_in = await console.sessions.find(browser.cookies[COOKIE], NOW)
    assert signed_in is not None
    return signed_in.session


async def fields_of(console: SignedInConsole, browser: httpx.AsyncClient, csrf: str = "") -> list[bytes]:
    """The fields of a form of the page."""
    said = {"csrf": csrf or (await session_of(console, browser)).csrf, "once": secrets.token_urlsafe(16)}
    said |= {"channel": "letter", "purpose": "informational", "team": "digital"}
    return [field(name, value) for name, value in said.items()]


async def send(browser: httpx.AsyncClient, upload: Upload, origin: str = ORIGIN) -> httpx.Response:
    headers = {"Origin": origin, **upload.headers}
    return await browser.post("/send/judge", content=upload.pieces(), headers=headers)


async def test_a_list_that_comes_from_its_page_is_read_and_judged(console: SignedInConsole) -> None:
    async with console.browser(ADA) as browser:
        upload = Upload(*await fields_of(console, browser))
        answer = await send(browser, upload)
    assert (answer.status_code, answer.headers["location"], upload.taken) == (303, "/send", PIECES)
    kept = console.deps.sendings.of("ada")
    assert kept is not None
    assert kept.size == len(b"email\n") + PIECES * len(PIECE)


@pytest.mark.parametrize(
    "viewer",
    [
        Viewer("eve", frozenset({"figures"})),
        Viewer("eve", frozenset({"sending"}), may_change=frozenset()),
        Viewer("eve", frozenset({"sending"}), Scope(regions=frozenset({"US-OH"}))),
        Viewer("eve", frozenset({"sending"}), Scope(committees=frozenset({"C1"}))),
    ],
    ids=["role", "setting", "region", "committee"],
)
async def test_of_a_list_of_somebody_who_may_send_none_nothing_is_read(
    console: SignedInConsole, viewer: Viewer
) -> None:
    async with console.browser(viewer) as browser:
        upload = Upload(*await fields_of(console, browser))
        answer = await send(browser, upload)
    assert (answer.status_code, upload.taken) == (403, 0)


async def test_of_a_list_that_a_page_of_another_site_sends_nothing_is_read(console: SignedInConsole) -> None:
    async with console.browser(ADA) as browser:
        upload = Upload(*await fields_of(console, browser))
        answer = await send(browser, upload, "https://evil.test")
    assert (answer.status_code, upload.taken) == (403, 0)


@pytest.mark.parametrize("has_token_behind", [False, True])
async def test_a_list_without_its_token_before_it_is_read_no_further_than_any_form(
    console: SignedInConsole, has_token_behind: bool
) -> None:
    async with console.browser(ADA) as browser:
        token, *others = await fields_of(console, browser)
        wrong = field("csrf", "of-another-session")
        upload = Upload(*others, behind=token) if has_token_behind else Upload(wrong, *others)
        answer = await send(browser, upload)
    assert answer.status_code == 403
    assert (upload.taken - 1) * len(PIECE) <= MOST_BYTES
    assert console.deps.sendings.of("ada") is None


async def test_somebody_sends_one_list_at_a_time_and_keeps_nobody_else_from_it(console: SignedInConsole) -> None:
    async with console.browser(ADA) as browser, console.browser(BOB) as other:
        first = Upload(*await fields_of(console, browser), stalls_at=3)
        second = Upload(*await fields_of(console, browser))
        third = Upload(*await fields_of(console, other))
        sent = asyncio.create_task(send(browser, first))
        await first.is_stalled.wait()
        answer = await send(browser, second)
        assert (answer.status_code, second.taken) == (429, 0)
        assert "Another list of yours is being read" in answer.text
        assert (await send(other, third)).status_code == 303
        first.goes_on.set()
        assert (await sent).status_code == 303
        again = Upload(*await fields_of(console, browser))
        assert (await send(browser, again)).status_code == 303


async def test_a_list_that_does_not_come_in_time_is_let_go_and_can_be_sent_again(
    console: SignedInConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console.browser(ADA) as browser:
        with monkeypatch.context() as hasty:
            hasty.setattr(uploads, "LIMIT_S", 0.5)
            stalled = Upload(*await fields_of(console, browser), stalls_at=3)
            answer = await send(browser, stalled)
        assert answer.status_code == 408
        assert "Send it again over a faster line" in answer.text
        assert console.deps.sendings.of("ada") is None
        assert (await send(browser, Upload(*await fields_of(console, browser)))).status_code == 303


async def test_whoever_signs_out_ends_the_list_that_this_session_sends_and_no_other(console: SignedInConsole) -> None:
    async with console.browser(ADA) as browser, console.browser(BOB) as other:
        sent = Upload(*await fields_of(console, browser), stalls_at=3)
        others = Upload(*await fields_of(console, other), stalls_at=3)
        sending = [asyncio.create_task(send(*each)) for each in ((browser, sent), (other, others))]
        await asyncio.gather(sent.is_stalled.wait(), others.is_stalled.wait())
        form = {"csrf": (await session_of(console, browser)).csrf}
        async with asyncio.timeout(60):
            await browser.post("/signout", data=form, headers={"Origin": ORIGIN})
            answer = await sending[0]
        assert (answer.status_code, answer.headers["location"]) == (303, "/signin")
        assert sent.taken == 3
        others.goes_on.set()
        assert (await sending[1]).headers["location"] == "/send"
        assert console.deps.sendings.of("ada") is None


async def test_of_a_session_that_ends_while_its_list_comes_nothing_is_judged(console: SignedInConsole) -> None:
    """It was signed out at another process of the console, or its person was taken out of the file."""
    async with console.browser(ADA) as browser:
        sent = Upload(*await fields_of(console, browser), stalls_at=3)
        sending = asyncio.create_task(send(browser, sent))
        await sent.is_stalled.wait()
        await console.sessions.end(browser.cookies[COOKIE])
        sent.goes_on.set()
        answer = await sending
    assert (answer.status_code, answer.headers["location"]) == (303, "/signin")
    assert console.deps.sendings.of("ada") is None


async def test_a_body_that_is_no_form_came_from_no_page(console: SignedInConsole) -> None:
    async with console.browser(ADA) as browser:
        headers = {"Origin": ORIGIN, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = await browser.post("/send/judge", content=b"email\n" * 100, headers=headers)
    assert answer.status_code == 403


async def test_only_a_form_with_a_list_may_be_longer_than_others(console: SignedInConsole) -> None:
    async with console.browser(ADA) as browser:
        answer = await console.post(browser, "/send/judge", list="x" * MOST_BYTES)
    assert answer.status_code == 413


FEW = 3
"""Connections that this console has."""
FORM = b'--x\r\ncontent-disposition: form-data; name="once"\r\n\r\n0123456789abcdef\r\n--x--\r\n'


async def test_strangers_end_no_upload_of_somebody_who_is_signed_in(redis_client: Redis, tmp_path: Path) -> None:
    console = SignedInConsole(redis_client, tmp_path)
    viewer = Viewer("ada", frozenset({"sending"}))
    console.people["ada"] = Person(viewer)
    signed_in = await console.sessions.begin(viewer, NOW)
    head = {
        "host": ORIGIN.partition("://")[2],
        "origin": ORIGIN,
        "cookie": f"{COOKIE}={signed_in.id}",
        "x-csrf-token": signed_in.session.csrf,
        "content-type": "multipart/form-data; boundary=x",
        "content-length": str(len(FORM)),
        "expect": "100-continue",
    }
    said = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    async with serving(LimitedConnection, console.app, FEW) as site:
        upload = await site.line()
        upload.say(f"POST {UPLOAD} HTTP/1.1\r\n{said}\r\n".encode())
        assert (await upload.reader.readuntil(b"\r\n\r\n")).split()[1] == b"100"  # it waits for the body
        for _ in range(3 * FEW):
            (await site.line()).say(b"POST /signin HTTP/1.1\r\nhost: console.test\r\ncontent-length: 9\r\n\r\ntoken=")
        stranger = await site.line()
        stranger.say(b"GET /signin HTTP/1.1\r\nhost: console.test\r\n\r\n")
        assert await stranger.status() == b"200"
        upload.say(FORM)
        assert await upload.status() == b"422"  # there is no list in it
