"""Who may see a page."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import httpx
import orjson
import pytest
from redis.asyncio import Redis

from events.topics import CAMPAIGN_HOLDS
from sinks.base import ContactChange
from sinks.keys import HOLDS, position_key
from streams.demo.cast import CAST
from streams.services.console.acts import ACT_SPECS
from streams.services.console.app import PAGES
from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader, Times
from streams.services.console.desk_batches import Limits
from streams.services.console.desk_writing import DeskWriter
from streams.services.console.pages.person_looks import unknown_name
from streams.services.console.people import Person
from streams.services.console.rights import Scope, Viewer, may
from streams.services.console.roles import ROLES
from streams.services.console.signin import COOKIE, FORM_COOKIE
from streams.services.console.words import Language
from tests.contract.console.signed_in_console import NOW, ORIGIN, SignedInConsole, Written, fill_people, page_of
from tests.contract.redis_server import RedisServer
from tests.unit.services.console.desk_records import record
from tests.unit.services.console.test_signing_in import CHANGE_NOTHING

ADA = Viewer("ada", frozenset(ROLES))


async def test_a_page_and_its_stream_are_there_for_the_roles_of_the_page_alone(
    console: SignedInConsole, written: Written
) -> None:
    for page in PAGES:
        path = re.sub(r"\{[a-z]+(:path)?\}", "x", page.path)
        for viewer in (Viewer(role, frozenset({role})) for role in ROLES):
            if not may(viewer, page.act):
                assert "None of your roles may do this." in await page_of(console, path, viewer, 403), page.name
                await page_of(console, f"/events?page={page.name}", viewer, 404)
    assert written.records == []


async def test_the_menu_leads_to_the_pages_that_somebody_may_see(console: SignedInConsole) -> None:
    page = await page_of(console, "/people", Viewer("olga", frozenset({"operations"})), 403)
    menu = page.partition("<nav")[2].partition("</nav>")[0]
    assert {*re.findall('href="([^"]+)"', menu)} == {"/", "/letters", "/status", "/deliveries"}


async def test_no_act_is_done_without_its_role_and_the_setting_that_allows_it(
    console: SignedInConsole, written: Written
) -> None:
    for spec in ACT_SPECS:
        others = Viewer("others", frozenset(ROLES) - spec.roles)
        for viewer in (others, Viewer("nobody", frozenset(ROLES), may_change=frozenset())):
            async with console.browser(viewer) as browser:
                assert (await console.post(browser, spec.path)).status_code == 403, spec.id
    assert written.records == []


async def test_a_form_that_came_from_no_page_of_its_reader_does_nothing(
    console: SignedInConsole, written: Written
) -> None:
    own, evil = {"Origin": ORIGIN}, {"Origin": "https://evil.test"}
    async with console.browser(ADA) as browser:
        found = await console.sessions.find(browser.cookies[COOKIE], NOW)
        assert found is not None
        token = {"csrf": found.session.csrf}
        for path in sorted({*(spec.path for spec in ACT_SPECS), *CHANGE_NOTHING}):
            for said, headers in (({}, own), ({"csrf": "x" * 43}, own), (token, evil), (token, {})):
                form = {**said, "once": "a-key-of-a-form-0001", "theme": "dark"}
                assert (await browser.post(path, data=form, headers=headers)).status_code == 403, path
        assert (await browser.get("/people")).status_code == 200
        assert (await browser.get("/signin", headers={"Host": "rebound.test"})).status_code == 421
    assert written.records == []


async def test_a_session_is_in_a_cookie_that_no_script_reads_and_over_once_it_is_signed_out(
    console: SignedInConsole,
) -> None:
    console.people["ada"] = Person(ADA, hashlib.sha256(b"secret").digest())
    transport = httpx.ASGITransport(console.app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as browser:
        form = {"csrf": (await browser.get("/signin")).cookies[FORM_COOKIE]}
        wrong = await browser.post("/signin", data={**form, "token": "guess"})
        assert (wrong.status_code, "Nobody has this token" in wrong.text) == (403, True)
        answer = await browser.post("/signin", data={**form, "token": "secret"})
        [cookie] = [each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{COOKIE}=")]
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= {*cookie.split("; ")}
        session = browser.cookies[COOKIE]
        assert (await browser.get("/people")).status_code == 200
        await console.post(browser, "/signout")
        browser.cookies.set(COOKIE, session)
        assert (await browser.get("/people")).headers["location"] == "/signin"


@pytest.mark.parametrize("path", ["/people", "/signin"])
async def test_without_redis_nobody_signs_in_or_is_shown_anything(tmp_path: Path, path: str) -> None:
    console = SignedInConsole(Redis(port=1), tmp_path)
    console.people["ada"] = Person(ADA, hashlib.sha256(b"secret").digest())
    transport = httpx.ASGITransport(console.app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as browser:
        browser.cookies.set(COOKIE, "a-session")
        browser.cookies.set(FORM_COOKIE, "x")
        answer = await browser.post(path, data={"csrf": "x", "token": "secret"})
    assert (answer.status_code, "Redis does not answer" in answer.text) == (503, True)


class DemoConsole(SignedInConsole):
    """A console with the accounts of the demo."""

    switch_to = tuple((part.name, part.label) for part in CAST)


@pytest.mark.parametrize(
    ("language", "called", "ordered"),
    [("en", "Everybody", "Ordered by Everybody at"), ("fr", "Tout le monde", "Ordre de Tout le monde")],
)
async def test_an_account_of_the_demo_is_called_as_the_reader_says(
    redis_client: Redis, tmp_path: Path, language: Language, called: str, ordered: str
) -> None:
    path = tmp_path / "desk.sqlite"
    writer = DeskWriter(Desk.create(path), Limits())
    writer.write([record(CAMPAIGN_HOLDS, "held", {"at": "2012-11-07T00:00:00.000Z", "by": "console/everybody"})], ())
    writer.desk.close()
    await redis_client.hset(position_key(0, CAMPAIGN_HOLDS), mapping={"topic_id": "t", "offset": "1"})
    await redis_client.hset(HOLDS, "held", str(NOW + 3_600_000))
    console = DemoConsole(redis_client, tmp_path, DeskReader(path))
    page = await page_of(console, "/campaigns/held", Viewer(CAST[0].name, frozenset({"sending"}), language=language))
    assert f"<summary>{called}</summary>" in page
    assert ordered in page


async def test_every_other_account_is_called_by_its_name(console: SignedInConsole) -> None:
    page = await page_of(console, "/people", Viewer("everybody", frozenset({"privacy"}), language="fr"))
    assert "<summary>everybody</summary>" in page


STOP = {"at": "2012-11-01T00:00:00Z", "reason": "suppressed", "source": "desk/zoe", "id": "1"}
STOPPED, OTHER = (
    orjson.dumps({"zones": {"region": None}, "stops": {"senders": {}, "lists": {}, **stop}, "counts": {}})
    for stop in ({"all": STOP}, {})
)
ZOE = Viewer("zoe", frozenset({"privacy"}))
OF_OHIO = Viewer("otto", frozenset({"privacy"}), Scope(regions=frozenset({"US-OH"})))


class Watched(NamedTuple):
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
async def desk(redis_client: Redis, redis_server: RedisServer, tmp_path: Path) -> Watched:
    """Two people are known; all contact with `van.1` is stopped."""
    people = [ContactChange(id_, 1, said, None, None) for id_, said in (("van.1", STOPPED), ("van.2", OTHER))]
    await fill_people(redis_server, *people)
    written = Written()
    return Watched(SignedInConsole(redis_client, tmp_path, audit=written), written)


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
    desk: Watched, viewer: Viewer, path: str, form: Mapping[str, str], told: tuple[int, str]
) -> None:
    status, outcome = told
    assert await desk.send(viewer, path, form) == status
    name = form["contact"]
    written = unknown_name(name, desk.console.deps.settings.hasher) if outcome == "unknown" else name
    assert desk.looks() == [(viewer.name, "called", written, outcome)]


@pytest.mark.parametrize("form", [{"because": "asked", "until": "yesterday"}, {"because": "whim"}])
async def test_a_form_with_a_mistake_tells_nothing_of_anybody(desk: Watched, form: Mapping[str, str]) -> None:
    for contact in ("van.1", "van.9"):
        assert await desk.send(ZOE, "/people/suppress", {"contact": contact, **form}) == 422
    assert desk.written.records == []


async def test_nobody_is_told_how_somebody_stands_where_that_cannot_be_written_down(desk: Watched) -> None:
    desk.written.is_away = True
    form = {"contact": "van.1", "because": "asked", "until": "2030-01-01"}
    assert await desk.send(ZOE, "/people/suppress", form) == 503
    async with desk.console.browser(ZOE) as browser:
        found = await desk.console.post(browser, "/people", who="van.1", reason="called")
        page = await browser.get("/people/van.1")
    assert [found.status_code, page.status_code] == [503, 503]
    assert "Kafka cannot write down who looked" in page.text


async def test_what_is_done_is_written_down_as_what_it_is_and_is_no_look_besides(desk: Watched) -> None:
    await desk.send(ZOE, "/people/unsuppress", {"contact": "van.1"})
    assert [record["what"] for record in desk.written.records] == ["unsuppress"]
    assert desk.looks() == []


async def test_the_page_that_an_act_leads_to_says_at_its_top_what_was_done_while_that_is_so(
    desk: Watched,
) -> None:
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


SENDER = Viewer("ada", frozenset({"sending"}))


async def test_the_page_of_a_campaign_and_its_stream_and_hold_say_what_they_lack(
    redis_client: Redis, tmp_path: Path
) -> None:
    console = SignedInConsole(redis_client, tmp_path)
    async with console.browser(SENDER) as browser:
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
    async with console.browser(SENDER) as browser:
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
