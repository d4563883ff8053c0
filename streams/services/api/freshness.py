"""How old the profiles are that permissions rest on, asked of Redis every few seconds, whether anybody asks or not."""

import asyncio
from collections.abc import Callable

from mode import Service
from prometheus_client import Gauge

from sinks.base import SinkUnavailable
from sinks.lookup import Complete, Lookup

INTERVAL_S = 2.0


class Freshness(Service):
    """Keeps `age` up to date: seconds since nothing was missing in Redis, counted on while it lacks something."""

    def __init__(self, lookup: Lookup, clock: Callable[[], int], age: Gauge) -> None:
        super().__init__()
        self._lookup = lookup
        self._whole_at = clock()
        age.set_function(lambda: max(0, clock() - self._whole_at) / 1000)

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            try:
                found = await self._lookup.standing()
            except SinkUnavailable as trouble:
                await asyncio.sleep(trouble.retry_after)
                continue
            if isinstance(found, Complete):
                self._whole_at = max(self._whole_at, found.as_of)
            await self.sleep(INTERVAL_S)
