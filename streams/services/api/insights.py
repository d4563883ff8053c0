"""The route `GET /v1/insights`: counts of what happened, by hour, day or week."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from streams.history.insights.own_process import NoAnswer
from streams.history.insights.question import (
    DIMENSIONS,
    METRICS,
    PARAMETERS,
    InsightsDocument,
    ParameterMistake,
    question_of,
)
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.middleware import caller_of
from streams.services.api.openapi import Responses, problems
from streams.services.api.problem_documents import Problem, invalid_field, require_known

_RESPONSES: Responses = {
    200: {"model": InsightsDocument, "description": "Series; everything up to `as_of` is in them"},
    **problems("unauthorized", "forbidden", "invalid", "insights_unavailable"),
}
_WHEN = "A date, which begins at midnight in HARMONIA_TIME_ZONE, or RFC 3339"


def insight_routes(deps: ApiDependencies) -> APIRouter:
    """The route of counts over time."""
    router = APIRouter()

    @router.get("/v1/insights", responses=_RESPONSES, response_class=Response, operation_id="insights")
    async def series(  # noqa: PLR0913 (parameters of a query)
        request: Request,
        *,
        metric: Annotated[str, Query(json_schema_extra={"enum": [*METRICS]})] = "",
        by: Annotated[str, Query(json_schema_extra={"enum": ["hour", "day", "week"]})] = "day",
        since: Annotated[str | None, Query(alias="from", description=_WHEN)] = None,
        to: Annotated[str | None, Query(description=f"{_WHEN}; up to but without it")] = None,
        campaign: str | None = None,
        team: str | None = None,
        region: str | None = None,
        channel: str | None = None,
        split: Annotated[str | None, Query(json_schema_extra={"enum": [*DIMENSIONS]})] = None,
    ) -> Response:
        """Counts, money or human acts in series; one of each value of what they are split by."""
        deps.require(caller_of(request), "read")
        require_known(request, PARAMETERS)
        said = _query_parameters(request)
        question = question_of(said, deps.time_zone, deps.clock())
        if isinstance(question, ParameterMistake):
            raise invalid_field(question.field, question.cure)
        try:
            return Response(await deps.history.ask(said), media_type="application/json")
        except NoAnswer as error:
            raise Problem("insights_unavailable", str(error)) from None

    return router


def _query_parameters(request: Request) -> dict[str, str]:
    for name in PARAMETERS:
        if len(request.query_params.getlist(name)) > 1:
            raise invalid_field(name, "give it once")
    return dict(request.query_params)
