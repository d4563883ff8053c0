"""The ASGI application of the gateway, and the door that counts what passes and lets no fault say what was sent."""

import logging
import time

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.api.door import place_of
from streams.gateway.answers import problem
from streams.gateway.desk import Desk
from streams.gateway.metrics import GatewayMetrics
from streams.gateway.publishing import events
from streams.gateway.receiving import HOOK, hooks

logger = logging.getLogger(__name__)


def build_gateway(desk: Desk) -> ASGIApp:
    """Everything but the server. Nothing connects."""
    app = FastAPI(
        title="Harmonia gateway",
        version="1",
        description="Webhooks of campaign tools, and CloudEvents over HTTP. See docs/gateway.md.",
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(hooks(desk))
    app.include_router(events(desk))

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        return problem("method" if error.status_code == 405 else "unknown_hook", "See /openapi.json")

    return Door(app, desk.metrics)


class Door:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, metrics: GatewayMetrics) -> None:
        self._app = app
        self._metrics = metrics

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
        except Exception as error:  # noqa: BLE001 - the sender is told to come again, and the log gets no request
            logger.error("%s at %s", type(error).__name__, place_of(error))
            if not status:
                await problem("unavailable", "Tell the operator")(scope, receive, sending)
        hook = scope.get(HOOK, "unknown")
        self._metrics.requests.labels(hook, str(status)).inc()
        self._metrics.seconds.labels(hook).observe(time.perf_counter() - started)
