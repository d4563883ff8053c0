"""What OpenAPI says holds: whatever schemathesis makes up of it is answered as it says, and nothing breaks."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from jsonschema_rs import validator_for
from schemathesis.checks import CHECKS

from events.experiment_results import ExperimentResult
from events.json_types import JSON
from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from sinks.results import ResultsSink
from sinks.segments import SegmentsSink
from streams.services.api.server import Server, listening
from tests.budgets import shares_fixtures
from tests.contract.api.desk import Desk, known
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER, erased
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling
from tests.contract.whole_results import fill
from tests.contract.whole_segments import fill_segments
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, watched

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
