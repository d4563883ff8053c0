"""Waiting for what can be seen, with a deadline, instead of sleeping for what may have happened."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")

PATIENCE_S = 240.0
"""Who waits longer hangs. It does not say how fast anything is: slow machines take minutes for what takes seconds."""
_LOOK_AGAIN_S = 0.02
_BETWEEN_LOOKS = threading.Event()


def until(look: Callable[[], Seen | None], what: str, patience: float = PATIENCE_S) -> Seen:
    """The first thing seen that is neither None nor False. Raises `TimeoutError` that says what did not come."""
    deadline = time.monotonic() + patience
    while True:
        seen = look()
        if seen is not None and seen is not False:
            return seen
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {patience:.0f} s: {what}")
        _BETWEEN_LOOKS.wait(_LOOK_AGAIN_S)
