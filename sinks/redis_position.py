"""Where a sink on Redis stands in its topic: the part that all of them share, beside what they keep.

The position is a hash beside the data (`scripts`), moved by the same script that writes them.
"""

from collections.abc import Awaitable, Sequence
from copy import copy
from typing import Self, TypeVar

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from sinks import redis_scripts
from sinks.backoff import Outage
from sinks.base import Position, Whole
from sinks.keys import position_key, text
from sinks.redis_call import TIMEOUT_S, ask

Answer = TypeVar("Answer")


class Standing:
    """The positions of one sink on one Redis or Valkey server, which it takes over from the caller and closes.

    `client` had better not retry by itself: a repeated write whose first answer was lost is refused, and costs the
    caller a question for the position.
    `stale_after` and `timeout` are seconds: how old a position may be, by the server's clock, and how long a call may
    take, connecting included. Two sinks may work on one partition (a frozen owner wakes up): at most one gets on.
    """

    def __init__(
        self,
        client: Redis,
        topic: str,
        *,
        stale_after: float,
        timeout: float = TIMEOUT_S,
        outage: Outage | None = None,
    ) -> None:
        self._client = client
        self.topic = topic
        self._stale_after = str(round(stale_after * 1000))
        self._timeout = timeout
        self._outage = outage or Outage()
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
        return await self._did(self._touch, [self._place(partition)], [self._stale_after, *words(position)])

    async def whole(self, partition: int, position: Position, standing: Whole) -> bool:
        """See Sink."""
        told = [self._stale_after, *words(position), str(standing.age_ms), str(standing.partitions)]
        return await self._did(self._whole, [self._place(partition)], told)

    async def close(self) -> None:
        """See Sink."""
        await self._client.aclose()

    def _place(self, partition: int) -> str:
        return position_key(partition, self.topic)

    async def _did(self, script: AsyncScript, keys: list[str], args: Sequence[str | bytes]) -> bool:
        return bool(await self._ask(script(keys=keys, args=args)))

    async def _ask(self, call: Awaitable[Answer]) -> Answer:
        return await ask(call, self._outage, self._timeout)


def words(position: Position | None) -> tuple[str, str]:
    """A position as scripts take it."""
    return ("", "") if position is None else (position.topic_id, str(position.offset))
