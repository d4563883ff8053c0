"""`/field` and its regions: whose scope is one region sees, opens and follows no other."""

import re
from pathlib import Path

from redis.asyncio import Redis

from streams.services.console.desk_access import DeskReader
from streams.services.console.rights import Scope, Viewer
from tests.contract.console.signed_in_console import NOW, SignedInConsole, page_of
from tests.contract.console.test_acting import Written
from tests.unit.services.console.evening import fill_evening

FINN = Viewer("finn", frozenset({"field"}), Scope(regions=frozenset({"US-OH"})))


async def test_field_director_of_ohio_sees_opens_and_follows_nothing_of_another_state(
    redis_client: Redis, tmp_path: Path, written: Written
) -> None:
    fill_evening(tmp_path / "desk.sqlite", NOW)
    console = SignedInConsole(redis_client, tmp_path, DeskReader(tmp_path / "desk.sqlite"), audit=written)
    for path in ("/", "/field"):
        page = (await page_of(console, path, FINN)).partition("<main")[2]
        text = re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL)  # a map names regions of which it shows nothing
        assert "Ohio" in text
        assert not [name for name in ("Pennsylvania", "Nevada", "Wisconsin", "ask-9", "$") if name in text]
    await page_of(console, "/field/US-OH", FINN)
    await page_of(console, "/field/US-PA", FINN, 404)
    await page_of(console, "/events?page=field_region&region=US-PA", FINN, 404)
    await page_of(console, "/money", FINN, 403)
    await console.deps.observer.stop()
