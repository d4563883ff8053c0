"""What an act that is refused tells of somebody is a look at them, which is in `audit-log` before the answer leaves."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from redis.asyncio import Redis

from sinks.base import ContactChange
from streams.services.console.pages.person_looks import unknown_name
from streams.services.console.rights import Scope, Viewer
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written, fill_people
from tests.contract.redis_server import RedisServer

STOP = {"at": "2012-11-01T00:00:00Z", "reason": "suppressed", "source": "desk/zoe", "id": "1"}
STOPPED, OTHER = (
    orjson.dumps({"zones": {"region": None}, "stops": {"senders": {}, "lists": {}, **stop}, "counts": {}})
    for stop in ({"all": STOP}, {})
)
ZOE = Viewer("zoe", frozenset({"privacy"}))
OF_OHIO = Viewer("otto", frozenset({"privacy"}), Scope(regions=frozenset({"US-OH"})))


class Desk(NamedTuple):
    """A console, and what is written down of it."""

    console: SignedInConsole
    written: Written

    async def send(self, viewer: Viewer, path: str, form: Mapping[str, str]) -> int:
        """The status of the answer to somebody who has said why they look."""
        async with self.console.browser(viewer) as browser:
            session = await self.console.sessions.find(next(iter(browser.cookies.values())), NOW)
            assert session is not None
            await self.console.sessions.change(session, NOW, {"reason": "called"})
            return (await self.console.post(browser, path, **form)).status_code

    def looks(self) -> list[tuple[str, str, str, str | None]]:
        """Of each look by whom, why, at whom, and what it came to."""
        return [
            (record["viewer"], record["reason"], answer["contact_id"], answer["reason"])
            for record in self.written.records
            for answer in record["answers"]
            if record["what"] == "read"
        ]


@pytest.fixture
async def desk(redis_client: Redis, redis_server: RedisServer, tmp_path: Path) -> Desk:
    """Two people are known; all contact with `van.1` is stopped."""
    people = [ContactChange(id_, 1, said, None, None) for id_, said in (("van.1", STOPPED), ("van.2", OTHER))]
    await fill_people(redis_server, *people)
    written = Written()
    return Desk(SignedInConsole(redis_client, tmp_path, audit=written), written)


@pytest.mark.parametrize(
    ("viewer", "path", "form", "told"),
    [
        (ZOE, "/people/suppress", {"contact": "van.1", "because": "asked", "until": "2030-01-01"}, (409, "found")),
        (ZOE, "/people/unsuppress", {"contact": "van.2"}, (303, "found")),
        (ZOE, "/people/erase", {"contact": "van.1", "typed": "yes"}, (422, "found")),
        (ZOE, "/people/suppress", {"contact": "van.9", "because": "asked"}, (404, "unknown")),
        (OF_OHIO, "/people/suppress", {"contact": "van.1", "because": "asked"}, (404, "outside")),
    ],
)
async def test_who_is_told_how_somebody_stands_without_having_done_anything_has_looked_at_them(
    desk: Desk, viewer: Viewer, path: str, form: Mapping[str, str], told: tuple[int, str]
) -> None:
    status, outcome = told
    assert await desk.send(viewer, path, form) == status
    name = form["contact"]
    written = unknown_name(name, desk.console.deps.settings.hasher) if outcome == "unknown" else name
    assert desk.looks() == [(viewer.name, "called", written, outcome)]


@pytest.mark.parametrize("form", [{"because": "asked", "until": "yesterday"}, {"because": "whim"}])
async def test_a_form_with_a_mistake_tells_nothing_of_anybody(desk: Desk, form: Mapping[str, str]) -> None:
    for contact in ("van.1", "van.9"):
        assert await desk.send(ZOE, "/people/suppress", {"contact": contact, **form}) == 422
    assert desk.written.records == []


async def test_nobody_is_told_how_somebody_stands_where_that_cannot_be_written_down(desk: Desk) -> None:
    desk.written.is_away = True
    form = {"contact": "van.1", "because": "asked", "until": "2030-01-01"}
    assert await desk.send(ZOE, "/people/suppress", form) == 503
    async with desk.console.browser(ZOE) as browser:
        found = await desk.console.post(browser, "/people", who="van.1", reason="called")
        page = await browser.get("/people/van.1")
    assert [found.status_code, page.status_code] == [503, 503]
    assert "Kafka cannot write down who looked" in page.text


async def test_what_is_done_is_written_down_as_what_it_is_and_is_no_look_besides(desk: Desk) -> None:
    await desk.send(ZOE, "/people/unsuppress", {"contact": "van.1"})
    assert [record["what"] for record in desk.written.records] == ["unsuppress"]
    assert desk.looks() == []


async def test_the_page_that_an_act_leads_to_says_at_its_top_what_was_done_while_that_is_so(desk: Desk) -> None:
    async with desk.console.browser(ZOE) as browser:
        await desk.console.post(browser, "/people", who="van.2", reason="called")
        answer = await desk.console.post(browser, "/people/unsuppress", contact="van.2")
        assert answer.headers["location"] == "/people/van.2?done=lifted"
        lifted = (await browser.get("/people/van.2?done=lifted")).text
        stopped = (await browser.get("/people/van.1?done=stopped")).text
        no_more = (await browser.get("/people/van.1?done=lifted")).text
    assert "No stop that was given here holds for this person" in lifted
    assert "All contact with this person is stopped" in stopped
    assert "No stop that was given here" not in no_more
