"""One call of Redis, as every sink and reader makes it: within a time limit, all failures as `SinkUnavailable`."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.exceptions import RedisError

from sinks.base import SinkUnavailable

Answer = TypeVar("Answer")

TIMEOUT_S = 5.0


class Backoff:
    """How long to leave a failing server alone: as long as it has failed already, within bounds.

    That doubles the wait each time, and many partitions that meet the same outage do not drive each other's wait up, as
    a count of failures would. Times are seconds of a monotonic clock.
    """

    def __init__(
        self, shortest: float = 0.1, longest: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shortest = shortest
        self._longest = longest
        self._clock = clock
        self._since: float | None = None

    def failed(self) -> float:
        """Note a failure; returns the seconds to wait before the next try."""
        now = self._clock()
        if self._since is None:
            self._since = now
        return min(self._longest, max(self._shortest, now - self._since))

    def over(self) -> None:
        """Note a success, which ends the outage."""
        self._since = None


async def call_redis(call: Awaitable[Answer], backoff: Backoff, limit_s: float = TIMEOUT_S) -> Answer:
    """Await the answer of a call. Raises SinkUnavailable when it fails or takes longer than `limit_s` seconds."""
    try:
        async with asyncio.timeout(limit_s):
            answer = await call
    except (RedisError, OSError, TimeoutError) as error:
        failure = type(error).__name__
    else:
        backoff.over()
        return answer
    # Outside the handler: the cause, whose text may name an address, does not go along as context.
    raise SinkUnavailable(f"redis: {failure}", backoff.failed())
