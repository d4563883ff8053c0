"""Whether what Redis shows of people can be relied on, said beside what is shown."""

import asyncio

from sinks.base import SinkUnavailable
from sinks.lookup import Complete, Incomplete, Lookup
from streams.cli.saying import say
from streams.platform.clients import redis_client
from streams.platform.settings import Settings


def missing(settings: Settings) -> str | None:
    """What Redis lacks, or that it is behind; None: all that the topics had is in it."""
    found = asyncio.run(_standing(settings))
    if isinstance(found, Incomplete):
        return f"in Redis {found.where} is {found.why.replace('_', ' ')}"
    return found if isinstance(found, str) else None


def warn_of_what_is_missing(settings: Settings) -> None:
    """On standard error: what is there is worth looking at, and may be old."""
    if (lacking := missing(settings)) is not None:
        say(f"this may be old or lack something: {lacking}; does a worker run? See `harmonia status`", err=True)


async def _standing(settings: Settings) -> Complete | Incomplete | str:
    client = redis_client(settings)
    try:
        return await Lookup(client, settings.profiles_oldest_s).standing()
    except SinkUnavailable as trouble:
        return str(trouble)
    finally:
        await client.aclose()
