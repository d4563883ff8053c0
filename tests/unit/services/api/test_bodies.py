"""Bodies of requests: whole, or refused before they fill the memory, and nothing is held of what has ended."""

import asyncio
from collections.abc import Iterable

from fastapi import Request
from starlette.types import Message

from streams.services.api.bodies import MOST_BYTES, BodyReader


def request(parts: Iterable[bytes], *headers: tuple[bytes, bytes], waits: asyncio.Event | None = None) -> Request:
    waiting = iter([*parts])

    async def receive() -> Message:
        part = next(waiting, None)
        if part is None and waits is not None:
            waits.set()
            await asyncio.Event().wait()
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    return Request({"type": "http", "headers": [*headers]}, receive)


async def test_a_body_that_is_too_long_is_refused_whatever_length_it_declares() -> None:
    bodies = BodyReader()

    assert await bodies.read(request([], (b"content-length", str(MOST_BYTES + 1).encode()))) == "too_large"
    assert await bodies.read(request([b"x" * MOST_BYTES, b"x"], (b"content-length", b"1"))) == "too_large"
    assert bodies.held == 0


async def test_beyond_the_limit_of_all_together_whoever_has_been_read_longest_makes_room() -> None:
    bodies = BodyReader(at_once=10)
    first, second = asyncio.Event(), asyncio.Event()
    silent = asyncio.create_task(bodies.read(request([b"x" * 6], waits=first)))
    await first.wait()
    later = asyncio.create_task(bodies.read(request([b"z" * 2], waits=second)))
    await second.wait()

    assert await bodies.read(request([b"y" * 8])) == b"y" * 8
    assert await silent == "busy"
    assert bodies.held == 2
    later.cancel()
    await asyncio.wait([later])
    assert bodies.held == 0


async def test_a_body_beyond_the_limit_of_all_by_itself_is_ended() -> None:
    bodies = BodyReader(at_once=10)

    assert await bodies.read(request([b"x" * 8, b"x" * 8])) == "busy"
    assert await bodies.read(request([b"x" * 16])) == "busy"
    assert bodies.held == 0


async def test_zeros_before_a_length_do_not_make_it_longer() -> None:
    assert await BodyReader().read(request([b"abcde"], (b"content-length", b"0" * 5_000 + b"5"))) == b"abcde"
    assert await BodyReader().read(request([b"abcde"], (b"content-length", b"9" * 5_000))) == "too_large"


async def test_a_body_whose_sender_has_gone_is_given_up() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    bodies = BodyReader()

    assert await bodies.read(Request({"type": "http", "headers": []}, receive)) == "slow"
    assert bodies.held == 0
