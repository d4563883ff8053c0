"""Makes SIGTERM and SIGHUP end a block as an exception does, so that what it has started is stopped.

By themselves they end Python at once, without cleaning up: servers in sessions of their own would outlive it.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def signals_end_the_block() -> Iterator[None]:
    """Within the block both signals raise SystemExit, as Ctrl-C raises KeyboardInterrupt; main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: FrameType | None) -> None:
        for each in before:  # a second one must not cut the cleaning up short
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {each: signal.signal(each, leave) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
