"""A process that is told to stop ends in time, whatever is away: hard, if it must be."""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

EXIT_HARD = 70


def end_within(seconds: float, what: str, stop_process: Callable[[int], Any] = os._exit) -> threading.Timer:
    """End the process after so many seconds, unless it has ended by itself; returns the timer.

    At no point does that lose anything: what is not committed is done again. On a thread of its own, since an event
    loop that hangs would never look at the clock.
    """
    timer = threading.Timer(seconds, _end, (seconds, what, stop_process))
    timer.daemon = True
    timer.start()
    return timer


def _end(seconds: float, what: str, stop_process: Callable[[int], Any]) -> None:
    logger.critical(
        "%s has not stopped within HARMONIA_GRACE_S (%g s), so it ends now: what it had in hand is done again",
        what,
        seconds,
    )
    logging.shutdown()
    stop_process(EXIT_HARD)
