"""Limits how often somebody does something in a minute; Redis counts it, for all processes together."""

import hashlib

from redis.asyncio import Redis

from sinks.redis_call import Backoff, call_redis

PREVIEWS_A_MINUTE = 30
"""Definitions of segments that one person, or one team over HTTP, may preview: many would find a number out."""


class MinuteLimit:
    """Counts acts under keys that begin with `prefix`, and lets `most` pass in the minute after the first.

    Redis holds a hash of who acts. Every call may raise SinkUnavailable.
    """

    def __init__(self, client: Redis, prefix: str, most: int) -> None:
        self._client = client
        self._prefix = prefix
        self._most = most
        self._backoff = Backoff()

    async def allows(self, who: str, acts: int = 1) -> bool:
        """Count acts; False: with them there are more than there may be in this minute."""
        key = self._key(who)
        async with self._client.pipeline(transaction=True) as calls:
            calls.set(key, 0, ex=60, nx=True)
            calls.incrby(key, acts)
            counted = await call_redis(calls.execute(), self._backoff)
        return int(counted[1]) <= self._most

    async def take_back(self, who: str, acts: int = 1) -> None:
        """Count acts no longer that were counted. Those of a minute that is over take nothing from the next one."""
        key = self._key(who)
        async with self._client.pipeline(transaction=True) as calls:
            calls.set(key, acts, ex=60, nx=True)
            calls.incrby(key, -acts)
            await call_redis(calls.execute(), self._backoff)

    def _key(self, who: str) -> str:
        return self._prefix + hashlib.sha256(who.encode()).hexdigest()[:32]
