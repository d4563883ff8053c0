"""How a process ends: a signal ends a block as an exception does, and a process that cannot end in time ends hard.

By themselves SIGTERM and SIGHUP end Python at once, without cleaning up: servers in sessions of their own would outlive
it. A process ends hard that was told to stop and does not end in time, and one that is out of memory.
"""

import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, NamedTuple


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


logger = logging.getLogger(__name__)

EXIT_HARD = 70
_LOOK_AGAIN_S = 0.2
_NO_MEMORY = (
    b"CRITICAL: out of memory, so this process ends now; what it had in hand is done again. "
    b"Give it more memory: docs/sizing.md\n"
)
_STDERR = 2


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


class Clock(NamedTuple):
    """Seconds that only go forward, and how to let some pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def end_in_vain(
    is_in_vain: Callable[[], bool],
    seconds: float,
    left: Callable[[], str],
    stop_process: Callable[[int], Any] = os._exit,
    clock: Clock = Clock(),  # noqa: B008 - immutable
) -> threading.Thread:
    """End a process that is stopping once that has been in vain for so many seconds on end; returns the thread.

    `left`: what the log is to say of it. As `end_within`, it loses nothing.
    """
    thread = threading.Thread(target=_end_in_vain, args=(is_in_vain, seconds, left, stop_process, clock), daemon=True)
    thread.start()
    return thread


def _end_in_vain(
    is_in_vain: Callable[[], bool],
    seconds: float,
    left: Callable[[], str],
    stop_process: Callable[[int], Any],
    clock: Clock,
) -> None:
    since = clock.now()
    while True:
        if not is_in_vain():
            since = clock.now()
        elif clock.now() - since >= seconds:
            break
        clock.sleep(_LOOK_AGAIN_S)
    logger.critical("%s", left())
    logging.shutdown()
    stop_process(EXIT_HARD)


class Deadline:
    """By when a process that was told to stop should have written what it has in hand; before that there is none."""

    def __init__(self) -> None:
        self._at = math.inf

    def begin(self, seconds: float) -> None:
        """The process was told to stop, and so many seconds are left."""
        self._at = time.monotonic() + seconds

    def is_over(self) -> bool:
        """Whether no more should be begun; from any thread."""
        return time.monotonic() >= self._at


def end_without_memory(stop_process: Callable[[int], Any] = os._exit) -> None:
    """End the process, out of memory, with a line on stderr; logging would need memory."""
    os.write(_STDERR, _NO_MEMORY)
    stop_process(EXIT_HARD)


def end_when_memory_is_out(stop_process: Callable[[int], Any] = os._exit) -> None:
    """From now on a `MemoryError` ends this process, wherever it comes up.

    Libraries catch it, write it into the log and go on with half of what they had: a worker that would never be ready
    and hear no signal. So each record of the log is looked at, and what nobody catches.
    """

    def look(error: BaseException | None) -> None:
        if is_of_memory(error):
            end_without_memory(stop_process)

    make, uncaught, in_thread = logging.getLogRecordFactory(), sys.excepthook, threading.excepthook

    def make_record(*args: Any, **more: Any) -> logging.LogRecord:
        record = make(*args, **more)
        if record.exc_info:
            look(record.exc_info[1])
        return record

    def on_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        look(error)
        uncaught(kind, error, trace)

    def on_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        look(args.exc_value)
        in_thread(args)

    logging.setLogRecordFactory(make_record)
    sys.excepthook, threading.excepthook = on_uncaught, on_uncaught_in_thread


def is_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or any that it came of, is a `MemoryError`."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, MemoryError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
