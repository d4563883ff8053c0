"""What a worker stands on: the memory of its Redis and the disk of its state, looked at now and then."""

import asyncio
import logging
from pathlib import Path

from mode import Service
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streams.worker.measuring.fullness import disk_used, memory_used
from streams.worker.measuring.operations import StandingMetrics

logger = logging.getLogger(__name__)

INTERVAL_S = 10.0


class Surroundings(Service):
    """Measures both. Takes `redis` over and closes it."""

    def __init__(self, redis: Redis, state_dir: Path, metrics: StandingMetrics) -> None:
        super().__init__()
        self._redis = redis
        self._state_dir = state_dir
        self._metrics = metrics

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            await self._look_at_redis()
            self._metrics.state_disk.set(await asyncio.to_thread(disk_used, self._state_dir))
            await self.sleep(INTERVAL_S)

    async def on_stop(self) -> None:
        await self._redis.aclose()

    async def _look_at_redis(self) -> None:
        """One that is away keeps the last figure; that it is away is told by the sinks."""
        try:
            self._metrics.redis_memory.set(memory_used(await self._redis.info("memory")))
        except (RedisError, OSError) as error:
            logger.info("asking Redis for its memory: %s", type(error).__name__)
