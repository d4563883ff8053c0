"""A limit for what comes before a token can be looked at: uvicorn's faster reader of HTTP has none of its own.

Whoever reaches the port could else send a header without an end, and the process would keep all of it.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 << 10


class LimitedHeads(HttpToolsProtocol):
    """Closes a connection whose request line and headers have no end within `MAX_HEAD_BYTES`, and a read."""

    _in_head = False
    _is_new = False
    _size = 0

    def on_message_begin(self) -> None:
        """See uvicorn."""
        super().on_message_begin()
        self._in_head, self._is_new, self._size = True, True, 0

    def on_headers_complete(self) -> None:
        """See uvicorn."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """See uvicorn. The read in which a request begins does not count: most of it may be of the one before."""
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._size += 0 if self._is_new else len(data)
            self._is_new = False
            if self._size > MAX_HEAD_BYTES:
                self.send_400_response("The headers are too large.")
