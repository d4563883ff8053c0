"""Limits what unauthenticated clients may take of a server: header bytes, time, and connections.

uvicorn's faster reader of HTTP has no such limits of its own. Whoever reaches the port could else send a header without
an end, thousands of them, or none at all on as many connections as the process has descriptors.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import NoReturn

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

logger = logging.getLogger(__name__)

MAX_HEAD_BYTES = 64 << 10
MAX_HEADERS = 100
MAX_PIPELINED = 16
MOST_CONNECTIONS = 1_024
SLICE = 32 << 10
"""Bytes that are read at a time, so that a limit is noticed soon."""

_SORRY = b"Too many connections: send it again.\n"
_CROWDED = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 5\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_SORRY), _SORRY)
)
_KNOWN = "harmonia.known"
"""Key in the ASGI scope of the function that `mark_known` calls."""
_TOO_MUCH = "The headers are too large or too many."


class _TooMuch(Exception):
    """Ends the reading of a request, in a way that the parser knows."""


class Connections(ServerState):
    """The connections of one server, `most` at most.

    A further one replaces the one that has waited longest without sending a whole request, so that clients who send at
    once are answered, however many send nothing. If all are being answered the new one is closed. `waiting`: clients
    who have not shown who they are. `known`: clients who have and are sending a body, whoever was silent for longest
    first. These are replaced only while they have more than half of all connections.
    """

    def __init__(self, most: int = MOST_CONNECTIONS) -> None:
        super().__init__()
        self.most = most
        self.waiting: dict[LimitedConnection, None] = {}
        self.known: OrderedDict[LimitedConnection, None] = OrderedDict()

    def make_room(self) -> None:
        """Close a connection if there are too many."""
        if len(self.connections) <= self.most:
            return
        logger.warning("%d connections, as many as there may be: whichever has waited longest is closed", self.most)
        replaced = self.known if len(self.known) > self.most // 2 else self.waiting
        next(iter(replaced)).turn_away()

    def forget(self, connection: "LimitedConnection") -> None:
        """Replace a connection no more: it is being answered, or has ended."""
        self.waiting.pop(connection, None)
        self.known.pop(connection, None)


def mark_known(scope: Scope) -> None:
    """Say that a request is of somebody who has shown who they are: strangers do not end it while its body comes."""
    mark: Callable[[], None] | None = scope.get(_KNOWN)
    if mark is not None:
        mark()


class LimitedConnection(HttpToolsProtocol):
    """An HTTP connection that limits the bytes, number and time of each request's headers.

    Too many or too long: 400, and it is closed. Too slow, or not reading its answers: it is closed.
    `server_state` must be `Connections`.
    """

    head_s = 10.0
    """Seconds from a connection's start, or from the answer before, until all headers must be there."""
    answer_s = 30.0
    """Seconds in which an answer that waits to be read must move."""

    server_state: Connections
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _in_head = False
    _moved = False
    _is_too_much = False
    _since: float | None = None
    _partly = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio."""
        super().connection_made(transport)
        self._wait()
        self.server_state.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self.server_state.forget(self)
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if len(data) <= SLICE:
            self._take(data)
            return
        whole = memoryview(data)
        for start in range(0, len(data), SLICE):
            if self.transport.is_closing():
                return
            self._take(whole[start : start + SLICE])

    def _take(self, data: bytes | memoryview) -> None:
        self._moved = False
        super().data_received(data)  # type: ignore[arg-type]
        self._partly = 0 if self._moved else self._partly + len(data)
        if self._partly > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._is_too_much = True
            self.send_400_response(_TOO_MUCH)

    def send_400_response(self, msg: str) -> None:
        """See uvicorn, which does not tell one fault from another."""
        super().send_400_response(_TOO_MUCH if self._is_too_much else msg)

    def on_message_begin(self) -> None:
        """See uvicorn."""
        if len(self.pipeline) >= MAX_PIPELINED:
            self._refuse()
        super().on_message_begin()
        self._in_head, self._moved = True, True
        self.server_state.waiting.setdefault(self)

    def on_headers_complete(self) -> None:
        """See uvicorn. What comes after the body is none of the headers that the application sees."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > MAX_HEADERS or size > MAX_HEAD_BYTES:
            self._refuse()
        self._in_head, self._moved = False, True
        self._since = None
        self.scope[_KNOWN] = self._become_known  # type: ignore[literal-required]
        super().on_headers_complete()
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """See uvicorn."""
        self._moved = True
        if self in self.server_state.known:
            self.server_state.known.move_to_end(self)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See uvicorn."""
        self._moved = True
        if not self.cycle.response_complete:
            self.server_state.forget(self)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """See uvicorn."""
        under_way = bool(self.pipeline)
        super().on_response_complete()
        if self.transport.is_closing():
            self._let_go()
        elif not under_way:
            self._wait()

    def pause_writing(self) -> None:
        """See asyncio."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.answer_s, self.transport.abort)

    def resume_writing(self) -> None:
        """See asyncio."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def timeout_keep_alive_handler(self) -> None:
        """See uvicorn."""
        self._end()

    def turn_away(self) -> None:
        """Close it to make room for others; a client that has begun a request gets 503."""
        if self.cycle is None or self.cycle.response_complete:
            asks = self._in_head or self.cycle is None
        else:
            asks = not self.cycle.response_started
        if asks:
            self.transport.write(_CROWDED)
        self._end()

    def _become_known(self) -> None:
        if self in self.server_state.waiting:
            del self.server_state.waiting[self]
            self.server_state.known[self] = None

    def _wait(self) -> None:
        """Start the time limit for the headers of a request."""
        self.server_state.known.pop(self, None)
        self.server_state.waiting.setdefault(self)
        if self._since is None:
            self._since = self.loop.time()
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.head_s, self._check_deadline)

    def _check_deadline(self) -> None:
        """Close the connection if its time is up, else look again; one timer serves many requests."""
        self._deadline = None
        if self._since is None:
            return
        left = self._since + self.head_s - self.loop.time()
        if left > 0:
            self._deadline = self.loop.call_later(left, self._check_deadline)
        else:
            self._end()

    def _stop_waiting(self) -> None:
        self._since = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        self.server_state.forget(self)
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.close()
        self._let_go()

    def _let_go(self) -> None:
        """Abort a closed connection whose answer is not read in time."""
        if self.transport.get_write_buffer_size() and self._unread is None:
            self._unread = self.loop.call_later(self.answer_s, self.transport.abort)

    def _refuse(self) -> NoReturn:
        self._is_too_much = True
        raise _TooMuch
