"""`/plans`: a plan's mistakes and what it needs, and defining and ending by the command line's own commands."""

import asyncio
import sys
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio import Redis

from events.experiments import ExperimentDefinition
from streams.domain.experiments.definition_records import definition_version
from streams.services.console.jobs import Job, Jobs
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
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


async def test_a_plan_over_a_definition_that_is_no_longer_there_is_refused_with_words(
    console: SignedInConsole,
) -> None:
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
