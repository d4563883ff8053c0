"""A vendor's API on loopback that takes nothing which its description does not allow, and can be made to fail.

What is not allowed is answered with 400 and kept in `wrong`, so that a test which went well can say that none was.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

Fault = Literal["500", "503 for a time", "429", "429 by time", "dropped", "answer lost", "redirect", "nonsense"]


class Call(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class Reply(NamedTuple):
    """What is answered. `body`: JSON, or the bytes of a file."""

    status: int
    body: Any = None


class NotAllowed(Exception):
    """A request that the description of the API does not allow."""


@dataclass
class FastClock:
    """A clock that is put forward by whoever waits, shared by the server and whoever calls it."""

    at: float = 1_770_224_400.0
    waited: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.at += seconds


class VendorServer:
    """The part that both vendors share. `faults`: what becomes of the calls to come, by their number from 1; a reply is
    given instead of what would have been answered.

    `refuses`: addresses of whom no change is taken.
    """

    def __init__(self, clock: FastClock | None = None) -> None:
        self.clock = clock
        self.calls: list[Call] = []
        self.wrong: list[str] = []
        self.faults: dict[int, Fault | Reply] = {}
        self.refuses: set[str] = set()
        self.before: Callable[[Call], object] = lambda call: None
        self._guard = threading.Lock()
        handler = type("Handler", (_Handler,), {"vendor": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, call: Call) -> Reply:
        raise NotImplementedError

    def forget_calls(self) -> None:
        self.calls.clear()
        self.faults.clear()

    def writes(self) -> list[Call]:
        """Calls that change something at the vendor."""
        return [call for call in self.calls if self.is_write(call)]

    def is_write(self, call: Call) -> bool:
        return call.method != "GET"

    def counted(self) -> Counter[tuple[str, str]]:
        return Counter((call.method, call.path) for call in self.calls)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def take(self, call: Call) -> tuple[Reply | None, dict[str, str]]:
        """The reply and headers; None: the connection is dropped without one."""
        self.before(call)
        with self._guard:
            self.calls.append(call)
            fault = self.faults.get(len(self.calls))
            if fault == "dropped":
                return None, {}
            if isinstance(fault, Reply):
                return fault, {}
            if fault is not None and fault != "answer lost":
                return self._faulty(fault)
            try:
                reply = self.answer(call)
            except NotAllowed as error:
                self.wrong.append(f"{call.method} {call.path}: {error}")
                reply = Reply(400, {"error": "not as described"})
            return (None if fault == "answer lost" else reply), {}

    def _faulty(self, fault: Fault) -> tuple[Reply, dict[str, str]]:
        now = 0.0 if self.clock is None else self.clock.now()
        if fault == "redirect":
            return Reply(302), {"Location": "http://127.0.0.1:1/elsewhere"}
        if fault == "nonsense":
            return Reply(200, b"<html>"), {}
        if fault == "503 for a time":
            return Reply(503), {"Retry-After": "13"}
        if fault == "429":
            return Reply(429), {"Retry-After": "7"}
        return (Reply(429), {"X-RateLimit-Reset": f"{now + 11:.0f}"}) if fault == "429 by time" else (Reply(500), {})


class _Handler(BaseHTTPRequestHandler):
    vendor: VendorServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _take(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        call = Call(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {},
            {name.lower(): value for name, value in self.headers.items()},
            json.loads(raw) if raw else None,
        )
        reply, headers = self.vendor.take(call)
        if reply is None:
            self.close_connection = True
            self.connection.close()
            return
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        content = b"" if reply.body is None else content
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _take  # noqa: N815 (as the library calls them)

    def log_message(self, *_: object) -> None:
        """Nothing: requests are kept."""


def require(holds: bool, why: str) -> None:
    """Refuse a request for which something does not hold."""
    if not holds:
        raise NotAllowed(why)


def only(found: dict[str, Any], allowed: set[str], what: str) -> None:
    """Refuse what has other fields than those of the description."""
    require(isinstance(found, dict) and {*found} <= allowed, f"{what} has fields besides {sorted(allowed)}")
