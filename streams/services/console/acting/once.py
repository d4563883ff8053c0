"""Remembers in Redis which forms of a session were sent, so that each is done once, however often it comes.

A form has a random key. Its act, its fields, its session and that key are one act: the page that is loaded again, the
button that is clicked twice and the browser that sends it anew get the outcome of the first time. With other fields it
is another act, and so it is where nothing was done the first time. Redis has a hash of all that, never a field.
"""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping

import msgspec
from redis.asyncio import Redis

from sinks.base import SinkUnavailable
from sinks.redis_call import Backoff, call_redis
from streams.services.console.outcomes import BROKEN_OFF, NOT_KNOWN_YET, STILL_RUNNING, Outcome
from streams.services.console.signin import LONGEST_S

ACT = "console:act:"
LONGEST_ACT_S = 60
"""Seconds after which an act without an outcome counts as broken off: no act waits as long."""
_WAIT_S = 25.0
_LOOK_AGAIN_S = 0.1
_MOST_UNTOLD = 1000
_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1
"""
"""Puts ARGV[2] in the place of ARGV[1], and takes that out where ARGV[2] is empty, unless there is something else."""


class _Entry(msgspec.Struct, frozen=True):
    """An act that has begun `at`, ms since 1970, and what became of it; None: nobody knows yet.

    `token`: of the one call that began it, so that no two entries are alike.
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
    """Acts in one Redis. `begin` may raise SinkUnavailable.

    What Redis was told while it was away may be there or not. Whoever told it remembers what is so: nothing was done
    where a beginning has failed, and what became of an act where its end has.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._backoff = Backoff()
        self._doing: dict[str, bytes] = {}
        """The entry by which each act was begun that is being done here."""
        self._untold: OrderedDict[bytes, Outcome | None] = OrderedDict()
        """What became of acts whose entries in Redis do not say it; None: nothing was done."""

    async def begin(self, name: str, now_ms: int) -> Outcome | None:
        """None: it is to be done now. Else what became of it before; of one that is under way that is waited for."""
        begun = _encode(_Entry(now_ms, token=secrets.token_hex(8)))
        try:
            found = await self._begun(name, now_ms, begun)
        except BaseException:
            self._remember(begun, None)
            raise
        if found is None:
            self._doing[name] = begun
        return found

    async def _begun(self, name: str, now_ms: int, begun: bytes) -> Outcome | None:
        given_up = time.monotonic() + _WAIT_S
        while True:
            if await call_redis(self._client.set(name, begun, ex=LONGEST_S, nx=True), self._backoff):
                return None
            found = await call_redis(self._client.get(name), self._backoff)
            if found == begun:
                return None  # Redis took it, its answer was lost, and the client sent it again
            if isinstance(found, bytes):
                outcome = self._told(found, now_ms)
                if outcome is not None:
                    return outcome
                if found in self._untold and await self._put(name, found, begun):
                    return None
            if time.monotonic() > given_up:
                return STILL_RUNNING if found in self._doing.values() else NOT_KNOWN_YET
            await asyncio.sleep(_LOOK_AGAIN_S)  # Redis does not notify, and another process may be doing it

    def _told(self, found: bytes, now_ms: int) -> Outcome | None:
        """What became of an act by its entry; None: nobody knows yet, or nothing was done."""
        entry = _decode(found)
        if entry.outcome is not None or found in self._untold:
            return entry.outcome or self._untold.get(found)
        return BROKEN_OFF if now_ms - entry.at > 1000 * LONGEST_ACT_S else None

    async def ended(self, name: str, now_ms: int, outcome: Outcome) -> None:
        """Remember what became of it. Where Redis does not take that, this console alone knows."""
        begun = self._doing.pop(name, b"")
        try:
            await call_redis(self._client.set(name, _encode(_Entry(now_ms, outcome)), ex=LONGEST_S), self._backoff)
        except SinkUnavailable:
            self._remember(begun, outcome)

    async def forget(self, name: str) -> None:
        """Nothing was done: the next time it is to be done."""
        begun = self._doing.pop(name, b"")
        try:
            await self._put(name, begun, b"")
        except SinkUnavailable:
            self._remember(begun, None)

    async def _put(self, name: str, found: bytes, put: bytes) -> bool:
        """Put something in the place of an entry, or nothing; False: there is another one by now."""
        replacing = self._client.register_script(_REPLACE)(keys=[name], args=[found, put, LONGEST_S])
        return bool(await call_redis(replacing, self._backoff))

    def _remember(self, begun: bytes, outcome: Outcome | None) -> None:
        self._untold[begun] = outcome
        if len(self._untold) > _MOST_UNTOLD:
            self._untold.popitem(last=False)
