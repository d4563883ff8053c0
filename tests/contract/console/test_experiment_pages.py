"""`/experiments` and the page of one experiment, from results in a real Redis."""

from pathlib import Path

from redis.asyncio import Redis

from events.experiment_results import ExperimentResult
from events.times import parse_time
from sinks.results import ResultsSink
from streams.services.console.rights import Scope, Viewer
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import SignedInConsole, page_of
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
