"""How long to wait before a vendor is called again, and whom a call may go to."""

import socket
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

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
