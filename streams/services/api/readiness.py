"""Whether the API can answer now, and how old the profiles in Redis are.

Kubernetes sends nobody to a process that is not ready, and does not end it for that: `/livez` is another question.
"""

import asyncio
from collections.abc import Callable

from mode import Service
from prometheus_client import Gauge

from sinks.base import SinkUnavailable
from sinks.lookup import Complete, Lookup
from streams.platform.identity_key import describe_incomplete
from streams.services.api.dependencies import ApiDependencies


async def why_unready(deps: ApiDependencies) -> str | None:
    """Why requests could not be answered now, in the words of the problem documents; None: they could."""
    if not deps.audit.has_room:
        return "audit_unavailable: Kafka takes no records of audit-log"
    try:
        standing = await deps.lookup.standing()
    except SinkUnavailable:
        return "profiles_incomplete: Redis does not answer"
    if isinstance(standing, Complete):
        return None
    return f"profiles_incomplete: {describe_incomplete(standing)}"


INTERVAL_S = 2.0


class Freshness(Service):
    """Keeps the gauge `age` up to date: seconds since Redis last lacked nothing. Asks Redis every few seconds."""

    def __init__(self, lookup: Lookup, clock: Callable[[], int], age: Gauge) -> None:
        super().__init__()
        self._lookup = lookup
        self._whole_at = clock()
        age.set_function(lambda: max(0, clock() - self._whole_at) / 1000)

    @Service.task
    async def _poll(self) -> None:
        while not self.should_stop:
            try:
                found = await self._lookup.standing()
            except SinkUnavailable as trouble:
                await asyncio.sleep(trouble.retry_after)
                continue
            if isinstance(found, Complete):
                self._whole_at = max(self._whole_at, found.as_of)
            await self.sleep(INTERVAL_S)
