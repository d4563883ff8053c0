"""Nobody's address gets into a log, not even by way of a bug or at the level DEBUG."""

import logging
from collections.abc import Iterator

import pytest
from faust.types import TP

from streams.engine.aiokafka_patches.fetched_records import Fetched
from streams.engine.runs import Run
from streams.platform.errors import StateLost
from streams.platform.logs import hush_libraries, told

ADDRESS = "ada@example.org"


@pytest.fixture(autouse=True)
def _levels() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("aiokafka", "kafka")]
    before = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize("library", ["aiokafka.conn", "aiokafka.producer.producer", "kafka.net.connection"])
def test_libraries_that_print_records_say_nothing_below_info(library: str) -> None:
    logging.getLogger(library.partition(".")[0]).setLevel(logging.NOTSET)

    hush_libraries("DEBUG")

    logger = logging.getLogger(library)
    assert (logger.isEnabledFor(logging.DEBUG), logger.isEnabledFor(logging.INFO)) == (False, True)


def test_they_say_no_more_than_was_asked_for() -> None:
    logging.getLogger("kafka").setLevel(logging.ERROR)

    hush_libraries("WARNING")

    assert not logging.getLogger("aiokafka.conn").isEnabledFor(logging.INFO)
    assert not logging.getLogger("kafka.net").isEnabledFor(logging.WARNING)


def test_of_a_bug_only_the_kind_and_the_place_are_told() -> None:
    def look_up() -> None:
        known: dict[str, str] = {}
        try:
            known[ADDRESS]
        except KeyError as error:
            raise ValueError(f"no {error}") from error

    with pytest.raises(ValueError, match="no 'ada") as caught:
        look_up()
    text = told(caught.value)

    assert text.startswith("ValueError\n")
    assert "in look_up" in text
    assert "after KeyError" in text
    assert ADDRESS not in text


def test_what_a_server_did_is_told() -> None:
    assert told(StateLost("the log starts at 7")) == "StateLost: the log starts at 7"
    assert told(ConnectionError("refused")) == "ConnectionError: refused"


def test_a_run_that_faust_shows_shows_no_record() -> None:
    place = TP("email-events", 0)
    record = Fetched(place.topic, 0, 0, 0, ADDRESS.encode(), ADDRESS.encode(), ())

    assert ADDRESS not in repr(Run(place, [record], 1, 1))
