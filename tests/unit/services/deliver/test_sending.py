"""Sending to an endpoint."""

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import trustme
from aiohttp import web
from faust.types import TP

from streams.domain.delivery.addresses import Network, networks_of
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.schedule import Result
from streams.domain.delivery.signing import webhook_id
from streams.platform.errors import Unusable
from streams.services.deliver.backlog import Place
from streams.services.deliver.beginning import Begun, Expired, Lost
from streams.services.deliver.destinations import Destination, read_destinations
from streams.services.deliver.outcome_records import logs_of_gone
from streams.services.deliver.sending import ANSWER_BYTES, Sender

ADDRESS = "127.84.0.7"
ELSEWHERE = "127.84.1.7"
NAME = "hooks.example.org"
LISTED = networks_of("127.84.0.0/24")
Rows = list[Any]


class Site:
    """A server that answers by path, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sent = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        match request.path:
            case "/redirect":
                return web.Response(status=307, headers={"Location": f"https://{ADDRESS}:8443/inside"})
            case "/busy":
                return web.Response(status=429, headers={"Retry-After": "7"})
            case "/dated":
                dates = {"Date": "Wed, 22 Feb 2012 10:00:00 GMT", "Retry-After": "Wed, 22 Feb 2012 10:01:00 GMT"}
                return web.Response(status=503, headers=dates)
            case "/never":
                return web.Response(status=200, headers={"Retry-After": f"Wed, 22 Feb {'9' * 30} 10:01:00 GMT"})
            case "/endless":
                endless = web.StreamResponse()
                await endless.prepare(request)
                while request.transport is not None and not request.transport.is_closing():
                    await endless.write(b"x" * 4_096)
                    self.sent += 4_096
                return endless
        return web.Response(text="ok")


@asynccontextmanager
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(NAME, ADDRESS).configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.84.0.9:1")
    found = Site()
    app = web.Application()
    app.router.add_post("/{path}", found.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, ADDRESS, 8443, ssl_context=context, shutdown_timeout=0.1).start()
    try:
        yield found
    finally:
        await runner.cleanup()


class Names:
    """A resolver that says something else each time; the last for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = answers
        self.asked = 0

    def __call__(self, host: str, port: int) -> Rows:
        found = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


def destination(url: str) -> Destination:
    table = {"id": "e", "kind": "webhook", "url": url, "secrets": ["env:E"], "topics": ["contact-alerts"]}
    return Destination(Endpoint.model_validate(table), url, [b"k" * 24])


async def post(path: str, names: Names, host: str = NAME, listed: Any = LISTED) -> tuple[Result, str]:
    allowed: list[Network] = listed
    async with Sender(destination(f"https://{host}:8443/{path}"), allowed, names) as sender:
        return await sender.post({}, b"{}")


async def test_it_is_sent_to_the_address_that_was_checked_and_by_no_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(tmp_path, monkeypatch) as there:
        names = Names([ADDRESS], [ELSEWHERE])
        assert await post("hook", names) == (Result("delivered", 200), "")
        assert (there.asked, names.asked) == (["/hook"], 1)


async def test_what_an_endpoint_answers_is_understood_and_no_redirect_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(tmp_path, monkeypatch) as there:
        names = Names([ADDRESS])
        assert await post("redirect", names) == (Result("refused", 307), "")
        assert await post("busy", names) == (Result("failed", 429, 7.0), "")
        assert await post("dated", names) == (Result("failed", 503, 60.0), "")
        assert await post("never", names) == (Result("delivered", 200), "")
        assert there.asked == ["/redirect", "/busy", "/dated", "/never"]


async def test_no_more_than_64_kib_of_an_answer_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with site(tmp_path, monkeypatch) as there:
        assert await post("endless", Names([ADDRESS])) == (Result("delivered", 200), "")
        assert there.sent >= ANSWER_BYTES


@pytest.mark.parametrize(
    ("answers", "host"),
    [
        ([ELSEWHERE], NAME),
        (["169.254.169.254"], NAME),
        ([ADDRESS, "127.0.0.1"], NAME),
        ([], NAME),
        ([ADDRESS], "127.0.0.1"),
        ([ADDRESS], "[::1]"),
        ([ADDRESS], "[::ffff:127.0.0.1]"),
        ([ADDRESS], "169.254.169.254"),
    ],
)
async def test_an_address_that_is_not_listed_is_not_connected_to(answers: list[str], host: str) -> None:
    assert await post("hook", Names(answers), host) == (Result("failed"), "ForbiddenAddress")


@pytest.mark.parametrize("host", ["2136211719", "127.84.263", "１２７.84.1.7", "127。84。1。7", "0x7f540107"])
async def test_another_way_to_write_an_address_is_none(host: str) -> None:
    """All of them are 127.84.1.7 to the system, where somebody listens who is not to be reached."""
    reached = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        writer.close()

    async with await asyncio.start_server(serve, ELSEWHERE, 8443):
        allowed: list[Network] = LISTED  # type: ignore[assignment]
        async with Sender(destination(f"https://{host}:8443/hook"), allowed) as sender:
            assert (await sender.post({}, b"{}"))[0] == Result("failed")
    assert not reached.is_set()


async def test_a_certificate_that_is_not_trusted_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with site(tmp_path, monkeypatch) as there:
        result, trouble = await post("hook", Names([ADDRESS]), "other.example.org")
        assert (result, there.asked) == (Result("failed"), [])
        assert "Certificate" in trouble


SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"
TEXT = """
[[endpoint]]
id = "app"
kind = "webhook"
url = "https://app.example.org/hook"
secrets = ["env:APP_SECRET"]
topics = ["contact-alerts"]

[[endpoint]]
id = "room"
kind = "slack"
url = "file:room-url"
topics = ["system-alerts"]
"""


def read(
    folder: Path, text: str = TEXT, secret: str = SECRET, room: str = "https://hooks.example/x"
) -> list[Destination]:
    path = folder / "endpoints.toml"
    path.write_text(text)
    (folder / "empty").write_text("\n")
    (folder / "room-url").write_text(f"{room}\n")
    return read_destinations(path, {"APP_SECRET": secret}, [])


def test_what_the_file_only_names_is_found(tmp_path: Path) -> None:
    app, room = read(tmp_path)
    assert (app.url, [*app.keys]) == ("https://app.example.org/hook", [b"s" * 32])
    assert room.url == "https://hooks.example/x"


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    assert "sss" not in repr(read(tmp_path))
    assert "hooks.example" not in repr(read(tmp_path))


@pytest.mark.parametrize(
    ("secret", "room", "told"),
    [
        ("", "https://hooks.example/x", "app: secrets: the environment has no APP_SECRET: set it"),
        ("hunter2", "https://hooks.example/x", "app: secrets: each is whsec_ and the base64"),
        (SECRET, "", "room: url:"),
        (SECRET, "http://hooks.example/hunter2", "room: url: what it names does not begin with https://"),
        (SECRET, "https://10.0.0.1/hunter2", "room: url: its address is not a global one; list its network"),
        (SECRET, "https://[::ffff:10.0.0.1]/hunter2", "room: url: its address is not a global one"),
    ],
)
def test_what_cannot_be_used_is_told_and_not_shown(tmp_path: Path, secret: str, room: str, told: str) -> None:
    with pytest.raises(Unusable) as caught:
        read(tmp_path, secret=secret, room=room)
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("env:whsec_hunter2", "app: secrets: env: is followed by where it is held"),
        ("file:whsec_hunter2", "app: secrets: file: is followed by where it is held"),
        ("env:https://hooks.example/hunter2", "app: secrets: env: is followed by where it is held"),
        ("file:https://hooks.example/hunter2", "app: secrets: file: is followed by where it is held"),
        ("file:hunter2\\u0000", "app: secrets: file: is followed by where it is held"),
        ("env:NO_SECRET", "app: secrets: the environment has no NO_SECRET: set it"),
        ("file:no-secret", "no-secret cannot be read: No such file or directory"),
        ("file:empty", "empty is empty: put it there"),
    ],
)
def test_a_secret_in_the_place_of_its_name_is_not_shown(tmp_path: Path, reference: str, told: str) -> None:
    with pytest.raises(Unusable) as caught:
        read(tmp_path, TEXT.replace("env:APP_SECRET", reference))
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_each_mistake_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable) as caught:
        read(tmp_path, TEXT.replace("webhook", "pager").replace("system-alerts", "alerts"))
    lines = str(caught.value).splitlines()
    assert [line.partition("toml: ")[2].rpartition(": is")[0] for line in lines] == [
        "endpoint app: kind",
        "endpoint room: topics, number 1",
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"HARMONIA_DELIVER: .*No such file"):
        read_destinations(tmp_path / "none.toml", {}, [])


ALERTS = TP("contact-alerts", 3)


def test_what_waited_in_a_topic_that_is_no_more_and_what_expired_unread_are_in_the_log() -> None:
    begun = Begun({}, (), [Lost(Place(ALERTS, 7), "old", 2)], [Expired(Place(ALERTS, 9), "new", 1_200)])
    lost, expired = [orjson.loads(output.value or b"") for output in logs_of_gone("app", begun)]
    assert {lost["fate"], expired["fate"]} == {"gone"}
    assert (lost["id"], lost["offset"], lost["attempts"]) == (webhook_id("app", "old", 3, 7), 7, 2)
    assert (expired["id"], expired["offset"], expired["attempts"]) == (webhook_id("app", "new", 3, 9), 9, 0)
    assert (expired["trouble"], expired["offsets"]) == ("Expired", 1_200)
    assert "offsets" not in lost
