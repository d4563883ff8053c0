"""How fresh the figures of the desk are: as of when they are right, and whether anybody still feeds them."""

from typing import NamedTuple

from sinks.lookup import Complete, Incomplete
from streams.services.console.desk_reading import Freshness, freshness
from streams.services.console.desk_schema import SECOND_MS
from streams.services.console.page import PageRequest

STALE_S = 13.0
"""Seconds after which figures count as stopped: a worker that is killed shows within fifteen."""
_FLOW = "interactions"


class Standing(NamedTuple):
    """As of when figures are right, and since when nothing has come any more; None: not known, or it goes on."""

    as_of_ms: int | None
    stopped_at_ms: int | None


async def standing_of(asked: PageRequest, topic: str = _FLOW) -> Standing:
    """How fresh what the desk has of a topic is, and whether workers still feed it. Raises SinkUnavailable."""
    known = (await asked.ask(freshness, asked.wall_ms // SECOND_MS * SECOND_MS))[topic]
    redis = await asked.deps.lookup.standing()
    return standing(known, redis, asked.wall_ms, asked.deps.settings.profiles_oldest_s)


def standing(known: Freshness, redis: Complete | Incomplete, wall_ms: int, oldest_s: float) -> Standing:
    """The older of two: how far the desk has come, and how far the workers, whom Redis knows.

    A Redis that lacks something says nothing of the flow, but one that is too old does: no worker feeds it.
    """
    if isinstance(redis, Complete):
        as_of = None if known.as_of_ms is None else min(known.as_of_ms, redis.as_of)
        return Standing(as_of, known.stopped_at_ms)
    if redis.why != "too_old":
        return Standing(known.as_of_ms, known.stopped_at_ms)
    last = wall_ms - round(1000 * oldest_s)
    stopped = last if known.as_of_ms is None else min(last, known.as_of_ms)
    return Standing(stopped, stopped)
