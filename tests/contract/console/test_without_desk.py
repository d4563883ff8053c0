"""A console without a desk, or one that is too slow, says so wherever that is needed, in place of a fault."""

from pathlib import Path

from redis.asyncio import Redis

from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader, Times
from streams.services.console.rights import Viewer
from tests.contract.console.signed_in_console import SignedInConsole

ADA = Viewer("ada", frozenset({"sending"}))


async def test_the_page_of_a_campaign_and_its_stream_and_hold_say_what_they_lack(
    redis_client: Redis, tmp_path: Path
) -> None:
    console = SignedInConsole(redis_client, tmp_path)
    async with console.browser(ADA) as browser:
        page = await browser.get("/campaigns/gotv-3")
        stream = await browser.get("/events", params={"page": "campaign", "campaign": "gotv-3"})
        hold = await console.post(browser, "/campaigns/hold", campaign="gotv-3")
        missing = await browser.get("/static/missing.js")
    assert [page.status_code, stream.status_code, hold.status_code] == [503, 503, 503]
    assert "This console has no desk" in page.text
    assert "This console has no desk" in hold.text
    assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")


async def test_where_the_desk_takes_too_long_the_page_of_a_campaign_and_its_stream_say_so(
    redis_client: Redis, tmp_path: Path
) -> None:
    Desk.create(tmp_path / "desk.sqlite").close()
    console = SignedInConsole(redis_client, tmp_path, DeskReader(tmp_path / "desk.sqlite", Times(limit=0.0)))
    async with console.browser(ADA) as browser:
        page = await browser.get("/campaigns/gotv-3")
        stream = await browser.get("/events", params={"page": "campaign", "campaign": "gotv-3"})
        whole = await browser.get("/campaigns")
    assert [page.status_code, stream.status_code, whole.status_code] == [503, 503, 200]
    assert "The desk takes too long to answer" in page.text


async def test_before_kafka_and_redis_were_looked_at_nobody_is_told_that_nothing_needs_them(
    redis_client: Redis, tmp_path: Path
) -> None:
    console = SignedInConsole(redis_client, tmp_path)
    async with console.browser(Viewer("olga", frozenset({"operations"}))) as browser:
        page = await browser.get("/")
    await console.deps.observer.stop()
    assert "it is not known yet whether records are processed" in page.text
    assert "This console has no desk" in page.text
    assert "Nothing needs you now" not in page.text
