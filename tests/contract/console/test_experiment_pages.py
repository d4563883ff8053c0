"""The pages of experiments and of their plans."""

import asyncio
import sys
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio import Redis

from events.experiment_results import ExperimentResult
from events.experiments import ExperimentDefinition
from events.times import parse_time
from sinks.results import ResultsSink
from streams.domain.experiments.definition_records import definition_version
from streams.services.console.jobs import Job, Jobs
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written, page_of
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_results import fill
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, watched

HOSTILE = '<script>alert("x")</script>'


async def filled(server: RedisServer, *results: ExperimentResult, age_ms: int = 0) -> None:
    sink = ResultsSink(client_of(server.port), stale_after=STALE_AFTER)
    await fill(sink, *results, age_ms=age_ms)
    await sink.close()


async def test_the_list_puts_first_what_is_broken_or_does_harm(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    await filled(redis_server, CONTRACTS, watched(gotv()), doors())
    text = await page_of(console, "/experiments")

    places = [text.index(f'href="/experiments/{name}"') for name in ("gotv-subject-lines", "doors-phx", "x12")]
    assert places == sorted(places)
    assert "Split BROKEN, trust nothing of it." in text
    assert "donated against control: deadline +1.07 pp, better" in text


async def test_a_list_without_experiments_says_what_would_fill_it(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    await filled(redis_server)
    assert "No experiment has a result yet. One appears here as soon as" in await page_of(console, "/experiments")


async def test_an_experiment_is_shown_with_warnings_first_then_its_verdict_and_intervals(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    await filled(redis_server, watched(gotv()))
    text = await page_of(console, "/experiments/gotv-subject-lines")

    told = [
        "GUARDRAIL BREACHED: from a neighbour has more people who unsubscribed or opted out than control",
        "deadline does better than control: +1.07 pp (between +0.21 pp and +1.93 pp). It holds beside all other",
        "It is not yet known whether from a neighbour differs from control: +0.13 pp",
        "<title>deadline: +1.07 pp (+0.21 pp to +1.93 pp), better</title>",
        "deadline: the effect on donated over time",
        "$12,045.50",
    ]
    places = [text.index(each) for each in told]
    assert places == sorted(places)
    assert " style=" not in text
    assert "<style" not in text


async def test_of_a_broken_split_no_variant_is_said_to_be_better(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    await filled(redis_server, doors())
    text = await page_of(console, "/experiments/doors-phx")

    assert "knock against nothing: +2.96 pp, but the split is broken" in text
    assert "does better" not in text


async def test_what_a_handful_of_people_did_is_not_shown(console: SignedInConsole, redis_server: RedisServer) -> None:
    few = gotv()
    few["variants"]["deadline"]["assigned"] = 9
    await filled(redis_server, few)
    text = await page_of(console, "/experiments/gotv-subject-lines")

    assert "A variant has fewer than 10 people, so what they did is not shown: deadline." in text
    assert "$12,045.50" not in text
    assert "does better" not in text


async def test_an_experiment_without_a_result_is_not_found(console: SignedInConsole, redis_server: RedisServer) -> None:
    await filled(redis_server, CONTRACTS)
    assert "No result of this experiment" in await page_of(console, "/experiments/none", status=404)


async def test_while_redis_lacks_results_the_page_says_so_and_shows_what_is_there(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    await filled(redis_server, watched(gotv()), age_ms=3_600_000)
    text = await page_of(console, "/experiments/gotv-subject-lines")

    assert "This may be old or lack something: in Redis experiment-results" in text
    assert "deadline does better than control" in text
    assert 'class="block block-verdict is-stopped"' in text


async def test_who_sees_one_region_or_committee_sees_no_experiment(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    await filled(redis_server, watched(gotv()))
    for scope in (Scope(regions=frozenset({"US-OH"})), Scope(committees=frozenset({"c1"}))):
        viewer = Viewer("bob", frozenset({"figures"}), scope)
        for path in ("/experiments", "/experiments/gotv-subject-lines"):
            text = await page_of(console, path, viewer)
            assert "Experiments count people of all regions and committees" in text
            assert "deadline" not in text


async def test_names_of_experiments_and_variants_are_text_and_not_markup(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    named = gotv(experiment=HOSTILE)
    renamed = {HOSTILE if name == "deadline" else name: each for name, each in named["variants"].items()}
    named["variants"] = renamed
    for each in named["comparisons"]:
        each["variant"] = HOSTILE if each["variant"] == "deadline" else each["variant"]
    await filled(redis_server, named)

    for path in ("/experiments", "/experiments/%3Cscript%3Ealert(%22x%22)%3C/script%3E"):
        text = await page_of(console, path)
        assert HOSTILE not in text
        assert "&lt;script&gt;alert" in text


async def test_a_result_is_as_of_a_time_by_the_clock_of_the_page(
    redis_server: RedisServer, redis_client: Redis, tmp_path: Path
) -> None:
    result = watched(gotv())
    as_of = parse_time(result["as_of"])
    assert as_of is not None
    await filled(redis_server, result)
    console = SignedInConsole(redis_client, tmp_path, wall_ms=as_of + 30 * 60_000)

    for path in ("/experiments", "/experiments/gotv-subject-lines"):
        text = await page_of(console, path)
        assert "Tue, Nov 6, 2012 19:30 EST" in text
        assert "2026" not in text
    await console.reports.stop()


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
