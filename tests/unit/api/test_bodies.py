"""Bodies of requests: whole, or refused before they fill the memory, and nothing is held of what has ended."""

import asyncio
from collections.abc import Iterable

from fastapi import Request
from starlette.types import Message

from streams.api.bodies import MOST_BYTES, Bodies


def request(parts: Iterable[bytes], *headers: tuple[bytes, bytes], waits: asyncio.Event | None = None) -> Request:
    waiting = iter([*parts])

    async def receive() -> Message:
        part = next(waiting, None)
        if part is None and waits is not None:
            waits.set()
            await asyncio.Event().wait()
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    return Request({"type": "http", "headers": [*headers]}, receive)


async def test_all_of_it() -> None:
    bodies = Bodies()

    assert await bodies.read(request([b"a", b"b"])) == b"ab"
    assert bodies.held == 0


async def test_what_is_too_long_whatever_it_declares() -> None:
    bodies = Bodies()

    assert await bodies.read(request([], (b"content-length", str(MOST_BYTES + 1).encode()))) == "too_large"
    assert await bodies.read(request([b"x" * MOST_BYTES, b"x"], (b"content-length", b"1"))) == "too_large"
    assert bodies.held == 0


async def test_all_together_have_a_limit() -> None:
    bodies = Bodies(at_once=10)
    waits = asyncio.Event()
    slow = asyncio.create_task(bodies.read(request([b"x" * 8], waits=waits)))
    await waits.wait()

    assert await bodies.read(request([b"y" * 8])) == "busy"
    slow.cancel()
    await asyncio.wait([slow])
    assert await bodies.read(request([b"y" * 8])) == b"y" * 8


async def test_one_that_does_not_end_is_ended() -> None:
    bodies = Bodies(patience_s=0.01)

    assert await bodies.read(request([b"x"], waits=asyncio.Event())) == "slow"
    assert bodies.held == 0


async def test_one_whose_sender_has_gone_is_ended() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    bodies = Bodies()

    assert await bodies.read(Request({"type": "http", "headers": []}, receive)) == "slow"
    assert bodies.held == 0


async def test_what_is_packed_is_not_taken_for_something_else() -> None:
    assert await Bodies().read(request([b"x"], (b"content-encoding", b"gzip"))) == "encoded"
