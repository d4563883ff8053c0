"""What may stand in a log: that something happened and where, never whom it is about, and no secret; and each once.

At DEBUG aiokafka prints each request and answer whole: the records in them, and with PLAIN the password. Nobody can
read anything else between them, so what it says begins at INFO. And what an exception says may be what a record said:
only of those whose text is known to be of servers and settings it is repeated. What libraries say although all is well,
and what is said again and again, is left out.
"""

import logging
import re
import traceback
from asyncio import CancelledError
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import KafkaError

from sinks.base import SinkUnavailable
from streams.platform.errors import EngineError

_FRANK = ("aiokafka", "kafka")
_OF_SERVERS = (EngineError, AioKafkaError, SinkUnavailable, OSError, TimeoutError)
_SERVER_IS_GONE = (AioKafkaError, KafkaError, SinkUnavailable, ConnectionError, TimeoutError, CancelledError)


def hush_libraries(level: str) -> None:
    """Let libraries that print records say nothing below INFO, nor below `level`."""
    for name in _FRANK:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO, logging.getLevelNamesMapping()[level]))


def describe_error(error: BaseException) -> str:
    """An error with its traceback, for a log: with the error's text only where no record can be in it.

    A broker or another server that is gone is one line: where a library was when it noticed says nothing.
    """
    text = _with_name(error) if isinstance(error, _OF_SERVERS) else type(error).__name__
    if not _debug_is_on() and all(isinstance(one, _SERVER_IS_GONE) for one in _chain(error)):
        return " ".join(text.split())
    return f"{text}\n{''.join(_places(error))}".rstrip()


def _with_name(error: BaseException) -> str:
    """Its text behind the name of its kind, which some libraries have in the text."""
    name, text = type(error).__name__, str(error)
    return text if text.startswith(name) else f"{name}: {text}" if text else name


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and each that it came of."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _places(error: BaseException) -> Iterator[str]:
    for one in _chain(error):
        if one is not error:
            yield f"after {type(one).__name__}\n"
        yield from traceback.format_tb(one.__traceback__)


_ORDINARY = frozenset({"Heartbeat failed for group %s because it is rebalancing"})
"""Messages of every rebalance."""
_LOGGER = logging.getLogger("aiokafka.consumer.group_coordinator")
_OURS = "streams."
_LIBRARY_ERRORS = (OSError, KafkaError, AioKafkaError)
_numbers = re.compile(r"\d+")
SHOWN_AGAIN_S = 300.0
_MOST_KEPT = 1_000


def leave_out_rebalance_lines() -> None:
    """Leave lines that every rebalance writes out of this process's log; the level DEBUG shows them."""
    _LOGGER.addFilter(_is_worth_reading)


def _is_worth_reading(record: logging.LogRecord) -> bool:
    return record.msg not in _ORDINARY or _debug_is_on()


def _debug_is_on() -> bool:
    return logging.getLogger().isEnabledFor(logging.DEBUG)


class OneLineErrorFilter(logging.Filter):
    """Shows an error of a server in one line, where a library would add a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _LIBRARY_ERRORS) and not _debug_is_on():
            record.msg, record.args = " ".join(f"{record.getMessage()} ({_with_name(error)})".split()), ()
            record.exc_info = record.exc_text = None
        return True


_one_line = OneLineErrorFilter()


def show_errors_in_one_line() -> None:
    """Let a process that sets up no log of its own show an error of a server in one line."""
    if logging.lastResort is not None:
        logging.lastResort.addFilter(_one_line)


class RepeatFilter(logging.Filter):
    """Shows a warning or an error once, and then again after a while with how often it was repeated.

    While a broker is away aiokafka says so hundreds of times a second. Of lines that are Harmonia's own, those that
    differ in numbers alone are the same: each partition has one. For one handler, or one logger.
    """

    def __init__(self, shown_again_s: float = SHOWN_AGAIN_S) -> None:
        super().__init__()
        self._shown_again_s = shown_again_s
        self._shown: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not logging.WARNING <= record.levelno < logging.CRITICAL or _debug_is_on():
            return True
        text = record.getMessage()
        key = record.name, _numbers.sub("#", text) if record.name.startswith(_OURS) else text
        since, repeated = self._shown.get(key, (0.0, 0))
        if record.created - since < self._shown_again_s:
            self._shown[key] = since, repeated + 1
            return False
        self._shown.pop(key, None)  # so that the latest are the last
        self._shown[key] = record.created, 0
        while len(self._shown) > _MOST_KEPT:
            del self._shown[next(iter(self._shown))]
        if repeated:
            record.msg, record.args = f"{text} (and {repeated} times more since this was last shown)", ()
        return True


@contextmanager
def each_once_a_second(loggers: Iterable[str]) -> Iterator[None]:
    """Let each warning and error of these loggers through once a second at most, in this block."""
    once = RepeatFilter(1.0)
    named = [logging.getLogger(name) for name in loggers]
    for logger in named:
        logger.addFilter(once)
    try:
        yield
    finally:
        for logger in named:
            logger.removeFilter(once)
