"""Trying again while a broker is away: with growing pauses, and not for ever."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.errors import KafkaError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

BROKER_TROUBLE = (KafkaError, OSError, TimeoutError)
ATTEMPTS = 11
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 1.6


async def retried(attempt: Callable[[], Awaitable[Result]], what: str) -> Result:
    """The result of the first attempt that the broker lets succeed; the last one's exception goes on up.

    Pauses double from 0.2 to 1.6 s, 12.6 s in all, so that a restarted broker is waited for and a lost one is not.
    """
    for number in range(1, ATTEMPTS):
        try:
            return await attempt()
        except BROKER_TROUBLE as error:
            logger.warning("%s failed (%s), attempt %d of %d", what, type(error).__name__, number, ATTEMPTS)
            await asyncio.sleep(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (number - 1)))
    return await attempt()
