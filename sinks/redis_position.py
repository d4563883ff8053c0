"""The base class of sinks on Redis: their position in each partition of a topic.

The position is a hash beside the data, moved by the same script that writes the data; see `redis_scripts`.
"""

from collections.abc import Awaitable, Sequence
from copy import copy
from typing import Self, TypeVar

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from sinks import redis_scripts
from sinks.base import Completeness, Position
from sinks.keys import position_key, text
from sinks.redis_call import TIMEOUT_S, Backoff, JoinedCalls, call_redis

Answer = TypeVar("Answer")


class RedisPositions:
    """A sink's positions on one Redis or Valkey server; a subclass adds `write` and `clear`.

    It takes `client` over and closes it. `client` had better not retry by itself: a repeated write whose first answer
    was lost is refused, and costs the caller a call for the position. `stale_after` and `timeout` are seconds: how old
    a position may be, by the server's clock, and how long a call may take, connecting included. Two sinks may work on
    one partition (a frozen owner wakes up): at most one of them can write.
    """

    def __init__(
        self,
        client: Redis,
        topic: str,
        *,
        stale_after: float,
        timeout: float = TIMEOUT_S,
        backoff: Backoff | None = None,
    ) -> None:
        self._client = client
        self.topic = topic
        self._stale_after = str(round(stale_after * 1000))
        self._timeout = timeout
        self._backoff = backoff or Backoff()
        self._joined = JoinedCalls(client, timeout)
        self._position = client.register_script(redis_scripts.POSITION)
        self._touch = client.register_script(redis_scripts.TOUCH)
        self._whole = client.register_script(redis_scripts.WHOLE)

    def reading(self, topic: str) -> Self:
        """See Sink."""
        other = copy(self)
        other.topic = topic
        return other

    async def position(self, partition: int) -> Position | None:
        """See Sink."""
        found = await self._ask(self._position(keys=[self._place(partition)], args=[self._stale_after]))
        return None if found is None else Position(text(found[0]), int(found[1]))

    async def touch(self, partition: int, position: Position) -> bool:
        """See Sink."""
        return await self._stands(self._touch, partition, [self._stale_after, *position_words(position)])

    async def whole(self, partition: int, position: Position, standing: Completeness) -> bool:
        """See Sink."""
        told = [self._stale_after, *position_words(position), str(standing.age_ms), str(standing.partitions)]
        return await self._stands(self._whole, partition, told)

    async def close(self) -> None:
        """See Sink."""
        await self._joined.close()
        await self._client.aclose()

    def _place(self, partition: int) -> str:
        return position_key(partition, self.topic)

    async def _stands(self, script: AsyncScript, partition: int, args: Sequence[str]) -> bool:
        asking = self._joined.ask(script, [self._place(partition)], args)
        return bool(await call_redis(asking, self._backoff, limit_s=None))  # joined calls have a limit of their own

    async def _did(self, script: AsyncScript, keys: list[str], args: Sequence[str | bytes]) -> bool:
        return bool(await self._ask(script(keys=keys, args=args)))

    async def _ask(self, call: Awaitable[Answer]) -> Answer:
        return await call_redis(call, self._backoff, self._timeout)


def position_words(position: Position | None) -> tuple[str, str]:
    """A position as scripts take it: topic_id and offset, both empty for none."""
    return ("", "") if position is None else (position.topic_id, str(position.offset))
