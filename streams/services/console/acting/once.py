"""Remembers in Redis which forms of a session were sent, so that each is done once, however often it comes.

A form has a random key. Its act, its fields, its session and that key are one act: the page that is loaded again, the
button that is clicked twice and the browser that sends it anew get the outcome of the first time. With other fields it
is another act. Redis has a hash of all that, never a field.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Mapping

import msgspec
from redis.asyncio import Redis

from sinks.base import SinkUnavailable
from sinks.redis_call import Backoff, call_redis
from streams.services.console.outcomes import BROKEN_OFF, STILL_RUNNING, Outcome
from streams.services.console.signin import LONGEST_S

ACT = "console:act:"
LONGEST_ACT_S = 60
"""Seconds after which an act without an outcome counts as broken off: no act waits as long."""
_WAIT_S = 25.0
_LOOK_AGAIN_S = 0.1


class _Entry(msgspec.Struct, frozen=True):
    """An act that has begun `at`, ms since 1970, and what became of it; None: nobody knows yet.

    `token`: of the one call that began it.
    """

    at: int
    outcome: Outcome | None = None
    token: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Entry).decode


def name_of(session: str, key: str, act: str, said: Mapping[str, str]) -> str:
    """The name of an act in Redis: the same for the same form of the same session, and for no other."""
    parts = [session, key, act, *(f"{name}={value}" for name, value in sorted(said.items()))]
    return ACT + hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


class Once:
    """Acts in one Redis. `begin` may raise SinkUnavailable."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._backoff = Backoff()

    async def begin(self, name: str, now_ms: int) -> Outcome | None:
        """None: it is to be done now. Else what became of it before; of one that is under way that is waited for."""
        given_up = time.monotonic() + _WAIT_S
        token = secrets.token_hex(8)
        begun = _encode(_Entry(now_ms, token=token))
        while True:
            if await call_redis(self._client.set(name, begun, ex=LONGEST_S, nx=True), self._backoff):
                return None
            found = await call_redis(self._client.get(name), self._backoff)
            if found is not None:
                entry = _decode(found)
                if entry.outcome is not None:
                    return entry.outcome
                if entry.token == token:
                    return None  # Redis took it, its answer was lost, and the client sent it again
                if now_ms - entry.at > 1000 * LONGEST_ACT_S:
                    return BROKEN_OFF
            if time.monotonic() > given_up:
                return STILL_RUNNING
            await asyncio.sleep(_LOOK_AGAIN_S)  # Redis does not notify, and another process may be doing it

    async def ended(self, name: str, now_ms: int, outcome: Outcome) -> None:
        """Remember what became of it. Where Redis does not take that, whoever sends it again is told to look."""
        try:
            await call_redis(self._client.set(name, _encode(_Entry(now_ms, outcome)), ex=LONGEST_S), self._backoff)
        except SinkUnavailable:
            return

    async def forget(self, name: str) -> None:
        """It was never begun: the next time it is to be done."""
        try:
            await call_redis(self._client.delete(name), self._backoff)
        except SinkUnavailable:
            return
