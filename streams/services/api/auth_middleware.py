"""What every request of the API passes: its token is looked at before anything else of it."""

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.platform.tokens import Caller
from streams.services.api.dependencies import Office
from streams.services.api.problem_documents import Problem
from streams.services.api.request_counting import Watched

OPEN = "/openapi.json"
"""Which needs no token: it says what the API is, and nothing of anybody."""
CALLER = "harmonia.caller"


def caller_of(request: Request) -> Caller:
    """Who asks, as the door has seen."""
    caller: Caller = request.scope[CALLER]
    return caller


def behind_a_door(app: ASGIApp, office: Office) -> ASGIApp:
    """The application, its requests looked at and counted."""

    def count(scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        office.metrics.requests.labels(route, str(status)).inc()
        office.metrics.seconds.labels(route).observe(seconds)

    broken = Problem("internal", "Ask again, and tell the operator")
    return Watched(_Known(app, office), count, broken.response)


class _Known:
    """ASGI middleware: lets in who shows a token."""

    def __init__(self, app: ASGIApp, office: Office) -> None:
        self._app = app
        self._office = office

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and scope["path"] != OPEN:
            try:
                scope[CALLER] = self._office.caller(_authorization(scope))
            except Problem as problem:
                response: Response = problem.response()
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _authorization(scope: Scope) -> str | None:
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    return found[0].decode("latin-1") if len(found) == 1 else None
