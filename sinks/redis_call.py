"""One call of Redis, as every sink and reader makes it: within a time limit, its failures all of one kind."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from redis.exceptions import RedisError

from sinks.backoff import Outage
from sinks.base import SinkUnavailable

Answer = TypeVar("Answer")

TIMEOUT_S = 5.0


async def ask(call: Awaitable[Answer], outage: Outage, limit_s: float = TIMEOUT_S) -> Answer:
    """Await the answer. Raises SinkUnavailable outside the handler: no address goes along as context."""
    try:
        async with asyncio.timeout(limit_s):
            answer = await call
    except (RedisError, OSError, TimeoutError) as error:
        failure = type(error).__name__
    else:
        outage.over()
        return answer
    raise SinkUnavailable(f"redis: {failure}", outage.failed())
