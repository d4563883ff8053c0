"""Reads request bodies within limits of size, time, and the memory of all that are being read at once.

A signature covers the whole body, so it has to be read before anything is proven, and whoever finds the address may
send one.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fastapi import Request
from starlette.requests import ClientDisconnect

MOST_BYTES = 8 << 20
MOST_AT_ONCE = 128 << 20
PATIENCE_S = 30.0
_MOST_DIGITS = 19

BodyProblem = Literal["encoded", "too_large", "busy", "slow"]
"""Why a body was not read: compressed, too long, too many at once, or not complete in time."""
CURES: Mapping[BodyProblem, str] = {
    "encoded": "Leave Content-Encoding out",
    "too_large": f"Send {MOST_BYTES >> 20} MiB at most, in several requests",
    "busy": "Too many are sending: send it again",
    "slow": f"Send all of it within {PATIENCE_S:g} s",
}


@dataclass(eq=False, slots=True)
class _Reading:
    """A body that is being read. `ended`: it was given up to make room for others."""

    end: asyncio.Timeout
    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    ended: bool = False


class BodyReader:
    """Reads bodies. `held`: bytes of all that are being read now.

    Where they exceed `at_once`, the one that has been read longest is given up: so bodies that are sent at once are
    read, however many others begin and stall.
    """

    def __init__(self, at_once: int = MOST_AT_ONCE, patience_s: float = PATIENCE_S) -> None:
        self._at_once = at_once
        self._patience_s = patience_s
        self._being_read: dict[_Reading, None] = {}
        self.held = 0

    async def read(self, request: Request, most: int = MOST_BYTES) -> bytes | BodyProblem:
        """The whole body, or why it was not read. `most`: bytes that it may have."""
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return "encoded"
        if _declared(request) > most:
            return "too_large"
        reading = _Reading(asyncio.timeout(self._patience_s))
        self._being_read[reading] = None
        try:
            async with reading.end:
                return await self._parts(request, reading, most)
        except (TimeoutError, ClientDisconnect):
            return "busy" if reading.ended else "slow"
        finally:
            self._let_go(reading)

    async def _parts(self, request: Request, reading: _Reading, most: int) -> bytes | BodyProblem:
        async for part in request.stream():
            if reading.ended:
                return "busy"
            reading.size += len(part)
            self.held += len(part)
            if reading.size > most:
                return "too_large"
            reading.parts.append(part)
            self._make_room()
        return "busy" if reading.ended else b"".join(reading.parts)

    def _make_room(self) -> None:
        while self.held > self._at_once:
            longest = next(iter(self._being_read))
            longest.ended = True
            if not longest.end.expired():
                longest.end.reschedule(0)
            self._let_go(longest)

    def _let_go(self, reading: _Reading) -> None:
        if reading in self._being_read:
            del self._being_read[reading]
            self.held -= reading.size
            reading.parts.clear()


def _declared(request: Request) -> int:
    """The length that the header declares, with leading zeros dropped; 0 if it declares none."""
    digits = request.headers.get("content-length", "").lstrip("0")[: _MOST_DIGITS + 1]
    return int(digits) if digits.isdecimal() else 0
