"""What the console refuses of a request before anything of it is looked at."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from streams.services.api.bodies import BodyReader
from streams.services.api.connection_limits import LimitedConnection
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.security import MOST_BYTES, with_headers
from tests.unit.services.api.serving import serving

ORIGIN = "https://console.test"


@pytest.fixture
def app() -> ASGIApp:
    """An application that answers with how long a field of the form is."""
    app = FastAPI()

    @app.post("/form")
    async def form(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(str((await request.form())["a"]))))

    return with_headers(app, ConsoleMetrics(CollectorRegistry()), ORIGIN, BodyReader(patience_s=0.2))


async def _in_pieces(size: int) -> AsyncIterator[bytes]:
    yield b"a="
    for _ in range(size // 1024):
        yield b"x" * 1024


async def _post(app: ASGIApp, size: int) -> httpx.Response:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        return await client.post("/form", content=_in_pieces(size), headers=kind)


async def test_a_form_in_pieces_arrives_whole(app: ASGIApp) -> None:
    answer = await _post(app, MOST_BYTES - 1024)
    assert (answer.status_code, answer.text) == (200, str(MOST_BYTES - 1024))


async def test_a_form_that_is_too_large_is_refused_before_it_is_held_in_memory(app: ASGIApp) -> None:
    answer = await _post(app, MOST_BYTES)
    assert answer.status_code == 413
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_compressed_form_is_refused(app: ASGIApp) -> None:
    headers = {"Content-Encoding": "gzip"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        assert (await client.post("/form", content=b"x", headers=headers)).status_code == 415


async def test_a_form_that_is_half_sent_is_closed_after_a_time(app: ASGIApp) -> None:
    """Nobody has signed in to send it, so strangers could else hold as many connections as there are."""
    async with serving(LimitedConnection, app) as site:
        line = await site.line()
        line.say(b"POST /form HTTP/1.1\r\nhost: console.test\r\ncontent-length: 100\r\n\r\ntoken=")
        assert await line.status() == b"408"
        assert await line.is_ended()
