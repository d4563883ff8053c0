"""Pages of the policy, of endpoints, of privacy, of the field and of money."""

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

import streams.services.console as room
from streams.domain.pressure import Policy, default_policy_text, read_policy
from streams.platform.policy_file import CurrentPolicy
from streams.platform.published_policies import name_of
from streams.services.console.deliveries_observer import DeliveriesObserver, EndpointsSeen
from streams.services.console.jobs import Jobs
from streams.services.console.pages.money import MONEY
from streams.services.console.rights import EVERYTHING, Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.console.endpoints_seen import endpoints_seen
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written, page_of
from tests.unit.services.console.evening import limiting_policy

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
async def policy_console(
    redis_client: Redis, tmp_path: Path, written: Written, file: Path
) -> AsyncIterator[SignedInConsole]:
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
    policy_console: SignedInConsole, file: Path
) -> None:
    async with policy_console.browser(DINA) as browser:
        for text in (SECOND, THIRD):
            await policy_console.post(browser, "/policy/publish", text=text, based_on=await based_on(browser))
        page = await browser.get("/policy")
        name, first = re.findall(r'href="/policy/published/([^"]+)"', page.text)
        assert "Written by hand at" in (await browser.get(f"/policy/published/{first}")).text
        assert "at_most = 2" in (await browser.get(f"/policy/published/{name}")).text
        back = await policy_console.post(browser, "/policy/roll-back", name=name, based_on=await based_on(browser))
        assert back.headers["location"] == "/policy"
    assert text_of(file) == SECOND


async def test_nothing_is_published_unwritten_down_or_by_who_may_not_or_where_it_cannot_be_written(
    policy_console: SignedInConsole, written: Written, file: Path
) -> None:
    async with policy_console.browser(DINA) as browser:
        mark = await based_on(browser)
        written.is_away = True
        assert (await policy_console.post(browser, "/policy/publish", text=SECOND, based_on=mark)).status_code == 503
        written.is_away = False
        file.with_name("policy.toml.published").write_text("no folder")
        page = await policy_console.post(browser, "/policy/publish", text=SECOND, based_on=mark)
        assert (page.status_code, "The file cannot be written" in page.text) == (503, True)
    nobody = Viewer("no", SENDING, may_change=frozenset())
    lacks = {Viewer("ada", frozenset({"figures"})): "None of your roles", nobody: "The settings of this console"}
    for viewer, lack in lacks.items():
        async with policy_console.browser(viewer) as browser:
            assert lack in (await policy_console.post(browser, "/policy/check", text=SECOND, based_on=mark)).text
    async with policy_console.browser(Viewer("part", SENDING, Scope(teams=frozenset({"digital"})))) as browser:
        assert (await policy_console.post(browser, "/policy/publish", text=SECOND, based_on=mark)).status_code == 404
    assert text_of(file) == FIRST


async def test_what_is_published_and_not_on_the_list_is_told_as_such(
    policy_console: SignedInConsole, file: Path
) -> None:
    policy = read_policy(SECOND)
    assert isinstance(policy, Policy)
    record = f"{name_of(NOW, policy.version)}.json"
    (file.with_name("policy.toml.published") / record / "in the way").mkdir(parents=True)
    async with policy_console.browser(DINA) as browser:
        page = await policy_console.post(browser, "/policy/publish", text=SECOND, based_on=await based_on(browser))
    assert (page.status_code, "Published, and not on the list" in page.text) == (503, True)
    assert text_of(file) == SECOND


async def test_a_backtest_is_run_beside_the_page_and_leads_back_to_the_draft(policy_console: SignedInConsole) -> None:
    command = (sys.executable, "-c", f"import sys; assert 'at_most = 2' in sys.stdin.read(); print({BACKTESTED!r})")
    policy_console.use(jobs=Jobs(lambda: NOW, command))
    async with policy_console.browser(DINA) as browser:
        mark = await based_on(browser)
        path = (await policy_console.post(browser, "/policy/backtest", text=SECOND, based_on=mark)).headers["location"]
        job = policy_console.deps.jobs.find(path.rpartition("/")[2], "backtest")
        assert job is not None
        assert job.task is not None
        await asyncio.gather(job.task, return_exceptions=True)
        page = await browser.get(path)
    assert "30 messages, calls and visits of the past were asked about." in page.text
    assert "Back to the draft" in page.text
    assert mark in page.text
    async with policy_console.browser(DORA) as browser:
        assert (await browser.get(path)).status_code == 404


# `/deliveries` before and after it is known how far endpoints are; tests/browser/snapshots has its texts.
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


# `/privacy`: who sees it, what it counts, and that nobody is named before a reason is given and written down.
PRIVACY: frozenset[Role] = frozenset({"privacy"})
OHIO = Scope(regions=frozenset({"US-OH"}))


async def test_who_sees_a_part_is_told_why_and_gets_no_page_that_names_anybody(evening: SignedInConsole) -> None:
    async with evening.browser(Viewer("ohio", PRIVACY, OHIO)) as browser:
        page = await browser.get("/privacy")
        assert "whoever sees some of these only does not see them" in page.text
        assert "nadia" not in page.text
        for path in ("/privacy/viewers/nadia", "/privacy/people/van.1"):
            assert (await browser.get(path)).status_code == 404


async def test_whom_somebody_looked_at_is_told_after_a_reason_and_never_where_it_cannot_be_written_down(
    evening: SignedInConsole, written: Written
) -> None:
    async with evening.browser(Viewer("zoe", PRIVACY)) as browser:
        first = await browser.get("/privacy/viewers/nadia")
        assert "Why do you look?" in first.text
        assert written.records == []
        assert (await evening.post(browser, "/privacy/reason", viewer="nadia", reason="curious")).status_code == 422
        said = await evening.post(browser, "/privacy/reason", viewer="nadia", reason="rights")
        assert (said.status_code, said.headers["location"]) == (303, "/privacy/viewers/nadia")
        then = await browser.get("/privacy/viewers/nadia")
        [record] = written.records
        named = {answer["contact_id"] for answer in record["answers"]}
        assert named
        assert all(f"/people/{name}" in then.text for name in named)
        assert "They called or wrote" in (await browser.get(f"/privacy/people/{min(named)}")).text
        assert written.records[-1]["answers"][0]["contact_id"] == min(named)
        written.is_away = True
        away, at_one = await browser.get("/privacy/viewers/nadia"), await browser.get(f"/privacy/people/{min(named)}")
    assert at_one.status_code == 503
    assert not [name for name in named for page in (first, away, at_one) if name in page.text.partition("<main")[2]]


# `/field` and its regions: whose scope is one region sees, opens and follows no other.
FINN = Viewer("finn", frozenset({"field"}), Scope(regions=frozenset({"US-OH"})))


async def test_field_director_of_ohio_sees_opens_and_follows_nothing_of_another_state(evening: SignedInConsole) -> None:
    for path in ("/", "/field"):
        page = (await page_of(evening, path, FINN)).partition("<main")[2]
        text = re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL)  # a map names regions of which it shows nothing
        assert "Ohio" in text
        assert not [name for name in ("Pennsylvania", "Nevada", "Wisconsin", "ask-9", "$") if name in text]
    await page_of(evening, "/field/US-OH", FINN)
    await page_of(evening, "/field/US-PA", FINN, 404)
    await page_of(evening, "/events?page=field_region&region=US-PA", FINN, 404)


# `/money`: who nears a limit is told to who may see that, has said why, and whose look is written down.
@pytest.fixture
def money_console(evening: SignedInConsole) -> SignedInConsole:
    """Of an evening whose policy has a limit for the first committee."""
    evening.judge_by(limiting_policy)
    return evening


async def shown(console: SignedInConsole, *roles: Role, reason: str = "task", scope: Scope = EVERYTHING) -> str:
    """The page for somebody, who says why where a reason is given."""
    async with console.browser(Viewer("tess", frozenset(roles), scope)) as browser:
        if reason:
            assert (await console.post(browser, "/money/givers", reason=reason)).status_code == 303
        answer = await browser.get("/money")
    assert answer.status_code == 200
    return answer.text.partition("<main")[2]


async def test_whoever_is_shown_near_a_limit_is_in_the_audit_log_with_the_reason(
    money_console: SignedInConsole, written: Written
) -> None:
    page = await shown(money_console, "treasury")
    assert "over by $100.00" in page
    [record] = written.records
    assert (record["viewer"], record["reason"]) == ("tess", "task")
    named = [answer["contact_id"] for answer in record["answers"]]
    assert len(named) >= 4
    assert all(f">{name}</a>" in page for name in named)


async def test_without_a_reason_or_the_role_nobody_is_named_near_a_limit(
    money_console: SignedInConsole, written: Written
) -> None:
    page = await shown(money_console, "treasury", reason="")
    assert "Why do you look?" in page
    assert "Fewer than ten people" in page
    for nameless in (page, await shown(money_console, "figures", "field", "sending")):
        assert "/people/" not in nameless
        assert "van." not in nameless
    assert not written.records


async def test_where_kafka_does_not_take_the_record_nobody_is_named_near_a_limit(
    money_console: SignedInConsole, written: Written
) -> None:
    written.is_away = True
    assert "/people/" not in await shown(money_console, "treasury")


async def test_treasurer_of_one_committee_sees_no_other(money_console: SignedInConsole) -> None:
    page = await shown(money_console, "treasury", scope=Scope(committees=frozenset({"C00580100"})))
    assert "C00580100" in page
    assert "C00431445" not in page


def test_no_live_block_of_money_names_anybody() -> None:
    live = [block.template for block in MONEY.blocks if block.every_s]
    folder = Path(room.__file__).parent / "templates"
    assert not [name for name in live if "contact_id" in (folder / name).read_text(encoding="utf-8")]
