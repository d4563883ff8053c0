"""The ASGI application of the gateway: routes, with each request counted for its hook."""

from functools import partial

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Scope

from streams.services.api.middleware import CountedRequests
from streams.services.gateway.answers import problem_response
from streams.services.gateway.dependencies import GatewayDependencies
from streams.services.gateway.events_route import events
from streams.services.gateway.webhook_route import HOOK, hooks


def build_gateway(deps: GatewayDependencies) -> ASGIApp:
    """The application, complete but for its server. Connects to nothing."""
    app = FastAPI(
        title="Harmonia gateway",
        version="1",
        description="Webhooks of campaign tools, and CloudEvents over HTTP. See docs/gateway.md.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # they would go to whatever host a request names
    )
    app.include_router(hooks(deps))
    app.include_router(events(deps))

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        return problem_response("method" if error.status_code == 405 else "unknown_hook", "See /openapi.json")

    def count(scope: Scope, status: int, seconds: float) -> None:
        hook = scope.get(HOOK, "unknown")
        deps.metrics.requests.labels(hook, str(status)).inc()
        deps.metrics.seconds.labels(hook).observe(seconds)

    return CountedRequests(app, count, partial(problem_response, "unavailable", "Tell the operator"))
