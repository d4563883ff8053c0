"""The ASGI application of the API: routes, and errors as problem documents."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from sinks.base import SinkUnavailable
from streams.services.api.contacts import CONTACT_ID_CURE, CURES, contact_routes
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.experiments import STATUS_CURE, experiment_routes
from streams.services.api.insights import insight_routes
from streams.services.api.middleware import with_authentication
from streams.services.api.openapi import openapi_of
from streams.services.api.permissions import permission_routes
from streams.services.api.problem_documents import Problem, invalid_field
from streams.services.api.rights import rights_routes
from streams.services.api.segment_preview import segment_preview_routes
from streams.services.api.segments import SEGMENT_CURES, segment_routes
from streams.services.permission.reservation_log import ReservationLogUnavailable

_WRONG = {"status": STATUS_CURE, "contact_id": CONTACT_ID_CURE, **SEGMENT_CURES}


def build_api(deps: ApiDependencies) -> ASGIApp:
    """The application, complete but for its server. Connects to nothing."""
    app = FastAPI(
        title="Harmonia",
        version="1",
        description="What is known of a person, may that person be reached, what do they ask for? See docs/api.md.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # they would go to whatever host a request names
    )
    app.include_router(contact_routes(deps))
    app.include_router(permission_routes(deps))
    app.include_router(experiment_routes(deps))
    app.include_router(insight_routes(deps))
    app.include_router(segment_preview_routes(deps))
    app.include_router(segment_routes(deps))
    app.include_router(rights_routes(deps))
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(SinkUnavailable)
    async def away(_: Request, __: SinkUnavailable) -> Response:
        try:
            deps.away()
        except Problem as found:
            return found.response()

    @app.exception_handler(ReservationLogUnavailable)
    async def not_kept(_: Request, __: ReservationLogUnavailable) -> Response:
        return Problem("reservations_unavailable", "Kafka takes no records of campaign-holds").response()

    @app.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> Response:
        places = [place for one in error.errors() for place in one["loc"]]
        if wrong := next((place for place in places if place in _WRONG), None):
            return invalid_field(str(wrong), _WRONG[str(wrong)]).response()
        field = next((place for place in places if place in CURES), "")
        return invalid_field(field, f"is longer than it may be; {CURES[field]}").response()

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            return Problem("method_not_allowed", "See /openapi.json", headers=error.headers).response()
        return Problem("not_found", "See /openapi.json").response()

    return with_authentication(app, deps)
