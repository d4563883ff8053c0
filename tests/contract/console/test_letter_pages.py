"""`/letters`: causes without values, a mapping's mistakes, rehearsals, and what is said where Kafka is away."""

import asyncio
import re
import sqlite3
import sys
from pathlib import Path

import pytest

from streams.services.console.desk_access import DeskReader
from streams.services.console.jobs import Jobs
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written

OPERATIONS: frozenset[Role] = frozenset({"operations"})
OLGA = Viewer("olga", OPERATIONS)
MAPPING = '[rename]\ndata.sum = "data.amount"\n'
REHEARSED = (
    '{"run": "r", "mapping": "m", "matched": 3, "sent": [{"topic": "donation-events", "type": "donation.made", '
    '"count": 2}], "refused": [], "left": {"requeued": 1}, "came_back": 0, "stopped": null, "contacts": 2}'
)


@pytest.fixture
def console(evening: SignedInConsole) -> SignedInConsole:
    """Whose commands find no Kafka."""
    evening.use(jobs=Jobs(lambda: NOW, (sys.executable, "-c", "import sys; sys.exit('Kafka does not answer')")))
    return evening


def answers(console: SignedInConsole, text: str) -> None:
    """Let the command that is run in a child process print a text."""
    console.use(jobs=Jobs(lambda: NOW, (sys.executable, "-c", f"print({text!r})")))


async def settled(console: SignedInConsole, path: str) -> None:
    """Wait until the job of a page has ended."""
    job = console.deps.jobs.find(path.rpartition("/")[2], "letters")
    assert job is not None
    assert job.task is not None
    await asyncio.gather(job.task, return_exceptions=True)


async def test_causes_are_listed_and_lead_to_a_page_and_only_the_role_sees_them(console: SignedInConsole) -> None:
    answers(console, '{"letters": 3, "unreadable": 0, "left_out": 0, "fields": []}')
    async with console.browser(OLGA) as browser:
        page = await browser.get("/letters")
        assert re.search(r"data\.amount · .*give a whole number", page.text)
        assert 'href="/letters/causes/1"' in page.text
        one = await browser.get("/letters/causes/1")
        assert (one.status_code, (await browser.get("/letters/causes/99")).status_code) == (200, 404)
        assert "Rehearse, and send nothing" in one.text
    async with console.browser(Viewer("ada", frozenset({"figures"}))) as browser:
        assert (await console.post(browser, "/letters/rehearse", cause="1")).status_code == 403
    async with console.browser(Viewer("part", OPERATIONS, Scope(regions=frozenset({"US-OH"})))) as browser:
        assert "data.amount" not in (await browser.get("/letters")).text
        assert (await browser.get("/letters/causes/1")).status_code == 404
        assert (await console.post(browser, "/letters/rehearse", cause="1")).status_code == 404


async def test_what_was_rehearsed_is_sent_by_whoever_rehearsed_it_and_nothing_else_is(
    console: SignedInConsole, written: Written
) -> None:
    answers(console, REHEARSED)
    async with console.browser(OLGA) as browser:
        path = (await console.post(browser, "/letters/rehearse", cause="1", mapping=MAPPING)).headers["location"]
        await settled(console, path)
        job = path.rpartition("/")[2]
        sent = (await console.post(browser, "/letters/requeue", job=job)).headers["location"]
        await settled(console, sent)
        again = await console.post(browser, "/letters/requeue", job=sent.rpartition("/")[2])
        assert (again.status_code, "Rehearse it first" in again.text) == (409, True)
        assert (await console.post(browser, "/letters/release", job=job)).status_code == 409
    assert [record["what"] for record in written.records] == ["requeue"]
    async with console.browser(Viewer("otto", OPERATIONS)) as browser:
        assert (await browser.get(path)).status_code == 404
        assert (await console.post(browser, "/letters/requeue", job=job)).status_code == 409


async def test_what_is_sent_is_what_was_rehearsed_also_where_the_desk_was_filled_anew_meanwhile(
    console: SignedInConsole, written: Written, tmp_path: Path
) -> None:
    answers(console, REHEARSED)
    async with console.browser(OLGA) as browser:
        path = (await console.post(browser, "/letters/rehearse", cause="1", mapping=MAPPING)).headers["location"]
        await settled(console, path)
        with sqlite3.connect(tmp_path / "desk.sqlite") as desk:
            desk.execute("UPDATE causes SET reason = 'stale' WHERE cause = 1")
        console.use(desk=DeskReader(tmp_path / "desk.sqlite"))
        sent = await console.post(browser, "/letters/requeue", job=path.rpartition("/")[2])
    rehearsed, sending = (
        console.deps.jobs.find(each.rpartition("/")[2], "letters") for each in (path, sent.headers["location"])
    )
    assert rehearsed is not None
    assert sending is not None
    assert "--reason=invalid_data" in sending.words
    assert [*rehearsed.words[4:]] == [*sending.words[3:]]
    assert ("--dry-run" in sending.words, sending.words[2], sending.stdin) == (False, "--progress", rehearsed.stdin)
    assert [record["detail"].partition(" of ")[0] for record in written.records] == ["cause invalid_data"]


@pytest.mark.parametrize("cause", ["9" * 25, "١", "0x1"])
async def test_a_cause_that_no_desk_can_have_is_none(console: SignedInConsole, cause: str) -> None:
    async with console.browser(OLGA) as browser:
        assert (await console.post(browser, "/letters/rehearse", cause=cause)).status_code == 404


async def test_nothing_is_sent_where_it_cannot_be_written_down_or_the_console_does_not_allow_it(
    console: SignedInConsole, written: Written
) -> None:
    answers(console, REHEARSED)
    written.is_away = True
    async with console.browser(OLGA) as browser:
        path = (await console.post(browser, "/letters/rehearse", cause="1")).headers["location"]
        await settled(console, path)
        page = await console.post(browser, "/letters/requeue", job=path.rpartition("/")[2])
    assert (page.status_code, "nothing was sent" in page.text) == (503, True)
    async with console.browser(Viewer("olga", OPERATIONS, may_change=frozenset())) as browser:
        shown = (await browser.get(path)).text
        assert "Send 2 records" not in shown
        assert "The settings of this console allow it to nobody." in shown
        assert "None of your roles may do this" not in shown
        assert "HARMONIA_CONSOLE_MAY" not in shown
        assert "needs what operators have" in shown
        assert (await console.post(browser, "/letters/requeue", job=path.rpartition("/")[2])).status_code == 403


async def test_where_kafka_goes_away_the_page_says_that_it_broke_off_and_how_it_goes_on(
    console: SignedInConsole, written: Written
) -> None:
    told = f"import sys; print({REHEARSED!r}) if '--dry-run' in sys.argv else sys.exit('Kafka does not answer')"
    async with console.browser(OLGA) as browser:
        path = (await console.post(browser, "/letters/rehearse", cause="1", mapping=MAPPING)).headers["location"]
        await settled(console, path)
        page = (await browser.get(path)).text
        assert "It broke off" in page
        assert "Nothing was sent." in page
        console.use(jobs=Jobs(lambda: NOW, (sys.executable, "-c", told)))
        path = (await console.post(browser, "/letters/rehearse", cause="1")).headers["location"]
        await settled(console, path)
        sent = await console.post(browser, "/letters/requeue", job=path.rpartition("/")[2])
        await settled(console, sent.headers["location"])
        page = (await browser.get(sent.headers["location"])).text
    assert "It broke off" in page
    assert "What was sent until then is noted, and is not sent twice" in page
    assert [record["what"] for record in written.records] == ["requeue"]
