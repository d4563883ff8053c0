"""What a stranger sends before any token is looked at, on real sockets."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from streams.platform.logs import each_once_a_second
from streams.services.api.connection_limits import (
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_PIPELINED,
    LimitedConnection,
    mark_known,
)
from tests.unit.services.api.serving import Line, Site, serving

FEW = 3
"""Connections that a small server has."""


class Hasty(LimitedConnection):
    head_s = 0.1
    answer_s = 0.1


class Long(Response):
    """More than any socket holds."""

    def __init__(self) -> None:
        super().__init__(bytes(32 << 20))


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with serving(LimitedConnection, PlainTextResponse("fine")) as site:
        yield await site.line()


async def test_requests_one_after_the_other_have_a_limit_each(line: Line) -> None:
    """Nor does a body count, however long."""
    for _ in range(3):
        header = b"x-long: " + b"a" * (MAX_HEAD_BYTES // 2) + b"\r\n"
        assert await line.ask(header, bytes(8 * MAX_HEAD_BYTES)) == b"200"


async def test_a_header_without_an_end_closes_the_connection(line: Line) -> None:
    line.say(b"POST / HTTP/1.1\r\nx-endless: ")
    line.say(b"a" * (2 * MAX_HEAD_BYTES))

    assert await line.is_ended()


@pytest.mark.parametrize(
    "headers",
    [b"x: y\r\n" * (MAX_HEADERS + 1), b"x: " + b"a" * MAX_HEAD_BYTES + b"\r\n"],
    ids=["too many", "too large"],
)
async def test_headers_that_come_all_at_once_have_the_same_limit(line: Line, headers: bytes) -> None:
    assert await line.ask(headers) == b"400"


async def test_what_follows_a_body_has_a_limit_and_is_no_header(line: Line) -> None:
    line.say(b"POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx-endless: ")
    assert await line.status() == b"200"

    line.say(b"a" * (2 * MAX_HEAD_BYTES))
    assert await line.is_ended()


async def test_no_more_requests_wait_on_one_connection_than_a_few() -> None:
    never = asyncio.Event()

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        await never.wait()

    async with serving(LimitedConnection, silent) as site:
        line = await site.line()
        line.say(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n" * (MAX_PIPELINED + 2))

        assert await line.status() == b"400"
        never.set()


@pytest.mark.parametrize(
    "said", [b"", b"POST / HTTP/1.1\r\nhost: he", b"\r\n"], ids=["nothing", "a part", "an empty line"]
)
async def test_headers_that_do_not_come_in_time_close_the_connection(said: bytes) -> None:
    async with serving(Hasty, PlainTextResponse("fine")) as site:
        line = await site.line()
        line.say(said)
        assert await line.is_ended()


async def test_a_connection_that_is_kept_has_the_same_time_for_each_request() -> None:
    async with serving(Hasty, PlainTextResponse("fine")) as site:
        line = await site.line()
        assert await line.ask(b"") == b"200"
        line.say(b"POST / HTTP/1.1\r\nhost: he")
        assert await line.is_ended()


async def test_an_answer_that_nobody_reads_closes_the_connection() -> None:
    gone = asyncio.Event()

    class Seen(Hasty):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            gone.set()

    async with serving(Seen, Long()) as site:
        with socket.create_connection(site.address) as deaf:
            deaf.sendall(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")
            await gone.wait()


async def test_whoever_sends_a_whole_request_is_answered_however_many_send_none() -> None:
    async with serving(LimitedConnection, PlainTextResponse("fine"), FEW) as site:
        half = [await site.line() for _ in range(FEW)]
        for one in half:
            one.say(b"POST / HTTP/1.1\r\nhost: he")
        for turned_away in half:
            assert await (await site.line()).ask(b"") == b"200"
            assert await turned_away.status() == b"503"
            assert await turned_away.is_ended()


async def test_who_is_being_answered_is_not_sent_away_for_another() -> None:
    never = asyncio.Event()
    under_way = asyncio.Semaphore(0)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        under_way.release()
        await never.wait()
        await PlainTextResponse("fine")(scope, receive, send)

    async with serving(LimitedConnection, slow, FEW) as site:
        asking = [await site.line() for _ in range(FEW)]
        for one in asking:
            one.say(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")
            await under_way.acquire()
        assert await (await site.line()).status() == b"503"
        never.set()
        assert [await one.status() for one in asking] == [b"200"] * FEW


class Reading:
    """An application that knows whoever asks for `/known`, and reads whole bodies. `begun`: bodies that it reads."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/known":
            mark_known(scope)
        self.begun.release()
        while (await receive()).get("more_body"):
            pass
        await PlainTextResponse("fine")(scope, receive, send)

    async def half(self, site: Site, path: bytes) -> Line:
        """A connection on which half of a body has come."""
        line = await site.line()
        line.say(b"POST %b HTTP/1.1\r\nhost: here\r\ncontent-length: 2\r\n\r\na" % path)
        await self.begun.acquire()
        return line


@pytest.mark.parametrize("strangers", ["nothing", "half of a head", "half of a body"])
async def test_strangers_end_no_upload_of_somebody_who_is_known(strangers: str) -> None:
    reading = Reading()
    async with serving(LimitedConnection, reading, FEW) as site:
        upload = await reading.half(site, b"/known")
        for _ in range(3 * FEW):
            if strangers == "half of a body":
                await reading.half(site, b"/")
            else:
                (await site.line()).say(b"" if strangers == "nothing" else b"POST / HTTP/1.1\r\nhost: he")
        assert await (await site.line()).ask(b"") == b"200"
        upload.say(b"b")
        assert await upload.status() == b"200"


async def test_those_who_are_known_and_stall_do_not_keep_others_out() -> None:
    """Of them whoever has sent nothing for longest makes room, and not an upload that goes on."""
    reading = Reading()
    async with serving(LimitedConnection, reading, FEW) as site:
        upload = await site.line()
        upload.say(b"POST /known HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        await reading.begun.acquire()
        stalled = [await reading.half(site, b"/known") for _ in range(FEW - 1)]
        upload.say(b"1\r\nb\r\n")
        answered = await site.line()
        assert await answered.ask(b"") == b"200"
        assert await stalled[0].status() == b"503"
        upload.say(b"0\r\n\r\n")
        assert await upload.status() == b"200"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with each_once_a_second(["a"]):
        yield caplog


def test_a_message_is_said_once_a_second_and_counted(said: pytest.LogCaptureFixture) -> None:
    def say(message: str, at: float) -> None:
        record = logging.makeLogRecord({"name": "a", "msg": message, "created": at, "levelno": logging.ERROR})
        logging.getLogger("a").handle(record)

    for number in range(10):
        say("crowded", 100 + number / 10)
    say("another", 100)
    say("crowded", 101)

    again = "crowded (and 9 times more since this was last shown)"
    assert [record.getMessage() for record in said.records] == ["crowded", "another", again]
