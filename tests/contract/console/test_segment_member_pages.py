"""Who is in a segment: page by page, with a kept list or without, each written down; and their list at `/send`."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from sinks.segments import SegmentsSink
from streams.services.console.rights import Scope, Viewer
from streams.services.console.sendings import Sendings
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_segments import fill_segments

DANA = Viewer("dana", frozenset({"sending"}))
DONORS = [f"p{number:03}" for number in range(250)]
JUDGES = """import json, sys
rows = sys.stdin.read().splitlines()
sys.stdout.write("\\n".join(rows) + "\\n")
told = {"rows": len(rows) - 1, "complete": True, "reasons": {"allow:ok": len(rows) - 1}, "asked": sys.argv[1:]}
sys.stderr.write(json.dumps(told))
"""
"""In place of `harmonia permit`: everybody may be reached."""


@pytest.fixture(params=["kept", "not kept"])
async def console(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path, written: Written, request: pytest.FixtureRequest
) -> AsyncIterator[SignedInConsole]:
    """Of a Redis with a segment of 250 people and one of nobody, with a list of members or without."""
    sink = SegmentsSink(client_of(redis_server.port), stale_after=STALE_AFTER, most_pairs=1000)
    await fill_segments(sink, {"donors": DONORS, "nobody": []})
    await sink.close()
    if request.param == "not kept":
        for key in await redis_client.keys("sink:segment-members:*"):
            await redis_client.delete(key)
    found = SignedInConsole(redis_client, tmp_path, audit=written, wall_ms=NOW)
    found.use(sendings=Sendings((sys.executable, "-c", JUDGES)))
    yield found
    await found.deps.sendings.stop()


async def pages(console: SignedInConsole, viewer: Viewer, path: str) -> list[str]:
    """A page and all that follow it."""
    found = []
    async with console.browser(viewer) as browser:
        await console.post(browser, "/people/reason", reason="task", to=path)
        while path:
            answer = await browser.get(path)
            assert answer.status_code == 200, answer.text
            found.append(answer.text.partition("<main")[2])
            path = "" if "?after=" not in found[-1] else found[-1].rpartition("/members?after=")[2].partition('"')[0]
            path = path and f"/segments/donors/members?after={path}"
    return found


async def test_all_members_are_on_the_pages_once_and_each_is_written_down(
    console: SignedInConsole, written: Written
) -> None:
    found = await pages(console, DANA, "/segments/donors/members")
    shown = [each.partition('"')[0] for text in found for each in text.split('href="/people/')[1:]]
    assert sorted({*shown} - {""}) == DONORS
    named = [answer["contact_id"] for record in written.records for answer in record["answers"]]
    assert sorted(set(named)) == DONORS


async def test_nobody_is_named_before_a_reason_is_given_nor_to_other_roles(
    console: SignedInConsole, written: Written
) -> None:
    async with console.browser(DANA) as browser:
        assert "Say first why you look" in (await browser.get("/segments/donors/members")).text
        assert (await browser.get("/segments/unheard-of/members")).status_code == 404
    async with console.browser(Viewer("tess", frozenset({"treasury"}))) as browser:
        assert (await browser.get("/segments/donors/members")).status_code == 403
    [text] = await pages(
        console, Viewer("finn", DANA.roles, Scope(regions=frozenset({"US-OH"}))), "/segments/donors/members"
    )
    assert "/people/p0" not in text
    assert written.records == []


async def test_the_number_of_a_segment_leads_to_who_is_in_it_for_who_may_see_people(console: SignedInConsole) -> None:
    async with console.browser(DANA) as browser:
        for path in ("/segments", "/segments/donors"):
            assert 'href="/segments/donors/members"' in (await browser.get(path)).text
    async with console.browser(Viewer("ada", frozenset({"figures"}))) as browser:
        assert "/members" not in (await browser.get("/segments/donors")).text


async def test_members_are_downloaded_through_the_policy_and_the_segment_is_written_down(
    console: SignedInConsole, written: Written
) -> None:
    async with console.browser(DANA) as browser:
        assert 'name="segment" value="donors"' in (await browser.get("/send?segment=donors")).text
        said = {"channel": "letter", "purpose": "informational", "team": "digital", "segment": "donors"}
        answer = await console.post(browser, "/send/judge", **said)
        assert answer.status_code == 303, answer.text
        one = console.deps.sendings.of("dana")
        assert one is not None
        assert one.task is not None
        await one.task
        assert "250 of 250 may be reached now" in (await browser.get("/send")).text
        lines = (await browser.get("/send/download")).text.splitlines()
        assert sorted(line.partition(",")[0] for line in lines[1:]) == DONORS
        assert "--of-segment=donors" in one.question.options()
    assert [(each["what"], each.get("segment")) for each in written.records] == [("judge", "donors")]


async def test_a_segment_that_is_not_there_has_no_list(console: SignedInConsole) -> None:
    async with console.browser(DANA) as browser:
        said = {"channel": "letter", "purpose": "informational", "team": "digital", "segment": "unheard-of"}
        assert "There is no such segment." in (await console.post(browser, "/send/judge", **said)).text
