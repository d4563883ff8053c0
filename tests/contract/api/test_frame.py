"""The API around its answers: schema, readiness and tokens."""

import asyncio
import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from jsonschema_rs import validator_for
from redis.asyncio import Redis
from schemathesis.checks import CHECKS

from events.experiment_results import ExperimentResult
from events.json_types import JSON
from sinks.holds import HoldsSink
from sinks.keys import position_key
from sinks.redis import RedisSink
from sinks.results import ResultsSink
from sinks.segments import SegmentsSink
from streams.services.api.readiness import why_unready
from streams.services.api.server import Server, listening
from tests.budgets import shares_fixtures
from tests.contract.api.desk import SERIES, Desk, known
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER, erased
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling
from tests.contract.whole_results import fill
from tests.contract.whole_segments import fill_segments
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, watched

AWAY = {
    "profiles_incomplete": ["/v1/contacts/ada", "/v1/contacts/ada/segments"],
    "results_incomplete": ["/v1/experiments", "/v1/experiments/x12", "/v1/experiments/unknown"],
    "segments_incomplete": ["/v1/segments", "/v1/segments/donors", "/v1/segments/donors/members"],
}
"""What is asked, by the code of the answer while Redis is away."""
ASKED = {"channel": "email", "purpose": "fundraising", "contacts": [{"contact_id": "ada"}]}


async def test_the_api_is_ready_while_it_answers_and_says_in_the_same_words_why_it_does_not(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    assert await why_unready(desk.deps) == "profiles_incomplete: contact-state:0 is missing"
    assert (await desk.post(ASKED)).status == 503
    await filling.all([known("ada")])
    assert await why_unready(desk.deps) is None
    assert (await desk.post(ASKED)).status == 200
    await redis_client.hdel(position_key(2), "whole_at")
    assert await why_unready(desk.deps) == "profiles_incomplete: contact-state:2 is refilling"
    assert (await desk.post(ASKED)).status == 503


async def test_the_api_is_not_ready_while_answers_cannot_be_written_down(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    desk.audit._most = 100
    assert (await desk.post(ASKED)).status == 200
    assert await why_unready(desk.deps) == "audit_unavailable: Kafka takes no records of audit-log"


async def test_while_redis_is_away_nothing_is_answered_from_it(redis_server: RedisServer, desk: Desk) -> None:
    redis_server.kill()
    try:
        assert await why_unready(desk.deps) == "profiles_incomplete: Redis does not answer"
        for code, paths in AWAY.items():
            answers = [await desk.get(path, "lister") for path in paths]
            assert [(each.status, each.json["code"]) for each in answers] == [(503, code)] * len(paths), code
    finally:
        redis_server.start()


LONG_S = 3600.0
RESULTS: list[ExperimentResult] = [CONTRACTS, watched(gotv()), {**doors(), "experiment": "0"}]


class InAThread(Server):
    """The server, without signals; `url` once it listens."""

    def install_signals(self) -> None:
        """A thread has none."""


@pytest.fixture(scope="module")
def url(redis_server: RedisServer) -> Iterator[str]:
    """The API over a Redis that knows one person and some results, and has forgotten another person."""
    started = threading.Event()
    found: list[int] = []
    servers: list[InAThread] = []

    async def serve() -> None:
        async with client_of(redis_server.port, retries=2) as client:
            await client.flushall()
            sink, holds = RedisSink(client, stale_after=STALE_AFTER), HoldsSink(client)
            await Filling(sink, holds).all([known("0"), erased("gone-since-2012", 1)])
            await fill(ResultsSink(client, stale_after=STALE_AFTER), *RESULTS)
            await fill_segments(SegmentsSink(client, stale_after=STALE_AFTER, most_pairs=1000), {"0": ["0"]})
            app = Desk(client, oldest_s=LONG_S).app
            server = InAThread(app)
            servers.append(server)
            with listening("127.0.0.1", 0) as listener:
                found.append(listener.getsockname()[1])
                started.set()
                await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(20)
    yield f"http://127.0.0.1:{found[0]}"
    servers[0].should_exit = True
    thread.join(20)


OPERATIONS = [
    *(("/v1/contacts/{contact_id}", "GET"), ("/v1/contacts", "GET"), ("/v1/permissions", "POST")),
    *(("/v1/segments", "GET"), ("/v1/segments/{segment_id}", "GET"), ("/v1/segments/{segment_id}/members", "GET")),
    *(("/v1/segments/{segment_id}/permissions", "POST"), ("/v1/contacts/{contact_id}/segments", "GET")),
    *(("/v1/experiments", "GET"), ("/v1/experiments/{experiment_id}", "GET"), ("/v1/insights", "GET")),
]
_UNSAID = ("/v1/contacts", "/v1/insights", "/v1/segments/{segment_id}/members", "/v1/segments/{segment_id}/permissions")
UNSAID = {path: ["positive_data_acceptance"] for path in _UNSAID}
"""Which of four identifiers a query gives, what an address or a page looks like, which time is earlier: no schema can
say."""


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_what_is_described_is_what_happens(url: str, path: str, method: str, mode: schemathesis.GenerationMode) -> None:
    operation = schemathesis.openapi.from_url(f"{url}/openapi.json")[path][method]
    excluded: Any = CHECKS.get_by_names(UNSAID.get(path, []))

    @settings(shares_fixtures, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(headers={"Authorization": "Bearer lister"})
        written = parse_qs(urlsplit(answer.request.url or "").query, keep_blank_values=True)
        assume({*(case.query or ())} <= written.keys())  # an empty list is written as nothing: nobody can see it
        case.validate_response(answer, excluded_checks=excluded)

    ask()


def test_whatever_is_written_in_a_url_is_described_as_a_text_and_never_as_null(url: str) -> None:
    paths = schemathesis.openapi.from_url(f"{url}/openapi.json").raw_schema["paths"]
    described = [
        parameter["schema"]
        for path in paths.values()
        for operation in path.values()
        for parameter in operation.get("parameters", ())
    ]
    assert {each["type"] for each in described} == {"string", "integer"}


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result["experiment"])
def test_results_are_answered_as_they_are_described(url: str, result: ExperimentResult) -> None:
    """Made-up ids find none."""
    operation = schemathesis.openapi.from_url(f"{url}/openapi.json")["/v1/experiments/{experiment_id}"]["GET"]
    case = operation.Case(path_parameters={"experiment_id": result["experiment"]})

    answer = case.call_and_validate(headers={"Authorization": "Bearer lister"})

    assert answer.json() == result


@pytest.mark.parametrize(
    "sender", ["Acme", "\u00db\u00e5", "\u0661\u0662", "62262", "_", "- -", "$", "\u00a8", "+1 212 555 0101", "_a_"]
)
def test_which_names_of_senders_are_taken_is_described_as_readers_of_schemas_read_it(url: str, sender: str) -> None:
    """Patterns of JSON Schema are those of ECMAScript, where `\\w` knows the letters of English alone."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    described = schema.raw_schema["components"]["schemas"]["PermissionsAsked"]["properties"]["sender"]
    body: JSON = {"channel": "email", "purpose": "fundraising", "sender": sender, "contacts": [{"contact_id": "0"}]}

    answer = schema["/v1/permissions"]["POST"].Case(body=body).call(headers={"Authorization": "Bearer lister"})

    assert answer.status_code in {200, 422}
    assert validator_for(described).is_valid(sender) == (answer.status_code == 200)


@pytest.mark.parametrize("token", [None, "", "unknown", "Digital"])
@pytest.mark.parametrize("path", ["/v1/contacts/ada", "/v1/permissions", "/v1/nowhere"])
async def test_without_a_known_token_nothing_is_answered(desk: Desk, path: str, token: str | None) -> None:
    answers = [await desk.get(path, token), await desk.post(b"[", token, path)]
    assert [(answer.status, answer.json["code"]) for answer in answers] == [(401, "unauthorized")] * 2
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert desk.counted("harmonia_api_refused_total", code="unauthorized") == 2
    assert desk.audited() == []


WITHOUT_SCOPE = {
    **{
        ("get", path): ["asker"]
        for path in (
            *("/v1/contacts/{contact_id}", "/v1/contacts", "/v1/contacts/{contact_id}/segments"),
            *("/v1/experiments", "/v1/experiments/{experiment_id}", "/v1/insights"),
            *("/v1/segments", "/v1/segments/{segment_id}"),
        )
    },
    ("post", "/v1/segments/preview"): ["asker"],
    ("get", "/v1/segments/{segment_id}/members"): ["digital"],
    ("post", "/v1/segments/{segment_id}/permissions"): ["asker", "only-lists"],
    ("post", "/v1/permissions"): ["reader"],
    ("get", "/v1/rights"): ["lister"],
    ("post", "/v1/rights"): ["lister"],
    ("get", "/v1/rights/{request_id}"): ["lister"],
    ("post", "/v1/rights/{request_id}/extend"): ["lister"],
    ("post", "/v1/rights/{request_id}/close"): ["lister"],
}
"""By operation of the OpenAPI document: tokens that have other scopes, and each lacks one of those that it wants."""


async def test_every_operation_wants_its_scopes_and_a_refusal_is_counted_and_never_audited(desk: Desk) -> None:
    document = await desk.get("/openapi.json", None)
    operations = {(method, path) for path, methods in document.json["paths"].items() for method in methods}
    assert operations == WITHOUT_SCOPE.keys()
    for (method, path), tokens in WITHOUT_SCOPE.items():
        at = re.sub(r"{\w+}", "x", path)
        for token, status in [(None, 401), *((token, 403) for token in tokens)]:
            answer = await (desk.get(at, token) if method == "get" else desk.post(ASKED, token, at))
            assert answer.status == status, (method, path, token)
    assert desk.counted("harmonia_api_refused_total", code="unauthorized") == len(WITHOUT_SCOPE)
    assert desk.counted("harmonia_api_refused_total", code="forbidden") == sum(map(len, WITHOUT_SCOPE.values()))
    assert desk.audited() == []


async def test_whoever_may_ask_and_not_reserve_is_refused_a_reservation(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    answer = await desk.post({**ASKED, "reserve": 60}, "asker")
    assert (answer.status, answer.json["code"], desk.audited()) == (403, "forbidden", [])


async def test_a_token_speaks_for_its_own_team(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    assert (await desk.post({**ASKED, "team": "field"})).status == 403
    assert (await desk.post({**ASKED, "team": "digital"})).status == 200
    assert [record["team"] for record in desk.audited()] == ["digital"]


async def test_a_token_of_every_team_has_to_say_for_which(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    unsaid = await desk.post(ASKED, "anybody")
    assert (unsaid.status, unsaid.json["mistakes"][0]["field"]) == (422, "team")
    assert (await desk.post({**ASKED, "team": "field"}, "anybody")).status == 200
    assert [record["team"] for record in desk.audited()] == ["field"]


async def test_an_answer_is_what_the_command_prints(desk: Desk) -> None:
    answer = await desk.get("/v1/insights", query="metric=email.sent&from=2012-02-21&to=2012-02-22")

    assert (answer.status, answer.json) == (200, SERIES)


async def test_where_history_cannot_be_read_there_is_no_answer(desk: Desk) -> None:
    answer = await desk.get("/v1/insights", query="metric=net&team=broken")

    assert (answer.status, answer.json["code"]) == (503, "insights_unavailable")
    assert answer.headers["retry-after"] == "2"
