"""`/deliveries`: how far each endpoint is, in both languages, for the role `operations` and nobody else but privacy."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streams.services.console.deliveries_observer import DeliveriesObserver, EndpointsSeen
from streams.services.console.rights import Viewer
from streams.services.console.roles import Role
from tests.contract.console.endpoints_seen import endpoints_seen
from tests.contract.console.signed_in_console import NOW, SignedInConsole

OPERATIONS: frozenset[Role] = frozenset({"operations"})


def look() -> EndpointsSeen:
    """What a child process would see."""
    return endpoints_seen(NOW)


@pytest.fixture
async def console(redis_client: Redis, tmp_path: Path) -> AsyncIterator[SignedInConsole]:
    found = SignedInConsole(redis_client, tmp_path)
    yield found
    if found.deps.deliveries is not None:
        await found.deps.deliveries.stop()


async def seen(console: SignedInConsole, observer: DeliveriesObserver) -> None:
    """Have it looked, once more where its child process, which yields to others, did not come to it in time."""
    object.__setattr__(console.deps, "deliveries", observer)
    while observer.last() is None:
        await (observer._task or asyncio.sleep(0.1))


async def test_endpoints_are_listed_with_those_first_that_need_somebody(console: SignedInConsole) -> None:
    async with console.browser(Viewer("olga", OPERATIONS)) as browser:
        assert "Nothing is known yet." in (await browser.get("/deliveries")).text
        await seen(console, DeliveriesObserver(look))
        for _ in range(300):  # a block is rendered once a tick for all who look
            page = (await browser.get("/deliveries")).text
            if "Nothing is known yet." not in page:
                break
            await asyncio.sleep(0.1)
        places = [page.index(f">{name}<") for name in ("old-app", "war-room", "crm", "field-app")]
        assert places == sorted(places)
        for text in ("4,321", "after 5 failures", "wants no more, since", "refuses some; next attempt", "3 min"):
            assert text in page
        assert "is about to be told once more" in page
        assert 'href="/deliveries"' in (await browser.get("/status")).text
    async with console.browser(Viewer("olga", OPERATIONS, language="fr")) as browser:
        page = (await browser.get("/deliveries")).text
        assert "ne veut plus rien, depuis" in page
        assert "wants no more" not in page
    async with console.browser(Viewer("ada", frozenset({"figures"}))) as browser:
        assert (await browser.get("/deliveries")).status_code == 403


async def test_before_anybody_was_told_anything_it_says_so(console: SignedInConsole) -> None:
    observer = DeliveriesObserver(look)
    observer._last, observer._seen_at, observer._at = EndpointsSeen(NOW, []), time.monotonic(), time.monotonic()
    object.__setattr__(console.deps, "deliveries", observer)
    async with console.browser(Viewer("olga", OPERATIONS)) as browser:
        assert "No endpoint was told anything yet." in (await browser.get("/deliveries")).text
