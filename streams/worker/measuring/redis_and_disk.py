"""How full a worker's Redis and the disk of its state are, measured every ten seconds."""

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Any

from mode import Service
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streams.worker.metrics import OperationsMetrics

logger = logging.getLogger(__name__)

INTERVAL_S = 10.0


def memory_used(info: dict[str, Any]) -> float:
    """How full Redis's memory is, from 0 to 1, by the answer to INFO memory.

    Of what it may take, or of the whole machine's where it may take all.
    """
    most = int(info.get("maxmemory") or info.get("total_system_memory") or 0)
    return int(info["used_memory"]) / most if most else 0.0


def disk_used(folder: Path) -> float:
    """How full the disk of a folder is, from 0 to 1, as `df` counts: what only root may use is not there."""
    usage = shutil.disk_usage(folder)
    return usage.used / (usage.used + usage.free) if usage.used + usage.free else 0.0


class RedisAndDiskMonitor(Service):
    """Measures the memory of Redis and the disk of the state directory. Takes `redis` over and closes it."""

    def __init__(self, redis: Redis, state_dir: Path, metrics: OperationsMetrics) -> None:
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
        """Measure Redis's memory. While it is away the last figure stays; that it is away is told by the sinks."""
        try:
            self._metrics.redis_memory.set(memory_used(await self._redis.info("memory")))
        except (RedisError, OSError) as error:
            logger.info("asking Redis for its memory: %s", type(error).__name__)
