"""`/send`: what the page says of a list while it is reserved, of a name that may be misspelled, and of a mistake."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from sinks.keys import reserved_list_key
from sinks.reservations import Reservations
from streams.services.console.rights import Viewer
from streams.services.console.sendings import Question, Sending, Sendings
from tests.contract.console.signed_in_console import SignedInConsole, Written

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
