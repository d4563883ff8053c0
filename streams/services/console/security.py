"""Headers of every answer: nothing is loaded from elsewhere, framed, cached or sniffed; and requests are counted."""

from fastapi import Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.services.api.middleware import CountedRequests
from streams.services.console.metrics import ConsoleMetrics

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_CACHED = "public, max-age=3600"


def with_headers(app: ASGIApp, metrics: ConsoleMetrics) -> ASGIApp:
    """The application with these headers on every answer, and its requests counted."""

    def count(scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        metrics.requests.labels(route, str(status)).inc()
        if route != "/events":
            metrics.seconds.labels(route).observe(seconds)

    broken = Response("Something went wrong here. Try again, and tell the operator.", 500, media_type="text/plain")
    return CountedRequests(_WithHeaders(app), count, lambda: broken)


class _WithHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", _CACHED if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        await self._app(scope, receive, sending)
