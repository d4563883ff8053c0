"""What libraries warn of although all is well, or over and over: whoever reads a log should find only what matters."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_ORDINARY = frozenset({"Heartbeat failed for group %s because it is rebalancing"})
"""Messages of every rebalance."""
_LOGGER = logging.getLogger("aiokafka.consumer.group_coordinator")


def leave_out_the_ordinary() -> None:
    """For this process; with the level DEBUG all of it is shown."""
    _LOGGER.addFilter(_is_worth_reading)


def _is_worth_reading(record: logging.LogRecord) -> bool:
    return record.msg not in _ORDINARY or logging.getLogger().isEnabledFor(logging.DEBUG)


@contextmanager
def each_once_a_second(loggers: Iterable[str]) -> Iterator[None]:
    """Let each message of these loggers through once a second at most; the next one says how many were left out."""
    once = _OnceASecond()
    named = [logging.getLogger(name) for name in loggers]
    for logger in named:
        logger.addFilter(once)
    try:
        yield
    finally:
        for logger in named:
            logger.removeFilter(once)


class _OnceASecond(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        message = str(record.msg)
        at, left_out = self._said.get(message, (float("-inf"), 0))
        if record.created - at < 1:
            self._said[message] = (at, left_out + 1)
            return False
        self._said[message] = (record.created, 0)
        if left_out:
            record.msg = f"{message} ({left_out} more before it)"
        return True
