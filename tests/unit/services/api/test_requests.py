"""Requests to the API."""

import asyncio
import hashlib
import logging
import socket
from collections.abc import AsyncIterator, Iterable, Iterator

import pytest
from fastapi import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from events.identifiers import Hasher
from events.interactions.base import Channel
from streams.platform.errors import Unusable
from streams.platform.logs import each_once_a_second
from streams.platform.tokens import Caller, Tokens, read_tokens
from streams.services.api.bodies import MOST_BYTES, BodyReader
from streams.services.api.connection_limits import (
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_PIPELINED,
    LimitedConnection,
    mark_known,
)
from streams.services.api.models import Person
from streams.services.api.permission_request import asked_person
from streams.services.permission.decisions import AskedPerson
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


HASHER = Hasher([b"new", b"old"])
EMAIL = HASHER.lookups("email", "ada@example.org")
PHONE = HASHER.lookups("phone", "+12125550101")
VAN = HASHER.lookups("external", "van:17")


def who(channel: Channel, **said: object) -> AskedPerson:
    return asked_person(Person.model_validate(said), channel, HASHER)


@pytest.mark.parametrize(
    ("channel", "names", "means"),
    [
        ("email", [*EMAIL, "c17", *VAN, *PHONE], EMAIL),
        ("text", [*PHONE, "c17", *VAN, *EMAIL], PHONE),
        ("phone", [*PHONE, "c17", *VAN, *EMAIL], PHONE),
        ("door", ["c17", *VAN, *EMAIL, *PHONE], []),
    ],
)
def test_the_owner_of_the_address_is_who_is_asked_about(channel: Channel, names: list[str], means: list[str]) -> None:
    found = who(channel, contact_id="c17", external={"van": "17"}, email="Ada@Example.org", phone="(212) 555-0101")
    assert found == AskedPerson(names, [hashed.partition(":")[2][:16] for hashed in means])


def test_an_address_that_cannot_be_read_is_not_sent_to_whoever_it_may_be() -> None:
    assert who("email", contact_id="c17", email="ada(at)example.org") == AskedPerson([])
    assert who("door", contact_id="c17", email="ada(at)example.org") == AskedPerson(["c17"], [])


@pytest.mark.parametrize("behind", [" ext 5", ";isub=0698767471", "#9", ",,5"])
def test_a_number_with_more_behind_it_is_not_sent_to_and_names_a_person_all_the_same(behind: str) -> None:
    phone = "(212) 555-0101" + behind
    assert who("text", contact_id="c17", phone=phone) == AskedPerson([])
    assert who("door", contact_id="c17", phone=phone) == AskedPerson(["c17", *PHONE], [])


def test_without_an_address_the_person_is_asked_about() -> None:
    assert who("email", contact_id="c17") == AskedPerson(["c17"], [])


def request(parts: Iterable[bytes], *headers: tuple[bytes, bytes], waits: asyncio.Event | None = None) -> Request:
    waiting = iter([*parts])

    async def receive() -> Message:
        part = next(waiting, None)
        if part is None and waits is not None:
            waits.set()
            await asyncio.Event().wait()
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    return Request({"type": "http", "headers": [*headers]}, receive)


async def test_a_body_that_is_too_long_is_refused_whatever_length_it_declares() -> None:
    bodies = BodyReader()

    assert await bodies.read(request([], (b"content-length", str(MOST_BYTES + 1).encode()))) == "too_large"
    assert await bodies.read(request([b"x" * MOST_BYTES, b"x"], (b"content-length", b"1"))) == "too_large"
    assert bodies.held == 0


async def test_beyond_the_limit_of_all_together_whoever_has_been_read_longest_makes_room() -> None:
    bodies = BodyReader(at_once=10)
    first, second = asyncio.Event(), asyncio.Event()
    silent = asyncio.create_task(bodies.read(request([b"x" * 6], waits=first)))
    await first.wait()
    later = asyncio.create_task(bodies.read(request([b"z" * 2], waits=second)))
    await second.wait()

    assert await bodies.read(request([b"y" * 8])) == b"y" * 8
    assert await silent == "busy"
    assert bodies.held == 2
    later.cancel()
    await asyncio.wait([later])
    assert bodies.held == 0


async def test_a_body_beyond_the_limit_of_all_by_itself_is_ended() -> None:
    bodies = BodyReader(at_once=10)

    assert await bodies.read(request([b"x" * 8, b"x" * 8])) == "busy"
    assert await bodies.read(request([b"x" * 16])) == "busy"
    assert bodies.held == 0


async def test_zeros_before_a_length_do_not_make_it_longer() -> None:
    assert await BodyReader().read(request([b"abcde"], (b"content-length", b"0" * 5_000 + b"5"))) == b"abcde"
    assert await BodyReader().read(request([b"abcde"], (b"content-length", b"9" * 5_000))) == "too_large"


async def test_a_body_whose_sender_has_gone_is_given_up() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    bodies = BodyReader()

    assert await bodies.read(Request({"type": "http", "headers": []}, receive)) == "slow"
    assert bodies.held == 0


def item(team: str, scopes: str, token: str) -> str:
    return f"{team}:{scopes}:{hashlib.sha256(token.encode()).hexdigest()}"


def test_a_caller_is_known_by_its_token() -> None:
    tokens = read_tokens(f"{item('digital', 'read+permit', 'one')},\n {item('*', 'read', 'two')} ")
    assert tokens.caller("Bearer one") == Caller("digital", frozenset({"read", "permit"}))
    assert tokens.caller("bearer two") == Caller("*", frozenset({"read"}))


@pytest.mark.parametrize("header", [None, "", "one", "Basic one", "Bearer", "Bearer two", "Bearer One"])
def test_an_unknown_token_is_of_no_caller(header: str | None) -> None:
    assert read_tokens(item("digital", "read", "one")).caller(header) is None


@pytest.mark.parametrize("text", [b"", b"\n"])
def test_the_hash_of_an_empty_token_is_refused(text: bytes) -> None:
    """As an unset variable of a shell would make it; then a request without a token would be let in."""
    with pytest.raises(Unusable, match=r"HARMONIA_API_TOKENS: item 2 .* empty token") as raised:
        read_tokens(f"{item('field', 'read', 'one')} digital:publish+erase:{hashlib.sha256(text).hexdigest()}")
    assert hashlib.sha256(text).hexdigest() not in str(raised.value)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer  "])
def test_an_empty_token_is_nobodys_whatever_is_known(header: str) -> None:
    known = Tokens([(hashlib.sha256(b"").digest(), Caller("digital", frozenset({"read"})))])
    assert known.caller(header) is None


def test_without_a_setting_nobody_is_known() -> None:
    assert read_tokens("  ").caller("Bearer ") is None


@pytest.mark.parametrize(
    "setting",
    [
        "digital",
        "digital:read",
        item("", "read", "secret"),
        item("dig ital", "read", "secret"),
        item("digital", "", "secret"),
        item("digital", "read+write", "secret"),
        "digital:read:secret",
        item("digital", "read", "secret").upper(),
    ],
)
def test_a_mistake_in_the_setting_is_told_by_its_place_and_not_repeated(setting: str) -> None:
    with pytest.raises(Unusable, match="HARMONIA_API_TOKENS: item 2 ") as raised:
        read_tokens(f"{item('field', 'read', 'one')} {setting.replace(' ', '-!-')}")
    assert "secret" not in str(raised.value)
