"""Vendors."""

import csv
import gzip
import io
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from streams.services.vendors.export_rows import export_rows
from streams.services.vendors.vendor_http import (
    VendorApi,
    VendorCall,
    VendorSilent,
    VendorTrouble,
    WallClock,
    is_safe,
    told_wait,
    vendor_http,
)
from tests.contract.vendors.vendor_server import FastClock

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8)
ROWS = st.lists(st.tuples(st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True), TEXT, TEXT), max_size=8)


async def told(content: bytes, size: int = 7, at_once: int = 3) -> list[tuple[str, str]]:
    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(content), size):
            yield content[at : at + size]

    return [row async for rows in export_rows(chunks(), at_once) for row in rows]


def written(rows: list[tuple[str, str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["EMAIL", "ADDRESS_LINE_1", "CONTACT_ID"])
    writer.writerows([address, line, id_] for id_, address, line in rows)
    return out.getvalue().encode()


@given(ROWS, st.integers(1, 50), st.booleans())
async def test_each_contact_is_told_with_its_id_and_address(
    rows: list[tuple[str, str, str]], size: int, packed: bool
) -> None:
    content = written(rows)
    found = await told(gzip.compress(content) if packed else content, size)
    assert found == [(id_, address.strip()) for id_, address, _ in rows]


async def test_names_of_columns_may_be_small_and_begin_with_a_mark_and_a_last_line_has_no_end() -> None:
    assert await told("\ufeffcontact_id,email\n1,ada@example.org".encode()) == [("1", "ada@example.org")]


@given(st.integers(1, 50))
async def test_a_file_that_was_packed_in_parts_is_read_to_its_end(size: int) -> None:
    parts = [b"email,contact_id\n", b"a@example.org,1\nb@exam", b"ple.org,2\n"]
    content = b"".join(map(gzip.compress, parts))
    assert await told(content, size) == [("1", "a@example.org"), ("2", "b@example.org")]


async def test_a_field_may_be_long() -> None:
    content = b"email,note,contact_id\na@example.org," + b"x" * 200_000 + b",1\n"
    assert await told(content, 1 << 16) == [("1", "a@example.org")]


PACKED = gzip.compress(b"email,contact_id\na@example.org,1\n" * 99, mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,place\na,b\n", "the file has no columns contact_id and email"),
        (PACKED[:-9], "the file ends too early; run it again"),
        (b"\x1f\x8b\x00\x00" + b"x" * 99, "the file cannot be unpacked"),
        (b"email,contact_id\na@example.org,1\rb@example.org,2\n", "a record of the file cannot be read"),
        (gzip.compress(b"email,contact_id\n", mtime=0) + b"\x1f\x8b\x08\x00", "the file ends too early; run it again"),
        (b'email,contact_id\n"' + b"x" * (5 << 20), "a record of the file does not end"),
    ],
)
async def test_a_file_that_is_none_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(VendorTrouble, match=message):
        await told(content, 1 << 20)


NOW = 1_770_224_400.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Wed, 04 Feb 2026 17:00:09 GMT"}, 9.0),
        ({"Retry-After": "Wed, 04 Feb 2026 16:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon", "X-RateLimit-Reset": f"{NOW + 11:.0f}"}, 11.0),
        ({"X-RateLimit-Reset": f"{NOW - 5:.0f}"}, 1.0),
        ({"X-RateLimit-Reset": "-3"}, 1.0),
        ({}, 1.0),
    ],
)
def test_a_wait_is_as_long_as_the_vendor_says(headers: Mapping[str, str], seconds: float) -> None:
    assert told_wait(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("url", "anywhere", "from_here"),
    [
        ("https://files.example.org/a", True, True),
        ("http://files.example.org/a", False, False),
        ("http://127.0.0.1:80/a", False, True),
        ("http://[::1]/a", False, True),
        ("file:///etc/passwd", False, False),
        ("https://[::1", False, False),
        ("", False, False),
    ],
)
def test_a_file_is_fetched_by_https_alone_or_from_this_machine_where_the_api_is_here(
    url: str, anywhere: bool, from_here: bool
) -> None:
    assert (is_safe(url, is_local=False), is_safe(url, is_local=True)) == (anywhere, from_here)


@pytest.mark.parametrize(
    "link",
    [
        "@evil.example/x",
        ".evil.example/x",
        ":1/x",
        "https://evil.example/",
        "https://h\\@api.example.com/",
        "https://u:p@api.example.com/",
        "https://u@api.example.com/",
        "http://api.example.com/",
        "https://api.example.com:444/",
        "https://[::1",
        "https://",
        "https://api.example.com:port/",
        "/a\r\nX: y",
        "/ä",
    ],
)
async def test_a_link_that_leads_to_another_server_is_not_asked(link: str) -> None:
    api = VendorApi("V", "https://api.example.com", {"Authorization": "Bearer secret"}, "S", 0.0)
    async with vendor_http(api, WallClock()) as http:
        with pytest.raises(VendorTrouble, match="V: lists: its next page is on another server, which is not asked"):
            await http.call(VendorCall("GET", "lists", link, tries=1), 200)


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://", "https://files.example.org:port/", "http://h/", "", "a\nb"]
)
async def test_a_file_at_no_address_is_refused(url: str) -> None:
    api = VendorApi("V", "https://api.example.com", {}, "S", 0.0)
    async with vendor_http(api, WallClock()) as http:
        with pytest.raises(VendorTrouble, match="V: exports: is at no address that begins with https://"):
            async with http.download("exports", url):
                pass


def test_an_api_shows_no_key() -> None:
    assert "secret" not in repr(VendorApi("V", "https://v", {"Authorization": "Bearer secret"}, "S", 1.0))


CURE = r"is HARMONIA_V_URL right\?"


def api_at(base: str) -> VendorApi:
    return VendorApi("V", base, {}, "HARMONIA_V_KEY", 0.0)


async def test_a_server_that_nobody_can_reach_is_given_up_at_once_with_the_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve = socket.getaddrinfo

    def lookup(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "nowhere.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    for base, why in (
        ("https://nowhere.invalid", "its name does not resolve"),
        ("http://127.0.0.1:1", "nothing listens there"),
    ):
        clock = FastClock()
        async with vendor_http(api_at(base), clock) as http:
            with pytest.raises(VendorSilent, match=f"^V: people: {why}; {CURE}$"):
                await http.get("people", "/people")
        assert clock.waited == [1.0]


async def test_one_that_has_answered_before_is_tried_as_long_as_any_other(free_port: int) -> None:
    async def page(_: web.Request) -> web.Response:
        return web.json_response({})

    site = web.Application()
    site.router.add_get("/people", page)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", free_port).start()
    clock = FastClock()
    async with vendor_http(api_at(f"http://127.0.0.1:{free_port}"), clock) as http:
        await http.get("people", "/people")
        with pytest.raises(VendorTrouble, match=f"^V: tags: HTTP 404: there is no such thing; {CURE}$"):
            await http.get("tags", "/tags")
        await runner.cleanup()
        with pytest.raises(VendorSilent, match=r"^V: people: Client.* after 6 tries; run it again later$"):
            await http.get("people", "/people")


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
