"""What a sink's agent does where a topic is deleted, and perhaps made anew, while it reads or is to write."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from streams.engine.partition_workers import Process
from streams.engine.runs import Run
from streams.platform.errors import MissingTopic

logger = logging.getLogger(__name__)

STILL_S = 5.0
"""Without a record, of a partition that has more: after that it is asked whether its topic is still the same."""


async def runs_of_same_topic(runs: AsyncIterator[Run], is_same: Callable[[], Awaitable[bool]]) -> AsyncIterator[Run]:
    """The runs until all have come, or until the topic is another one, whose records may never get as far.

    `is_same`: whether it is not, asked where none has come for a while. Raises what that raises.
    """
    while True:
        coming = asyncio.ensure_future(anext(runs, None))
        try:
            while not (await asyncio.wait({coming}, timeout=STILL_S))[0]:
                if not await is_same():
                    return
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        if (run := coming.result()) is None:
            return
        yield run


def passing_over_missing_topics(process: Process) -> Process:
    """The same for chunks of a sink, but that one which cannot be written for lack of a topic ends nothing.

    The topic may be about to be made. Where the sink stands is not known then, so that its next look reads the chunk
    again, or what is there instead.
    """

    async def processed(chunk: Run) -> None:
        try:
            await process(chunk)
        except MissingTopic as error:
            logger.warning("%s: writing to the sink: %s", chunk.tp, type(error).__name__)

    return processed
