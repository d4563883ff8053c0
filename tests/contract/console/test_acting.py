"""Acts of the console."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import Response
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from events.console_acts import ConsoleAct
from sinks.base import SinkUnavailable
from streams.services.console.acting import once
from streams.services.console.acting.once import LONGEST_ACT_S, Once, name_of
from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.acting.route import routes_of
from streams.services.console.app import ROUTES
from streams.services.console.gate import NotForYou
from streams.services.console.outcomes import BROKEN_OFF, NOT_KNOWN_YET, STILL_RUNNING, Outcome, done, not_done
from streams.services.console.page import PageRefused
from streams.services.console.rights import Viewer
from streams.services.console.views import Audited
from tests.contract.console.signed_in_console import NOW, ORIGIN, SignedInConsole, Written
from tests.contract.redis_server import RedisServer

ADA = Viewer("ada", frozenset({"sending"}))
KEY = "a-key-of-a-form-0001"
NAME = name_of("session", KEY, "hold", {"campaign": "x"})
ON = done("It is on", "Since {n}", "/campaigns", n=1)


class Switch:
    """Something that is put on, and how often it was. `fails`: what happens in its place."""

    def __init__(self, written: Written) -> None:
        self._written = written
        self.times = 0
        self.fails: Exception | None = None
        self.refuses: Exception | Outcome | None = None
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()
        self.let_go.set()
        self.to = "/campaigns"

    async def handler(self, asked: ActRequest) -> Outcome | Ready:
        if isinstance(self.refuses, Exception):
            raise self.refuses
        return self.refuses or Ready(Audited(asked.said["campaign"], detail="on"), self._perform)

    async def _perform(self) -> Outcome:
        assert self._written.records, "it is written down first"
        self.times += 1
        self.begun.set()
        await self.let_go.wait()
        if self.fails is not None:
            raise self.fails
        return done("It is on", "Since {n}", self.to, n=self.times)


@pytest.fixture
async def switch(written: Written) -> Switch:
    return Switch(written)


@pytest.fixture
def console(redis_client: Redis, tmp_path: Path, written: Written, switch: Switch) -> SignedInConsole:
    acts = partial(routes_of, handlers={"hold": switch.handler})
    return SignedInConsole(redis_client, tmp_path, audit=written, routes=(*ROUTES[:-1], acts))


async def test_a_form_that_comes_again_is_done_once_and_answered_as_before(
    console: SignedInConsole, switch: Switch, written: Written
) -> None:
    async with console.browser(ADA) as browser:
        answers = [await console.post(browser, "/campaigns/hold", KEY, campaign="x") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text.partition("<main")[2] for answer in answers}) == 1
    assert "Since 1" in answers[0].text
    assert switch.times == 1
    assert [(record["what"], record["campaign_id"], record["detail"]) for record in written.records] == [
        ("hold", "x", "on")
    ]


async def test_a_button_that_is_clicked_twice_gets_the_one_outcome(console: SignedInConsole, switch: Switch) -> None:
    switch.let_go.clear()
    async with console.browser(ADA) as browser:
        post = partial(console.post, browser, "/campaigns/hold", KEY, campaign="x")
        first, second = asyncio.create_task(post()), asyncio.create_task(post())
        await switch.begun.wait()
        switch.let_go.set()
        answers = await asyncio.gather(first, second)
    assert switch.times == 1
    assert ["Since 1" in answer.text for answer in answers] == [True, True]


@pytest.mark.parametrize(
    "other", [{"once": KEY, "campaign": "y"}, {"once": "a-key-of-a-form-0002", "campaign": "x"}], ids=["fields", "key"]
)
async def test_another_form_is_another_act(console: SignedInConsole, switch: Switch, other: Mapping[str, str]) -> None:
    async with console.browser(ADA) as browser:
        await console.post(browser, "/campaigns/hold", KEY, campaign="x")
        await console.post(browser, "/campaigns/hold", **other)
    assert switch.times == 2


async def test_the_form_of_one_session_is_no_form_of_another(console: SignedInConsole, switch: Switch) -> None:
    for name in ("ada", "bob"):
        async with console.browser(Viewer(name, ADA.roles)) as browser:
            await console.post(browser, "/campaigns/hold", KEY, campaign="x")
    assert switch.times == 2


async def test_nothing_is_done_while_nobody_can_write_it_down(
    console: SignedInConsole, switch: Switch, written: Written
) -> None:
    written.is_away = True
    async with console.browser(ADA) as browser:
        answer = await console.post(browser, "/campaigns/hold", campaign="x y")
    assert (answer.status_code, switch.times) == (503, 0)
    assert "Not done" in answer.text
    assert 'href="/campaigns/x%20y"' in answer.text
    assert "nothing was sent" in answer.text


async def test_what_breaks_off_is_not_to_be_relied_on_and_is_not_done_again_by_itself(
    console: SignedInConsole, switch: Switch
) -> None:
    switch.fails = SinkUnavailable("redis: ConnectionError", 0.1)
    async with console.browser(ADA) as browser:
        answers = [await console.post(browser, "/campaigns/hold", KEY, campaign="x") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert all("Do not rely on it" in answer.text for answer in answers)
    assert switch.times == 1


@pytest.mark.parametrize(
    ("refuses", "told"),
    [
        (not_done("No", "It is locked", status=409), "It is locked"),
        (PageRefused.not_found(), "nothing that you may see"),
        (SinkUnavailable("redis: TimeoutError", 0.1), "Redis does not answer"),
    ],
)
async def test_what_is_refused_is_neither_written_down_nor_done(
    console: SignedInConsole, switch: Switch, written: Written, refuses: Exception | Outcome, told: str
) -> None:
    switch.refuses = refuses
    async with console.browser(ADA) as browser:
        answer = await console.post(browser, "/campaigns/hold", campaign="x")
    assert (switch.times, written.records) == (0, [])
    assert answer.status_code >= 400
    assert told in answer.text


async def test_a_form_that_was_refused_for_want_of_a_right_can_be_sent_once_there_is_one(
    console: SignedInConsole, switch: Switch
) -> None:
    async with console.browser(ADA) as browser:
        signed_in = await console.sessions.find(next(iter(browser.cookies.values())), NOW)
        assert signed_in is not None
        switch.refuses = NotForYou(signed_in)
        assert (await console.post(browser, "/campaigns/hold", KEY, campaign="x")).status_code == 403
        switch.refuses = None
        assert (await console.post(browser, "/campaigns/hold", KEY, campaign="x")).status_code == 200


async def test_a_form_by_which_nothing_was_done_is_tried_anew_when_it_comes_again(
    console: SignedInConsole, switch: Switch, written: Written
) -> None:
    """As the page says: try again in a minute. The button of a draft that "Back" leads to sends the same form."""
    async with console.browser(ADA) as browser:
        post = partial(console.post, browser, "/campaigns/hold", KEY, campaign="x")
        switch.refuses = not_done("Not available now", "Others are waiting", status=503)
        assert "Others are waiting" in (await post()).text
        switch.refuses, written.is_away = None, True
        assert "nothing was sent" in (await post()).text
        written.is_away = False
        assert ["Since 1" in (await post()).text for _ in range(2)] == [True, True]
    assert switch.times == 1


async def test_a_form_without_a_key_came_from_no_page(console: SignedInConsole, switch: Switch) -> None:
    async with console.browser(ADA) as browser:
        signed_in = await console.sessions.find(next(iter(browser.cookies.values())), NOW)
        assert signed_in is not None
        form = {"csrf": signed_in.session.csrf, "campaign": "x"}
        answer = await browser.post("/campaigns/hold", data=form, headers={"Origin": ORIGIN})
    assert (answer.status_code, switch.times) == (403, 0)


async def test_what_was_begun_by_a_console_that_was_killed_is_not_done_again(redis_client: Redis) -> None:
    assert await Once(redis_client).begin(NAME, NOW) is None
    assert await Once(redis_client).begin(NAME, NOW + 1000 * LONGEST_ACT_S + 1) == BROKEN_OFF


class SentAgain(Redis):
    """A client that sends a write again, as one does whose answer was lost on the way."""

    async def set(self, *args: Any, **kwargs: Any) -> Any:
        await super().set(*args, **kwargs)
        return await super().set(*args, **kwargs)


async def test_an_act_whose_beginning_was_sent_twice_to_redis_is_to_be_done(
    redis_client: Redis, redis_server: RedisServer
) -> None:
    async with SentAgain(host="127.0.0.1", port=redis_server.port) as client:
        assert await Once(client).begin(NAME, NOW) is None
    assert await Once(redis_client).begin(NAME, NOW + 1000 * LONGEST_ACT_S + 1) == BROKEN_OFF


@asynccontextmanager
async def impatient(server: RedisServer) -> AsyncIterator[Once]:
    """Acts by way of a client that soon gives up."""
    async with Redis(port=server.port, socket_timeout=0.3, retry=Retry(NoBackoff(), 0)) as client:
        await client.ping()
        yield Once(client)


@asynccontextmanager
async def hanging(server: RedisServer) -> AsyncIterator[None]:
    """Redis takes what it is told in the block, answers nobody, and does it at the end."""
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


async def until_redis_has(client: Redis, name: str) -> None:
    async with asyncio.timeout(30):
        while not await client.exists(name):  # noqa: ASYNC110 (Redis does not tell)
            await asyncio.sleep(0.01)


async def test_an_act_whose_beginning_a_dying_redis_took_is_done_once_when_its_form_comes_again(
    redis_client: Redis, redis_server: RedisServer
) -> None:
    async with impatient(redis_server) as acts:
        async with hanging(redis_server):
            with pytest.raises(SinkUnavailable):
                await acts.begin(NAME, NOW)
        await until_redis_has(redis_client, NAME)
        calls = {asyncio.create_task(acts.begin(NAME, NOW)) for _ in range(2)}
        [first], others = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        assert first.result() is None
        await acts.ended(NAME, NOW, ON)
        assert [await each for each in others] == [ON]
        assert await acts.begin(NAME, NOW) == ON


async def test_what_became_of_an_act_is_told_though_redis_was_away_when_it_ended(
    redis_client: Redis, redis_server: RedisServer
) -> None:
    async with impatient(redis_server) as acts:
        assert await acts.begin(NAME, NOW) is None
        begun = await redis_client.get(NAME)
        redis_server.kill()
        try:
            await acts.ended(NAME, NOW, ON)
        finally:
            redis_server.start()
        assert await redis_client.get(NAME) == begun
        assert await acts.begin(NAME, NOW) == ON


async def test_an_act_that_nobody_did_is_to_be_done_though_redis_was_away_when_that_was_seen(
    redis_client: Redis, redis_server: RedisServer
) -> None:
    async with impatient(redis_server) as acts:
        assert await acts.begin(NAME, NOW) is None
        async with hanging(redis_server):
            await acts.forget(NAME)
        assert await acts.begin(NAME, NOW) is None
        await acts.ended(NAME, NOW, ON)
        assert await acts.begin(NAME, NOW) == ON


async def test_of_an_act_that_another_console_has_begun_nobody_says_that_it_is_being_done(
    redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "_WAIT_S", 0.01)
    ours, before = Once(redis_client), Once(redis_client)
    assert await before.begin(NAME, NOW) is None
    assert (await before.begin(NAME, NOW), await ours.begin(NAME, NOW)) == (STILL_RUNNING, NOT_KNOWN_YET)


async def test_redis_has_no_field_of_a_form_and_its_outcome_leads_back_all_the_same(
    console: SignedInConsole, redis_client: Redis, switch: Switch
) -> None:
    switch.to = "/campaigns/secret%3Aone?of=secret%3Aone"
    async with console.browser(ADA) as browser:
        answers = [await console.post(browser, "/campaigns/hold", KEY, campaign="secret:one") for _ in range(2)]
    keys = [key async for key in redis_client.scan_iter("console:act:*")]
    assert len(keys) == 1
    assert b"secret" not in keys[0] + (await redis_client.get(keys[0]) or b"")
    assert [switch.to in answer.text for answer in answers] == [True, True]


@pytest.mark.parametrize("campaign", ["camp", "a", "%", "100%", "<campaign>"])
async def test_an_outcome_that_is_told_again_leads_where_it_led_the_first_time_whatever_its_subject_is_called(
    console: SignedInConsole, switch: Switch, campaign: str
) -> None:
    switch.to = f"/campaigns/{quote(campaign, safe='')}"
    async with console.browser(ADA) as browser:
        answers = [await console.post(browser, "/campaigns/hold", KEY, campaign=campaign) for _ in range(2)]
    assert [f'href="{switch.to}"' in answer.text for answer in answers] == [True, True]


async def test_an_act_that_a_stopping_console_broke_off_is_not_done_again_by_the_same_form(
    console: SignedInConsole, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "_WAIT_S", 0.01)
    switch.let_go.clear()
    async with console.browser(ADA) as browser:
        post = partial(console.post, browser, "/campaigns/hold", KEY, campaign="x")
        first = asyncio.create_task(post())
        await switch.begun.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        switch.let_go.set()
        answer = await post()
    assert switch.times == 1
    assert "do not rely on it yet" in answer.text


ZOE, YVES = (Viewer(name, frozenset({"privacy"})) for name in ("zoe", "yves"))
ACTS: tuple[ConsoleAct, ...] = ("export", "suppress", "link", "unlink")


class Slow:
    """Acts that do nothing: `slow` ends once it is let go, the others at once. `ended`: which have, in order."""

    def __init__(self, slow: ConsoleAct) -> None:
        self._slow = slow
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()
        self.ended: list[ConsoleAct] = []

    async def handler(self, asked: ActRequest) -> Ready:
        return Ready(Audited(), partial(self._perform, asked.spec.id))

    async def _perform(self, act: ConsoleAct) -> Response:
        if act == self._slow:
            self.begun.set()
            await self.let_go.wait()
        self.ended.append(act)
        return Response("{}")


def console_of(redis: Redis, folder: Path, slow: Slow) -> SignedInConsole:
    acts = partial(routes_of, handlers=dict.fromkeys(ACTS, slow.handler))
    return SignedInConsole(redis, folder, audit=Written(), routes=(*ROUTES[:-1], acts))


async def test_nobody_waits_for_an_export_to_stop_all_contact_with_a_person(
    redis_client: Redis, tmp_path: Path
) -> None:
    slow = Slow("export")
    console = console_of(redis_client, tmp_path, slow)
    async with console.browser(ZOE) as browser:
        export = asyncio.create_task(console.post(browser, "/people/export", contact="van.1"))
        await slow.begun.wait()
        async with asyncio.timeout(30):
            await console.post(browser, "/people/suppress", contact="van.1")
        slow.let_go.set()
        await export
    assert slow.ended == ["suppress", "export"]


@pytest.mark.parametrize("pair", [("van.1", "van.2"), ("van.2", "van.1")], ids=["alike", "turned round"])
async def test_of_two_decisions_about_a_pair_the_second_waits_whichever_is_named_first(
    redis_client: Redis, tmp_path: Path, pair: tuple[str, str]
) -> None:
    slow = Slow("link")
    console = console_of(redis_client, tmp_path, slow)
    async with console.browser(ZOE) as zoe, console.browser(YVES) as yves:
        link = asyncio.create_task(console.post(zoe, "/people/link", one="van.1", other="van.2"))
        await slow.begun.wait()
        unlink = asyncio.create_task(console.post(yves, "/people/unlink", one=pair[0], other=pair[1]))
        for other in ("van.3", "van.4", "van.5"):  # each takes as long, and came later
            await console.post(zoe, "/people/suppress", contact=other)
        slow.let_go.set()
        await asyncio.gather(link, unlink)
    assert slow.ended == ["suppress", "suppress", "suppress", "link", "unlink"]
