"""ASGI middleware: counts requests and answers for faults (API and gateway), and authenticates callers (API)."""

import logging
import time
from collections.abc import Callable

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.platform.tokens import Caller
from streams.services.api.connection_limits import mark_known
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.problem_documents import Problem

logger = logging.getLogger(__name__)


class CountedRequests:
    """Counts each request once, and answers where the application fails; the log gets the error and nothing sent.

    Parameters:
        count: is called with the scope of each request, its status and the seconds until its answer.
        broken: makes the answer where something failed before there was one.
    """

    def __init__(
        self, app: ASGIApp, count: Callable[[Scope, int, float], None], broken: Callable[[], Response]
    ) -> None:
        self._app = app
        self._count = count
        self._broken = broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - the caller gets an answer, and the log no request
            logger.error("%s at %s", type(error).__name__, _place(error))
            if not status:
                await self._broken()(scope, receive, sending)
        self._count(scope, status, time.perf_counter() - started)


def _place(error: BaseException) -> str:
    """File and line at which an error was raised."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return "nowhere" if at is None else f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}"


OPEN_PATH = "/openapi.json"
"""The one path without a token: it describes the API, and nobody."""
CALLER = "harmonia.caller"


def caller_of(request: Request) -> Caller:
    """The caller of a request that was authenticated."""
    caller: Caller = request.scope[CALLER]
    return caller


def with_authentication(app: ASGIApp, deps: ApiDependencies) -> ASGIApp:
    """The application with requests authenticated and counted."""

    def count(scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        deps.metrics.requests.labels(route, str(status)).inc()
        deps.metrics.seconds.labels(route).observe(seconds)

    broken = Problem("internal", "Ask again, and tell the operator")
    return CountedRequests(_Authenticated(app, deps), count, broken.response)


class _Authenticated:
    """Lets requests with a known token pass; answers the others before anything else of them is read."""

    def __init__(self, app: ASGIApp, deps: ApiDependencies) -> None:
        self._app = app
        self._office = deps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and scope["path"] != OPEN_PATH:
            try:
                scope[CALLER] = self._office.caller(_authorization(scope))
            except Problem as problem:
                response: Response = problem.response()
                await response(scope, receive, send)
                return
            mark_known(scope)
        await self._app(scope, receive, send)


def _authorization(scope: Scope) -> str | None:
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    return found[0].decode("latin-1") if len(found) == 1 else None
