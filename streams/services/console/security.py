"""Headers of every answer: nothing is loaded from elsewhere, framed, cached or sniffed; and requests are counted."""

from collections.abc import Mapping
from re import compile as pattern

from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.services.api.bodies import PATIENCE_S, BodyProblem, BodyReader
from streams.services.api.middleware import CountedRequests
from streams.services.audience.csv_records import MOST_LIST_BYTES
from streams.services.console.acts import UPLOAD
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.static_files import CACHED, PATH

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
MOST_BYTES = 64 << 10
"""The longest form. Whoever is not signed in may send one as well."""


_is_loopback = pattern(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?").fullmatch
_TOO_LARGE = "This form is too large."
_UNREAD: Mapping[BodyProblem, tuple[str, int]] = {
    "encoded": ("A form must not be compressed.", 415),
    "too_large": (_TOO_LARGE, 413),
    "slow": (f"This form has not come within {PATIENCE_S:g} seconds. Send it again.", 408),
    "busy": ("Too many forms are being sent. Send it again.", 503),
}
_ELSEWHERE = "This host is not the console's: HARMONIA_CONSOLE_URL says where readers find it."


def with_headers(app: ASGIApp, metrics: ConsoleMetrics, public_url: str, bodies: BodyReader | None = None) -> ASGIApp:
    """The application with these headers on every answer, and its requests counted.

    `public_url`: where readers find it. A request that names another host than that, or none on loopback, is refused:
    a page of another site could else make its own name lead here. `bodies` reads forms, within its limits.
    """

    def count(scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        metrics.requests.labels(route, str(status)).inc()
        if route != "/events":
            metrics.seconds.labels(route).observe(seconds)

    broken = Response("Something went wrong here. Try again, and tell the operator.", 500, media_type="text/plain")
    return CountedRequests(_WithHeaders(app, public_url, bodies or BodyReader()), count, lambda: broken)


class _WithHeaders:
    def __init__(self, app: ASGIApp, public_url: str, bodies: BodyReader) -> None:
        self._app = app
        self._bodies = bodies
        self._host = public_url.partition("://")[2]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                is_file = scope["path"].startswith(PATH) and message["status"] in (200, 304)
                headers.setdefault("Cache-Control", CACHED if is_file else "no-store")
            await send(message)

        if scope["type"] == "http" and not self._is_ours(Headers(scope=scope).get("host", "")):
            await PlainTextResponse(_ELSEWHERE, 421)(scope, receive, sending)
            return
        if scope["type"] == "http" and is_upload(scope):
            if not _is_short_enough(Headers(scope=scope).get("content-length", "")):
                await PlainTextResponse(_TOO_LARGE, 413, {"Connection": "close"})(scope, receive, sending)
                return
        elif scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            body = await self._bodies.read(Request(scope, receive), MOST_BYTES)
            if isinstance(body, str):
                text, status = _UNREAD[body]
                await PlainTextResponse(text, status, {"Connection": "close"})(scope, receive, sending)
                return
            receive = _before(body, receive)
        await self._app(scope, receive, sending)

    def _is_ours(self, host: str) -> bool:
        return host.lower() == self._host.lower() if self._host else _is_loopback(host) is not None


def is_upload(scope: Scope) -> bool:
    """Whether a request sends a list, which may be longer than a form and is not read here."""
    kind = Headers(scope=scope).get("content-type", "")
    return scope["method"] == "POST" and scope["path"] == UPLOAD and kind.lower().startswith("multipart/form-data")


def _is_short_enough(length: str) -> bool:
    """Whether a body says how long it is, beyond which nothing is read, and is no longer than a list may be."""
    return length.isascii() and length.isdigit() and int(length) <= MOST_LIST_BYTES


def _before(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read before what else is received."""
    left = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def received() -> Message:
        found = next(left, None)
        return await receive() if found is None else found

    return received
