"""`/deliveries` before and after it is known how far endpoints are; tests/browser/snapshots has its texts."""

import asyncio
import time

from streams.services.console.deliveries_observer import DeliveriesObserver, EndpointsSeen
from streams.services.console.rights import Viewer
from tests.contract.console.endpoints_seen import endpoints_seen
from tests.contract.console.signed_in_console import NOW, SignedInConsole, page_of

OLGA = Viewer("olga", frozenset({"operations"}))


def look() -> EndpointsSeen:
    """What a child process would see."""
    return endpoints_seen(NOW)


async def test_endpoints_are_listed_once_they_were_looked_at(console: SignedInConsole) -> None:
    assert "Nothing is known yet." in await page_of(console, "/deliveries", OLGA)
    observer = DeliveriesObserver(look)
    console.use(deliveries=observer)
    while observer.last() is None:  # once more where its child process, which yields to others, was too late
        await (observer._task or asyncio.sleep(0.1))
    async with asyncio.timeout(30):  # a block is rendered once a tick for all who look
        while "Nothing is known yet." in (  # noqa: ASYNC110 (a page tells nobody)
            page := await page_of(console, "/deliveries", OLGA)
        ):
            await asyncio.sleep(0.1)
    places = [page.index(f">{name}<") for name in ("old-app", "war-room", "crm", "field-app")]
    assert places == sorted(places)
    assert 'href="/deliveries"' in await page_of(console, "/status", OLGA)


async def test_before_anybody_was_told_anything_it_says_so(console: SignedInConsole) -> None:
    observer = DeliveriesObserver(look)
    observer._last, observer._seen_at, observer._at = EndpointsSeen(NOW, []), time.monotonic(), time.monotonic()
    console.use(deliveries=observer)
    assert "No endpoint was told anything yet." in await page_of(console, "/deliveries", OLGA)
