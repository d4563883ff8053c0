"""The pages of the policy and of holds."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from events.outputs import AuditRecord
from events.topics import CAMPAIGN_HOLDS
from sinks.keys import HOLDS, position_key
from streams.domain.pressure import Policy, default_policy_text, read_policy
from streams.platform.policy_file import CurrentPolicy
from streams.platform.published_policies import name_of
from streams.services.console.acting import campaigns
from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader
from streams.services.console.jobs import Jobs
from streams.services.console.rights import EVERYTHING, Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written, page_of
from tests.contract.redis_server import RedisServer

SENDING: frozenset[Role] = frozenset({"sending"})
DINA, DORA = Viewer("dina", SENDING), Viewer("dora", SENDING)
FIRST = default_policy_text()
SECOND = FIRST.replace('{ window = "1d", at_most = 3 }', '{ window = "1d", at_most = 2 }')
THIRD = FIRST.replace('{ window = "1d", at_most = 3 }', '{ window = "1d", at_most = 1 }')
BACKTESTED = (
    '{"policies": {"new": "a", "old": "b"}, "sends": 30, "linked": true, "cells": ['
    '{"policy": "new", "by": "all", "value": "", "decision": "deny", "touches": 12, "people": 3},'
    '{"policy": "old", "by": "all", "value": "", "decision": "deny", "touches": 10, "people": 3},'
    '{"policy": "new", "by": "reason", "value": "hours", "decision": "defer", "touches": 7, "people": 3}]}'
)


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(FIRST)
    return path


@pytest.fixture
async def console(redis_client: Redis, tmp_path: Path, written: Written, file: Path) -> AsyncIterator[SignedInConsole]:
    found = SignedInConsole(redis_client, tmp_path, audit=written)
    ticks = iter(range(NOW, NOW + 10**9, 2_000))
    current = CurrentPolicy(file, "us", lambda: next(ticks), lambda _: None, lambda *_: None)
    found.judge_by(current.now)
    found.use(settings=found.deps.settings.model_copy(update={"policy": file, "lake": "x"}))
    yield found
    await found.deps.jobs.stop()


def text_of(file: Path) -> str:
    return file.read_text()


async def based_on(browser: httpx.AsyncClient) -> str:
    """The mark in the form of a draft."""
    page = await browser.get("/policy/draft")
    mark = re.search(r'name="based_on" value="([0-9a-f]+)"', page.text)
    assert mark is not None
    return mark[1]


async def test_each_policy_that_was_published_has_a_page_and_can_be_taken_back(
    console: SignedInConsole, file: Path
) -> None:
    async with console.browser(DINA) as browser:
        for text in (SECOND, THIRD):
            await console.post(browser, "/policy/publish", text=text, based_on=await based_on(browser))
        page = await browser.get("/policy")
        name, first = re.findall(r'href="/policy/published/([^"]+)"', page.text)
        assert "Written by hand at" in (await browser.get(f"/policy/published/{first}")).text
        assert "at_most = 2" in (await browser.get(f"/policy/published/{name}")).text
        back = await console.post(browser, "/policy/roll-back", name=name, based_on=await based_on(browser))
        assert back.headers["location"] == "/policy"
    assert text_of(file) == SECOND


async def test_nothing_is_published_unwritten_down_or_by_who_may_not_or_where_it_cannot_be_written(
    console: SignedInConsole, written: Written, file: Path
) -> None:
    async with console.browser(DINA) as browser:
        mark = await based_on(browser)
        written.is_away = True
        assert (await console.post(browser, "/policy/publish", text=SECOND, based_on=mark)).status_code == 503
        written.is_away = False
        file.with_name("policy.toml.published").write_text("no folder")
        page = await console.post(browser, "/policy/publish", text=SECOND, based_on=mark)
        assert (page.status_code, "The file cannot be written" in page.text) == (503, True)
    nobody = Viewer("no", SENDING, may_change=frozenset())
    lacks = {Viewer("ada", frozenset({"figures"})): "None of your roles", nobody: "The settings of this console"}
    for viewer, lack in lacks.items():
        async with console.browser(viewer) as browser:
            assert lack in (await console.post(browser, "/policy/check", text=SECOND, based_on=mark)).text
    async with console.browser(Viewer("part", SENDING, Scope(teams=frozenset({"digital"})))) as browser:
        assert (await console.post(browser, "/policy/publish", text=SECOND, based_on=mark)).status_code == 404
    assert text_of(file) == FIRST


async def test_what_is_published_and_not_on_the_list_is_told_as_such(console: SignedInConsole, file: Path) -> None:
    policy = read_policy(SECOND)
    assert isinstance(policy, Policy)
    record = f"{name_of(NOW, policy.version)}.json"
    (file.with_name("policy.toml.published") / record / "in the way").mkdir(parents=True)
    async with console.browser(DINA) as browser:
        page = await console.post(browser, "/policy/publish", text=SECOND, based_on=await based_on(browser))
    assert (page.status_code, "Published, and not on the list" in page.text) == (503, True)
    assert text_of(file) == SECOND


async def test_a_backtest_is_run_beside_the_page_and_leads_back_to_the_draft(console: SignedInConsole) -> None:
    command = (sys.executable, "-c", f"import sys; assert 'at_most = 2' in sys.stdin.read(); print({BACKTESTED!r})")
    console.use(jobs=Jobs(lambda: NOW, command))
    async with console.browser(DINA) as browser:
        mark = await based_on(browser)
        path = (await console.post(browser, "/policy/backtest", text=SECOND, based_on=mark)).headers["location"]
        job = console.deps.jobs.find(path.rpartition("/")[2], "backtest")
        assert job is not None
        assert job.task is not None
        await asyncio.gather(job.task, return_exceptions=True)
        page = await browser.get(path)
    assert "30 messages, calls and visits of the past were asked about." in page.text
    assert "Back to the draft" in page.text
    assert mark in page.text
    async with console.browser(DORA) as browser:
        assert (await browser.get(path)).status_code == 404


OF_ONE_TEAM = Scope(teams=frozenset({"digital"}))


@pytest.fixture
async def unheard(redis_client: Redis, tmp_path: Path) -> SignedInConsole:
    """With a desk that has heard of nothing, and a hold of a campaign until an hour from now."""
    Desk.create(tmp_path / "desk.sqlite").close()
    await redis_client.hset(position_key(0, CAMPAIGN_HOLDS), mapping={"topic_id": "t", "offset": "1"})
    await redis_client.hset(HOLDS, "held", str(NOW + 3_600_000))
    return SignedInConsole(redis_client, tmp_path, DeskReader(tmp_path / "desk.sqlite"))


async def refused(unheard: SignedInConsole, scope: Scope, campaign: str, act: str = "hold") -> str:
    """What is said in place of holding it, in the language of the reader."""
    async with unheard.browser(Viewer("ada", SENDING, scope)) as browser:
        answer = await unheard.post(browser, f"/campaigns/{act}", campaign=campaign)
    assert answer.status_code == 404
    return answer.text


@pytest.mark.parametrize("act", ["hold", "lift"])
async def test_who_sees_every_team_is_told_how_it_can_be_held_all_the_same(unheard: SignedInConsole, act: str) -> None:
    text = await refused(unheard, EVERYTHING, "new-1", act)
    assert "Nothing was heard of this campaign" in text
    assert "Whoever operates Harmonia can" in text


@pytest.mark.parametrize("campaign", ["new-1", "held"])
async def test_who_sees_one_team_is_told_the_same_whether_others_hold_it_or_it_is_unknown(
    unheard: SignedInConsole, campaign: str
) -> None:
    text = await refused(unheard, OF_ONE_TEAM, campaign)
    assert "Nothing was heard of this campaign, or it is not yours" in text
    assert "--anyway" not in text


async def test_the_page_of_a_hold_that_ends_by_itself_offers_one_that_does_not(
    unheard: SignedInConsole,
) -> None:
    async with unheard.browser(Viewer("ada", SENDING)) as browser:
        page = await browser.get("/campaigns/held")
    assert page.status_code == 200
    assert 'href="/hold/held"' in page.text
    assert "It may reach nobody until " in page.text
    assert "Hold until it is lifted" in page.text
    assert "until the hold is lifted" not in page.text
    of_nobody = Viewer("no", SENDING, may_change=frozenset())
    assert 'href="/hold/' not in await page_of(unheard, "/campaigns/held", of_nobody)


class DiesOnceWritten(Written):
    """Redis dies as soon as an act is written down."""

    def __init__(self, server: RedisServer) -> None:
        super().__init__()
        self._server = server

    async def write(self, record: AuditRecord) -> None:
        await super().write(record)
        self._server.kill()


async def _reachable(*_: object) -> None:
    """Kafka answers; nothing gets as far as to be sent."""


async def test_where_redis_dies_before_an_order_is_sent_it_is_told_that_nothing_was(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "kept_from_sending", _reachable)
    Desk.create(tmp_path / "desk.sqlite").close()
    await redis_client.hset(position_key(0, CAMPAIGN_HOLDS), mapping={"topic_id": "t", "offset": "1"})
    await redis_client.hset(HOLDS, "held", "null")
    audit = DiesOnceWritten(redis_server)
    unheard = SignedInConsole(redis_client, tmp_path, DeskReader(tmp_path / "desk.sqlite"), audit=audit)
    try:
        async with unheard.browser(Viewer("ada", SENDING)) as browser:
            answer = await unheard.post(browser, "/campaigns/lift", campaign="held")
    finally:
        redis_server.start()
    assert (answer.status_code, len(audit.records)) == (503, 1)
    assert "Nothing was done" in answer.text
    assert "nothing was sent" in answer.text
