"""What every request passes: its token is looked at before anything else of it, and it is counted.

Nothing of a request gets into a log: whatever fails is told by its kind and place alone.
"""

import logging
import time
from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.api.office import Office
from streams.api.problems import Problem
from streams.api.tokens import Caller

logger = logging.getLogger(__name__)

OPEN = "/openapi.json"
"""Which needs no token: it says what the API is, and nothing of anybody."""
CALLER = "harmonia.caller"

Answer = Callable[[], Awaitable[None]]


def caller_of(request: Request) -> Caller:
    """Who asks, as the door has seen."""
    caller: Caller = request.scope[CALLER]
    return caller


class Door:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, office: Office) -> None:
        self._app = app
        self._office = office

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
            await self._enter(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - the caller gets an answer, and the log no request
            logger.error("%s at %s", type(error).__name__, place_of(error))
            if not status:
                await Problem("internal", "Ask again, and tell the operator").response()(scope, receive, sending)
        route = getattr(scope.get("route"), "path", "other")
        self._office.metrics.requests.labels(route, str(status)).inc()
        self._office.metrics.seconds.labels(route).observe(time.perf_counter() - started)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != OPEN:
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


def place_of(error: BaseException) -> str:
    """File and line at which it was raised."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return "nowhere" if at is None else f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}"
