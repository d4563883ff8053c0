"""The routes `GET /v1/experiments…`: results of experiments. They read no person, so nothing goes to `audit-log`."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from events.experiment_results import ExperimentList, ExperimentResult, Status
from events.times import render_time
from sinks.base import SinkUnavailable
from sinks.lookup import Complete, Incomplete
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.middleware import caller_of
from streams.services.api.openapi import AS_OF, AS_OF_HEADER, Responses, problems
from streams.services.api.problem_documents import Code, Problem, invalid_field, require_known

STATUS_CURE = "give running, ended or recounting"
_INCOMPLETE: Code = "results_incomplete"
_RESPONSES: Responses = {
    200: {"model": ExperimentResult, "description": "The result as in experiment-results", "headers": AS_OF_HEADER},
    **problems("unauthorized", "forbidden", "not_found", "invalid", "results_incomplete"),
}
_LIST_RESPONSES: Responses = {
    200: {"model": ExperimentList, "description": "A line of each, by id", "headers": AS_OF_HEADER},
    **problems("unauthorized", "forbidden", "invalid", "results_incomplete"),
}


def experiment_routes(deps: ApiDependencies) -> APIRouter:
    """The routes of results: the list, and one experiment."""
    router = APIRouter()

    @router.get("/v1/experiments", responses=_LIST_RESPONSES, response_class=Response, operation_id="experiments")
    async def all_of_them(
        request: Request, status: Annotated[Status | None, Query(description="Only those of this status")] = None
    ) -> Response:
        """Every experiment that has a result, in short."""
        _require(deps, request, ["status"])
        if len(request.query_params.getlist("status")) > 1:
            raise invalid_field("status", "give it once")
        try:
            seen = await deps.results.all()
        except SinkUnavailable:
            deps.away(_INCOMPLETE)
        as_of = _require_complete(deps, seen.standing)
        lines = [line for line in seen.lines.values() if status is None or orjson.loads(line)["status"] == status]
        return _answer(b'{"experiments":[%s]}' % b",".join(lines), as_of)

    @router.get(
        "/v1/experiments/{experiment_id:path}", responses=_RESPONSES, response_class=Response, operation_id="experiment"
    )
    async def one(request: Request, experiment_id: str) -> Response:
        """The running result of one experiment; 404 as long as nobody was assigned."""
        _require(deps, request, [])
        try:
            seen = await deps.results.one(experiment_id)
        except SinkUnavailable:
            deps.away(_INCOMPLETE)
        as_of = _require_complete(deps, seen.standing)
        if seen.value is None:
            raise Problem("not_found", "No experiment of this id has a result")
        return _answer(seen.value, as_of)

    return router


def _require(deps: ApiDependencies, request: Request, known: list[str]) -> None:
    deps.require(caller_of(request), "read")
    require_known(request, known)


def _require_complete(deps: ApiDependencies, standing: Complete | Incomplete) -> int:
    if isinstance(standing, Incomplete):
        deps.incomplete(standing, _INCOMPLETE)
    return standing.as_of


def _answer(body: bytes, as_of: int) -> Response:
    return Response(body, media_type="application/json", headers={AS_OF: render_time(as_of)})
