"""Remembers in Redis that somebody has a list at `/send`, for a console that has it no longer and has to say so.

The list itself is in files of one process. Redis has when it was judged and for which team, no row of it.
"""

import hashlib

import msgspec
from redis.asyncio import Redis

from sinks.redis_call import Backoff, call_redis
from streams.services.console.signin import LONGEST_S

_KEY = "console:list:"


class ListMark(msgspec.Struct, frozen=True):
    """That a list began to be judged `at_ms`, ms since 1970. `reserve_s`: for how long people were reserved, or 0.

    `list_id`: by which all who were reserved can be given back; empty in what an earlier version has written.
    `given_back`: how many were.
    """

    at_ms: int
    team: str
    reserve_s: int = 0
    list_id: str = ""
    given_back: int | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ListMark).decode


def _key(name: str) -> str:
    return _KEY + hashlib.sha256(name.encode()).hexdigest()


async def keep_mark(client: Redis, name: str, mark: ListMark) -> None:
    """Remember it for as long as a session may last. Raises SinkUnavailable."""
    await call_redis(client.set(_key(name), _encode(mark), ex=LONGEST_S), Backoff())


async def mark_of(client: Redis, name: str) -> ListMark | None:
    """What is remembered of somebody. Raises SinkUnavailable."""
    found = await call_redis(client.get(_key(name)), Backoff())
    return None if found is None else _decode(found)


async def forget_mark(client: Redis, name: str) -> None:
    """Forget it: whoever has let go of a list knows that it is gone. Raises SinkUnavailable."""
    await call_redis(client.delete(_key(name)), Backoff())
