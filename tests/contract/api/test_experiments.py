"""What experiments say, over HTTP, and never from a Redis that may lack one."""

import orjson
import pytest
from redis.asyncio import Redis

from events.experiment_results import ExperimentResult
from events.topics import EXPERIMENT_RESULTS
from sinks.keys import position_key
from sinks.results import ResultsSink
from tests.contract.api.desk import Desk, known
from tests.contract.whole_redis import Filling
from tests.contract.whole_results import fill
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv

ENDED: ExperimentResult = {**CONTRACTS, "experiment": "sp/äter 1", "status": "ended"}
PATHS = ["/v1/experiments", "/v1/experiments/x12", "/v1/experiments/unknown"]


async def test_a_result_is_what_experiment_results_says_and_names_nobody_in_the_audit_log(
    desk: Desk, results: ResultsSink
) -> None:
    await fill(results, gotv(), ENDED)
    answer, strange = [await desk.get(f"/v1/experiments/{name}") for name in ("gotv-subject-lines", "sp/äter 1")]
    assert (answer.status, answer.body) == (200, orjson.dumps(gotv()))
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["harmonia-as-of"].endswith("Z")
    assert strange.json == ENDED
    assert desk.audited() == []


async def test_an_experiment_without_a_result_is_not_found(desk: Desk, results: ResultsSink) -> None:
    await fill(results, gotv())
    answers = [await desk.get(path) for path in ("/v1/experiments/none", "/v1/experiments/")]
    assert [(answer.status, answer.json["code"]) for answer in answers] == [(404, "not_found")] * 2


async def test_experiments_are_listed_once_each_by_id(desk: Desk, results: ResultsSink) -> None:
    await fill(results, ENDED, gotv(), CONTRACTS, doors())
    answer = await desk.get("/v1/experiments")
    found = answer.json["experiments"]
    assert [each["experiment"] for each in found] == ["doors-phx", "gotv-subject-lines", "sp/äter 1", "x12"]
    assert found[1] == {
        "experiment": "gotv-subject-lines",
        "as_of": "2026-02-11T17:30:04.250Z",
        "status": "running",
        "assigned": 24_013,
        "warnings": 1,
        "broken_split": False,
        "breached": ["from a neighbour"],
        "currency": "USD",
        "primary": "donated",
        "headlines": [
            headline("deadline", 0.0021, 0.0193, discovery=True),
            headline("from a neighbour", -0.0071, 0.0097, discovery=False),
        ],
    }


def headline(variant: str, low: float, high: float, *, discovery: bool) -> object:
    found = {"variant": variant, "baseline": "control", "effect": (low + high) / 2, "low": low, "high": high}
    return found | {"level": 0.95, "discovery": discovery, "provisional": False}


@pytest.mark.parametrize(("status", "ids"), [("ended", ["sp/äter 1"]), ("running", ["x12"]), ("recounting", [])])
async def test_experiments_are_listed_by_status(desk: Desk, results: ResultsSink, status: str, ids: list[str]) -> None:
    await fill(results, ENDED, CONTRACTS)
    answer = await desk.get("/v1/experiments", query=f"status={status}")
    assert [each["experiment"] for each in answer.json["experiments"]] == ids


@pytest.mark.parametrize("path", PATHS)
async def test_from_a_redis_that_lacks_a_partition_there_is_no_answer(
    desk: Desk, results: ResultsSink, redis_client: Redis, path: str
) -> None:
    await fill(results, CONTRACTS)
    await redis_client.delete(position_key(2, EXPERIMENT_RESULTS))
    answer = await desk.get(path)
    assert (answer.status, answer.json["code"]) == (503, "results_incomplete")
    assert answer.json["detail"] == "experiment-results:2 is missing; it mends by itself"
    assert answer.headers["retry-after"] == "2"
    assert desk.counted("harmonia_api_incomplete_total", why="missing") == 1


async def test_permissions_do_not_wait_for_results(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    assert [(await desk.get(path)).status for path in ("/v1/contacts/ada", "/v1/experiments")] == [200, 503]
