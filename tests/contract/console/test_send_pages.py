"""The pages of sendings and of dead letters."""

import asyncio
import re
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from sinks.keys import reserved_list_key
from sinks.reservations import Reservations
from streams.services.console.desk_access import DeskReader
from streams.services.console.jobs import Jobs
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from streams.services.console.sendings import Question, Sending, Sendings
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written

ADA = Viewer("ada", frozenset({"sending"}))
ASKED = Question("letter", "informational", "digtal")
RESERVES = Question("letter", "informational", "digtal", reserve_s=7_200)
JUDGES = """import json, pathlib, sys, time
sys.stdout.write("email\\na@example.org\\nb@example.org\\n")
sys.stdout.flush()
go_on = pathlib.Path(sys.argv[1])
while "--reserve=7200" in sys.argv and not go_on.exists():
    time.sleep(0.01)
sys.stdout.write("c@example.org\\n")
remarks = ["--team: nothing was heard of digtal of late, and of digital there was: is that the one?"]
told = {"rows": 3, "complete": True, "reasons": {"allow:ok": 3}, "remarks": remarks}
sys.stderr.write(json.dumps(told))
"""
"""In place of `harmonia permit`: two rows are judged at once, and where it reserves the third once a file is there."""
REFUSES = "import sys; sys.stderr.write(sys.argv[1]); sys.exit(2)"
MISTAKE = (
    "the column 'emial' is nearly 'email' and would not be read: correct its name, or give it another one if it names "
    "nobody"
)


@pytest.fixture
async def console(redis_client: Redis, tmp_path: Path) -> AsyncIterator[SignedInConsole]:
    found = SignedInConsole(redis_client, tmp_path)
    yield found
    await found.deps.sendings.stop()


def judged_by(console: SignedInConsole, script: str, argument: str) -> Sendings:
    found = Sendings((sys.executable, "-c", script, argument))
    console.use(sendings=found)
    return found


async def judged(sendings: Sendings) -> Sending:
    upload = tempfile.TemporaryFile("w+b")  # noqa: SIM115 (its owner closes it)
    upload.write(b"email\na@example.org\nb@example.org\nc@example.org\n")
    assert await sendings.begin("ada", upload, ASKED)
    return await ended(sendings)


async def ended(sendings: Sendings) -> Sending:
    found = sendings.of("ada")
    assert found is not None
    assert found.task is not None
    await found.task
    return found


async def reserved(console: SignedInConsole, one: Sending) -> None:
    """Judge a list again, in place of a `harmonia permit` that reserves."""
    sendings = console.deps.sendings
    assert await sendings.begin("ada", one.upload, RESERVES)
    await console.deps.redis.sadd(reserved_list_key((await ended(sendings)).list_id), "a:letter", "b:letter")


async def page(console: SignedInConsole, language: str = "en", path: str = "/send") -> str:
    viewer = Viewer("ada", ADA.roles, language="fr" if language == "fr" else "en")
    async with console.browser(viewer) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200
    return answer.text.partition("<main")[2]


async def test_a_team_that_may_be_misspelled_is_remarked_before_and_after_people_are_reserved_for_it(
    console: SignedInConsole, tmp_path: Path
) -> None:
    sendings = judged_by(console, JUDGES, str(tmp_path / "go on"))
    one = await judged(sendings)
    text = await page(console)
    assert "Nothing was heard of digtal of late, and of digital there was: is that the one?" in text
    assert "before anybody is reserved" in text
    assert "mais de digital oui" in await page(console, "fr")
    (tmp_path / "go on").touch()
    await reserved(console, one)
    text = await page(console)
    assert "reserved for digtal until" in text
    assert "of digital there was: is that the one?" in text
    assert "before anybody is reserved" not in text


async def test_figures_are_under_the_name_of_their_list_also_where_a_segment_is_asked_about(
    console: SignedInConsole, tmp_path: Path
) -> None:
    sendings = judged_by(console, JUDGES, str(tmp_path / "go on"))
    one = await judged(sendings)
    text = await page(console, path="/send?segment=donors")
    assert "Your list of " in text
    places = [text.index(each) for each in ("Your list of ", "3 of 3 may be reached now", "Of the members of donors")]
    assert places == sorted(places)
    assert "Votre liste de " in await page(console, "fr")
    assert await sendings.begin("ada", one.upload, replace(ASKED, segment="hosts"))
    await ended(sendings)
    text = await page(console, path="/send?segment=donors")
    assert "Members of hosts, as of " in text
    assert "Your list of " not in text


async def test_while_people_are_reserved_it_says_for_whom_and_how_many(
    console: SignedInConsole, tmp_path: Path
) -> None:
    sendings = judged_by(console, JUDGES, str(tmp_path / "go on"))
    one = await judged(sendings)
    assert await sendings.begin("ada", one.upload, RESERVES)
    async with asyncio.timeout(60):
        while "Being reserved for digtal: 2 of 3." not in (text := await page(console)):
            assert "Being reserved for digtal: 0 of 3." in text
    assert "It is being judged" not in text
    assert "2 sur 3" in await page(console, "fr")
    (tmp_path / "go on").touch()
    await console.deps.redis.sadd(reserved_list_key((await ended(sendings)).list_id), "a:letter")
    assert "reserved for digtal until" in await page(console)


async def test_a_list_that_a_command_has_given_back_is_said_to_be_and_can_be_reserved_again(
    console: SignedInConsole, tmp_path: Path
) -> None:
    (tmp_path / "go on").touch()
    one = await judged(judged_by(console, JUDGES, str(tmp_path / "go on")))
    await reserved(console, one)
    assert 'href="/send/reserve"' not in await page(console)
    kept = console.deps.sendings.of("ada")
    assert kept is not None
    await Reservations(console.deps.redis).release_list(kept.list_id)
    async with console.browser(ADA) as browser:
        assert (await browser.get("/send/reserve")).status_code == 200  # also where the list was not looked at since
    text = await page(console)
    assert "digtal until" not in text
    assert "were given back" in text
    assert 'href="/send/reserve"' in text
    assert "ont été libérées" in await page(console, "fr")


async def test_the_mistake_of_a_list_that_cannot_be_judged_stands_first_and_nobody_was_judged(
    console: SignedInConsole,
) -> None:
    await judged(judged_by(console, REFUSES, MISTAKE))
    text = await page(console)
    assert text.index("is nearly") < text.index("Nobody was judged.")
    assert "to its end" not in text


@pytest.mark.parametrize(
    ("caller", "channel", "automatic"),
    [
        ({}, "phone", None),
        ({"caller": "live"}, "phone", False),
        ({"caller": "machine"}, "phone", True),
        ({"caller": "machine"}, "text", None),
    ],
)
async def test_who_speaks_on_calls_is_asked_as_it_was_said_and_taken_for_nothing_where_it_was_not(
    redis_client: Redis, tmp_path: Path, caller: dict[str, str], channel: str, automatic: bool | None
) -> None:
    console = SignedInConsole(redis_client, tmp_path, audit=Written())
    (tmp_path / "go on").touch()
    sendings = judged_by(console, JUDGES, str(tmp_path / "go on"))
    await judged(sendings)
    said = {"channel": channel, "purpose": "informational", "team": "digital", **caller}
    async with console.browser(ADA) as browser:
        assert (await console.post(browser, "/send/judge", **said)).status_code == 303
        assert (await ended(sendings)).question.automatic is automatic
        text = (await browser.get("/send")).text
    await sendings.stop()
    marks = {value: f'value="{value}" checked>' in text for value in ("live", "machine")}
    assert marks == {"live": automatic is False, "machine": automatic is True}


OPERATIONS: frozenset[Role] = frozenset({"operations"})
OLGA = Viewer("olga", OPERATIONS)
MAPPING = '[rename]\ndata.sum = "data.amount"\n'
REHEARSED = (
    '{"run": "r", "mapping": "m", "matched": 3, "sent": [{"topic": "donation-events", "type": "donation.made", '
    '"count": 2}], "refused": [], "left": {"requeued": 1}, "came_back": 0, "stopped": null, "contacts": 2}'
)


@pytest.fixture
def without_kafka(evening: SignedInConsole) -> SignedInConsole:
    """Whose commands find no Kafka."""
    evening.use(jobs=Jobs(lambda: NOW, (sys.executable, "-c", "import sys; sys.exit('Kafka does not answer')")))
    return evening


def answers(without_kafka: SignedInConsole, text: str) -> None:
    """Let the command that is run in a child process print a text."""
    without_kafka.use(jobs=Jobs(lambda: NOW, (sys.executable, "-c", f"print({text!r})")))


async def settled(without_kafka: SignedInConsole, path: str) -> None:
    """Wait until the job of a page has ended."""
    job = without_kafka.deps.jobs.find(path.rpartition("/")[2], "letters")
    assert job is not None
    assert job.task is not None
    await asyncio.gather(job.task, return_exceptions=True)


async def test_causes_are_listed_and_lead_to_a_page_and_only_the_role_sees_them(
    without_kafka: SignedInConsole,
) -> None:
    answers(without_kafka, '{"letters": 3, "unreadable": 0, "left_out": 0, "fields": []}')
    async with without_kafka.browser(OLGA) as browser:
        page = await browser.get("/letters")
        assert re.search(r"data\.amount · .*give a whole number", page.text)
        assert 'href="/letters/causes/1"' in page.text
        one = await browser.get("/letters/causes/1")
        assert (one.status_code, (await browser.get("/letters/causes/99")).status_code) == (200, 404)
        assert "Rehearse, and send nothing" in one.text
    async with without_kafka.browser(Viewer("ada", frozenset({"figures"}))) as browser:
        assert (await without_kafka.post(browser, "/letters/rehearse", cause="1")).status_code == 403
    async with without_kafka.browser(Viewer("part", OPERATIONS, Scope(regions=frozenset({"US-OH"})))) as browser:
        assert "data.amount" not in (await browser.get("/letters")).text
        assert (await browser.get("/letters/causes/1")).status_code == 404
        assert (await without_kafka.post(browser, "/letters/rehearse", cause="1")).status_code == 404


async def test_what_was_rehearsed_is_sent_by_whoever_rehearsed_it_and_nothing_else_is(
    without_kafka: SignedInConsole, written: Written
) -> None:
    answers(without_kafka, REHEARSED)
    async with without_kafka.browser(OLGA) as browser:
        path = (await without_kafka.post(browser, "/letters/rehearse", cause="1", mapping=MAPPING)).headers["location"]
        await settled(without_kafka, path)
        job = path.rpartition("/")[2]
        sent = (await without_kafka.post(browser, "/letters/requeue", job=job)).headers["location"]
        await settled(without_kafka, sent)
        again = await without_kafka.post(browser, "/letters/requeue", job=sent.rpartition("/")[2])
        assert (again.status_code, "Rehearse it first" in again.text) == (409, True)
        assert (await without_kafka.post(browser, "/letters/release", job=job)).status_code == 409
    assert [record["what"] for record in written.records] == ["requeue"]
    async with without_kafka.browser(Viewer("otto", OPERATIONS)) as browser:
        assert (await browser.get(path)).status_code == 404
        assert (await without_kafka.post(browser, "/letters/requeue", job=job)).status_code == 409


async def test_what_is_sent_is_what_was_rehearsed_also_where_the_desk_was_filled_anew_meanwhile(
    without_kafka: SignedInConsole, written: Written, tmp_path: Path
) -> None:
    answers(without_kafka, REHEARSED)
    async with without_kafka.browser(OLGA) as browser:
        path = (await without_kafka.post(browser, "/letters/rehearse", cause="1", mapping=MAPPING)).headers["location"]
        await settled(without_kafka, path)
        with sqlite3.connect(tmp_path / "desk.sqlite") as desk:
            desk.execute("UPDATE causes SET reason = 'stale' WHERE cause = 1")
        without_kafka.use(desk=DeskReader(tmp_path / "desk.sqlite"))
        sent = await without_kafka.post(browser, "/letters/requeue", job=path.rpartition("/")[2])
    rehearsed, sending = (
        without_kafka.deps.jobs.find(each.rpartition("/")[2], "letters") for each in (path, sent.headers["location"])
    )
    assert rehearsed is not None
    assert sending is not None
    assert "--reason=invalid_data" in sending.words
    assert [*rehearsed.words[4:]] == [*sending.words[3:]]
    assert ("--dry-run" in sending.words, sending.words[2], sending.stdin) == (False, "--progress", rehearsed.stdin)
    assert [record["detail"].partition(" of ")[0] for record in written.records] == ["cause invalid_data"]


@pytest.mark.parametrize("cause", ["9" * 25, "١", "0x1"])
async def test_a_cause_that_no_desk_can_have_is_none(without_kafka: SignedInConsole, cause: str) -> None:
    async with without_kafka.browser(OLGA) as browser:
        assert (await without_kafka.post(browser, "/letters/rehearse", cause=cause)).status_code == 404


async def test_nothing_is_sent_where_it_cannot_be_written_down_or_the_console_does_not_allow_it(
    without_kafka: SignedInConsole, written: Written
) -> None:
    answers(without_kafka, REHEARSED)
    written.is_away = True
    async with without_kafka.browser(OLGA) as browser:
        path = (await without_kafka.post(browser, "/letters/rehearse", cause="1")).headers["location"]
        await settled(without_kafka, path)
        page = await without_kafka.post(browser, "/letters/requeue", job=path.rpartition("/")[2])
    assert (page.status_code, "nothing was sent" in page.text) == (503, True)
    async with without_kafka.browser(Viewer("olga", OPERATIONS, may_change=frozenset())) as browser:
        shown = (await browser.get(path)).text
        assert "Send 2 records" not in shown
        assert "The settings of this console allow it to nobody." in shown
        assert "None of your roles may do this" not in shown
        assert "HARMONIA_CONSOLE_MAY" not in shown
        assert "needs what operators have" in shown
        assert (await without_kafka.post(browser, "/letters/requeue", job=path.rpartition("/")[2])).status_code == 403


async def test_where_kafka_goes_away_the_page_says_that_it_broke_off_and_how_it_goes_on(
    without_kafka: SignedInConsole, written: Written
) -> None:
    told = f"import sys; print({REHEARSED!r}) if '--dry-run' in sys.argv else sys.exit('Kafka does not answer')"
    async with without_kafka.browser(OLGA) as browser:
        path = (await without_kafka.post(browser, "/letters/rehearse", cause="1", mapping=MAPPING)).headers["location"]
        await settled(without_kafka, path)
        page = (await browser.get(path)).text
        assert "It broke off" in page
        assert "Nothing was sent." in page
        without_kafka.use(jobs=Jobs(lambda: NOW, (sys.executable, "-c", told)))
        path = (await without_kafka.post(browser, "/letters/rehearse", cause="1")).headers["location"]
        await settled(without_kafka, path)
        sent = await without_kafka.post(browser, "/letters/requeue", job=path.rpartition("/")[2])
        await settled(without_kafka, sent.headers["location"])
        page = (await browser.get(sent.headers["location"])).text
    assert "It broke off" in page
    assert "What was sent until then is noted, and is not sent twice" in page
    assert [record["what"] for record in written.records] == ["requeue"]
