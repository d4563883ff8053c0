"""`/plans` and `/send`: mistakes, what is needed, and what becomes of an experiment and of a list."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio import Redis

from events.experiments import ExperimentDefinition
from sinks.keys import reserved_list_key
from sinks.reservations import Reservations
from streams.domain.experiments.definition_records import definition_version
from streams.services.console.jobs import Job, Jobs
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from streams.services.console.sendings import Question, Sending, Sendings
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written

SENDING: frozenset[Role] = frozenset({"sending"})
DINA = Viewer("dina", SENDING)
PLAN = """[[experiment]]
id = "gotv-ask"
variants = { control = 45, short = 45, long = 10 }
"""
THERE = ExperimentDefinition.model_validate({"id": "door-order", "variants": {"walk": 1, "call": 1}})
DEFINED = b"[" + THERE.model_dump_json(by_alias=True, exclude_none=True).encode() + b"]"
ECHO = """import json, sys
if "definitions" in sys.argv: print({there!r})
elif "--over=none" in sys.argv or "end" in sys.argv:
    print(json.dumps([{{"id": "gotv-ask", "outcome": "new", "fields": [], "recounts": False, "resplits": False}}]))
else: sys.exit("overtaken: gotv-ask: what is defined now is ab12, not none: look at it first")
"""


@pytest.fixture
async def console(redis_client: Redis, tmp_path: Path, written: Written) -> AsyncIterator[SignedInConsole]:
    """With a command that answers as `harmonia experiments` does."""
    found = SignedInConsole(redis_client, tmp_path, audit=written)
    jobs = Jobs(lambda: NOW, (sys.executable, "-c", ECHO.format(there=DEFINED.decode())))
    found.use(jobs=jobs)
    yield found
    await jobs.stop()


async def settled(job: Job | None) -> None:
    assert job is not None
    assert job.task is not None
    await asyncio.gather(job.task, return_exceptions=True)


async def test_a_plan_with_mistakes_is_named_by_its_id_and_without_one_counted_from_one(
    console: SignedInConsole,
) -> None:
    nameless = PLAN.replace("10", '"x"').replace('id = "gotv-ask"\n', "")
    async with console.browser(DINA) as browser:
        page = await console.post(browser, "/experiments/check", text=f"{PLAN}\n{nameless}", usual="20")
    assert "experiment 2: variants.long" in page.text
    assert "experiment 2: id" in page.text
    assert "experiment[" not in page.text.partition('id="mistakes"')[2].partition("</ul>")[0]


@pytest.mark.parametrize("usual", ["20", "20,0"])
async def test_a_plan_says_how_many_people_and_days_each_variant_needs(console: SignedInConsole, usual: str) -> None:
    async with console.browser(DINA) as browser:
        page = await console.post(browser, "/experiments/check", text=PLAN, usual=usual, difference="3", a_day="500")
        nothing = await console.post(browser, "/experiments/check", text=PLAN, usual="20", difference="90")
    for told in ("5,880", "10,290", "11,433", "23", "10,201", "17,851", "32,456", "65"):
        assert f">{told}<" in page.text
    assert "cannot be told" in nothing.text


@pytest.mark.parametrize(
    ("difference", "a_day"), [("1e-17", "500"), ("1e-13", "500"), ("1e-6", "1e-320"), ("3", "1e-40"), ("nan", "inf")]
)
async def test_a_difference_that_nobody_can_find_is_told_as_such(
    console: SignedInConsole, difference: str, a_day: str
) -> None:
    async with console.browser(DINA) as browser:
        said = {"usual": "20", "difference": difference, "a_day": a_day}
        page = await console.post(browser, "/experiments/check", text=PLAN, **said)
    assert page.status_code == 200


@pytest.mark.parametrize("experiment", ["x" * 257, "door\norder", "\x00"])
async def test_what_can_be_no_id_of_an_experiment_is_neither_written_down_nor_run(
    console: SignedInConsole, written: Written, experiment: str
) -> None:
    async with console.browser(DINA) as browser:
        page = await console.post(browser, "/experiments/end", experiment=experiment)
    assert (page.status_code, written.records) == (404, [])


async def test_what_is_defined_is_read_anew_once_somebody_has_changed_it_and_stays_while_it_only_grows_old(
    console: SignedInConsole,
) -> None:
    clock = count(NOW, 1000)
    jobs = Jobs(lambda: next(clock), (sys.executable, "-c", ECHO.format(there=DEFINED.decode())))
    console.use(jobs=jobs)
    async with console.browser(DINA) as browser:

        async def is_known() -> bool:
            checked = await console.post(browser, "/experiments/check", text=PLAN)
            await settled(jobs.latest("definitions", 60_000))
            return "What is defined is not read yet" not in checked.text

        assert [await is_known() for _ in range(2)] == [False, True]
        for _ in range(40):
            next(clock)
        assert await is_known()
        path = (await console.post(browser, "/experiments/end", experiment="door-order")).headers["location"]
        await settled(jobs.find(path.rpartition("/")[2], "experiments"))
        assert [await is_known() for _ in range(2)] == [False, True]
    await jobs.stop()


@pytest.mark.parametrize(
    ("minutes", "is_ended", "is_known"), [(2, False, True), (2, True, False), (10, False, False)], ids=str
)
async def test_a_reading_from_before_a_change_or_of_long_ago_is_not_told_as_what_is_defined(
    console: SignedInConsole, minutes: int, is_ended: bool, is_known: bool
) -> None:
    now = NOW
    jobs = Jobs(lambda: now, (sys.executable, "-c", ECHO.format(there=DEFINED.decode())))
    console.use(jobs=jobs)
    async with console.browser(DINA) as browser:
        await console.post(browser, "/experiments/check", text=PLAN)
        await settled(jobs.latest("definitions", 60_000))
        now += 1_000
        if is_ended:
            path = (await console.post(browser, "/experiments/end", experiment="door-order")).headers["location"]
            await settled(jobs.find(path.rpartition("/")[2], "experiments"))
        now += minutes * 60_000
        checked = await console.post(browser, "/experiments/check", text=PLAN)
    assert ("What is defined is not read yet" not in checked.text) is is_known
    await jobs.stop()


async def test_a_plan_over_a_definition_that_is_no_longer_there_is_refused_with_words(console: SignedInConsole) -> None:
    async with console.browser(DINA) as browser:
        sent = await console.post(browser, "/experiments/define", text=PLAN, over=definition_version(THERE))
        path = sent.headers["location"]
        await settled(console.deps.jobs.find(path.rpartition("/")[2], "experiments"))
        page = await browser.get(path)
    assert "Somebody else has defined it otherwise meanwhile, so nothing was written." in page.text


async def test_who_sees_a_part_defines_and_ends_nothing(console: SignedInConsole, written: Written) -> None:
    async with console.browser(Viewer("part", SENDING, Scope(regions=frozenset({"US-OH"})))) as browser:
        assert (await console.post(browser, "/experiments/define", text=PLAN, over="none")).status_code == 404
        assert (await console.post(browser, "/experiments/end", experiment="door-order")).status_code == 404
    assert written.records == []


async def test_where_kafka_goes_away_once_it_was_written_down_nobody_is_told_that_it_is_defined_or_ended(
    console: SignedInConsole,
) -> None:
    console.use(jobs=Jobs(lambda: NOW, (sys.executable, "-c", "import sys; sys.exit('Kafka does not answer')")))
    async with console.browser(DINA) as browser:
        for path, form in (("define", {"text": PLAN, "over": "none"}), ("end", {"experiment": "door-order"})):
            sent = await console.post(browser, f"/experiments/{path}", **form)
            await settled(console.deps.jobs.find(sent.headers["location"].rpartition("/")[2], "experiments"))
            page = (await browser.get(sent.headers["location"])).text
            assert "Not sure that it was written: do not rely on it." in page


# `/send`: what the page says of a list while it is reserved, of a name that may be misspelled, and of a mistake.
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
async def send_console(redis_client: Redis, tmp_path: Path) -> AsyncIterator[SignedInConsole]:
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
    send_console: SignedInConsole, tmp_path: Path
) -> None:
    sendings = judged_by(send_console, JUDGES, str(tmp_path / "go on"))
    one = await judged(sendings)
    text = await page(send_console)
    assert "Nothing was heard of digtal of late, and of digital there was: is that the one?" in text
    assert "before anybody is reserved" in text
    assert "mais de digital oui" in await page(send_console, "fr")
    (tmp_path / "go on").touch()
    await reserved(send_console, one)
    text = await page(send_console)
    assert "reserved for digtal until" in text
    assert "of digital there was: is that the one?" in text
    assert "before anybody is reserved" not in text


async def test_figures_are_under_the_name_of_their_list_also_where_a_segment_is_asked_about(
    send_console: SignedInConsole, tmp_path: Path
) -> None:
    sendings = judged_by(send_console, JUDGES, str(tmp_path / "go on"))
    one = await judged(sendings)
    text = await page(send_console, path="/send?segment=donors")
    assert "Your list of " in text
    places = [text.index(each) for each in ("Your list of ", "3 of 3 may be reached now", "Of the members of donors")]
    assert places == sorted(places)
    assert "Votre liste de " in await page(send_console, "fr")
    assert await sendings.begin("ada", one.upload, replace(ASKED, segment="hosts"))
    await ended(sendings)
    text = await page(send_console, path="/send?segment=donors")
    assert "Members of hosts, as of " in text
    assert "Your list of " not in text


async def test_while_people_are_reserved_it_says_for_whom_and_how_many(
    send_console: SignedInConsole, tmp_path: Path
) -> None:
    sendings = judged_by(send_console, JUDGES, str(tmp_path / "go on"))
    one = await judged(sendings)
    assert await sendings.begin("ada", one.upload, RESERVES)
    async with asyncio.timeout(60):
        while "Being reserved for digtal: 2 of 3." not in (text := await page(send_console)):
            assert "Being reserved for digtal: 0 of 3." in text
    assert "It is being judged" not in text
    assert "2 sur 3" in await page(send_console, "fr")
    (tmp_path / "go on").touch()
    await send_console.deps.redis.sadd(reserved_list_key((await ended(sendings)).list_id), "a:letter")
    assert "reserved for digtal until" in await page(send_console)


async def test_a_list_that_a_command_has_given_back_is_said_to_be_and_can_be_reserved_again(
    send_console: SignedInConsole, tmp_path: Path
) -> None:
    (tmp_path / "go on").touch()
    one = await judged(judged_by(send_console, JUDGES, str(tmp_path / "go on")))
    await reserved(send_console, one)
    assert 'href="/send/reserve"' not in await page(send_console)
    kept = send_console.deps.sendings.of("ada")
    assert kept is not None
    await Reservations(send_console.deps.redis).release_list(kept.list_id)
    async with send_console.browser(ADA) as browser:
        assert (await browser.get("/send/reserve")).status_code == 200  # also where the list was not looked at since
    text = await page(send_console)
    assert "digtal until" not in text
    assert "were given back" in text
    assert 'href="/send/reserve"' in text
    assert "ont été libérées" in await page(send_console, "fr")


async def test_the_mistake_of_a_list_that_cannot_be_judged_stands_first_and_nobody_was_judged(
    send_console: SignedInConsole,
) -> None:
    await judged(judged_by(send_console, REFUSES, MISTAKE))
    text = await page(send_console)
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
