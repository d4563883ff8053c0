"""The body of a request, read no further than it may be long, and no more of all of them than memory should hold.

A signature is of the whole body, so it has to be read before anything is proven, and whoever finds the address may send
one: all that are being read at once have a limit together, and each has an end in time.
"""

import asyncio
from collections.abc import Mapping
from typing import Literal

from fastapi import Request
from starlette.requests import ClientDisconnect

MOST_BYTES = 8 << 20
MOST_AT_ONCE = 128 << 20
PATIENCE_S = 30.0

Unread = Literal["encoded", "too_large", "busy", "slow"]
"""Why there is no body: packed, too long, too many at once, or not all there in time."""
CURES: Mapping[Unread, str] = {
    "encoded": "Leave Content-Encoding out",
    "too_large": f"Send {MOST_BYTES >> 20} MiB at most, in several requests",
    "busy": "Too many are sending: send it again",
    "slow": f"Send all of it within {PATIENCE_S:g} s",
}


class Bodies:
    """Reads bodies. `held`: bytes of all that are being read now."""

    def __init__(self, at_once: int = MOST_AT_ONCE, patience_s: float = PATIENCE_S) -> None:
        self._at_once = at_once
        self._patience_s = patience_s
        self.held = 0

    async def read(self, request: Request) -> bytes | Unread:
        """All of it, or why not."""
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return "encoded"
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > MOST_BYTES:
            return "too_large"
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._parts(request)
        except (TimeoutError, ClientDisconnect):
            return "slow"

    async def _parts(self, request: Request) -> bytes | Unread:
        parts: list[bytes] = []
        size = 0
        try:
            async for part in request.stream():
                size += len(part)
                self.held += len(part)
                if size > MOST_BYTES:
                    return "too_large"
                if self.held > self._at_once:
                    return "busy"
                parts.append(part)
            return b"".join(parts)
        finally:
            self.held -= size
