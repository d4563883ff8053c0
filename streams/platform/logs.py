"""What may stand in a log: that something happened and where, never whom it is about, and no secret. At any level.

At DEBUG aiokafka prints each request and answer whole: the records in them, and with PLAIN the password. Nobody can
read anything else between them, so what it says begins at INFO. And what an exception says may be what a record said:
only of those whose text is known to be of servers and settings it is repeated.
"""

import logging
import traceback
from collections.abc import Iterator

from aiokafka.errors import KafkaError

from sinks.base import SinkUnavailable
from streams.platform.errors import EngineError

_FRANK = ("aiokafka", "kafka")
_OF_SERVERS = (EngineError, KafkaError, SinkUnavailable, OSError, TimeoutError)


def hush_libraries(level: str) -> None:
    """Let libraries that print records say nothing below INFO, nor below `level`."""
    for name in _FRANK:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO, logging.getLevelNamesMapping()[level]))


def told(error: BaseException) -> str:
    """What went wrong, and after it where, for a log: its text only where no record can be in it."""
    text = f": {error}" if isinstance(error, _OF_SERVERS) and str(error) else ""
    return f"{type(error).__name__}{text}\n{''.join(_places(error))}".rstrip()


def _places(error: BaseException) -> Iterator[str]:
    seen: BaseException | None = error
    while seen is not None:
        if seen is not error:
            yield f"after {type(seen).__name__}\n"
        yield from traceback.format_tb(seen.__traceback__)
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
