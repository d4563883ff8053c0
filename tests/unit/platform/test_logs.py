"""Logs of processes."""

import logging
from collections.abc import Callable, Iterator

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, UnknownError
from faust.types import TP
from pydantic import ValidationError

from streams.engine.aiokafka_patches.fetched_records import FetchedRecord
from streams.engine.runs import Run
from streams.platform.errors import Unusable
from streams.platform.logs import (
    _LOGGER,
    SHOWN_AGAIN_S,
    OneLineErrorFilter,
    RepeatFilter,
    describe_error,
    hush_libraries,
    leave_out_rebalance_lines,
)
from streams.platform.processes import KEYS, watched_addresses
from streams.platform.settings import Settings
from streams.services.console.follow import run_follow
from streams.services.deliver.server import run_deliver
from streams.services.postgres.server import run_postgres_sink

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


def test_libraries_log_no_more_than_the_level_asks_for() -> None:
    logging.getLogger("kafka").setLevel(logging.ERROR)

    hush_libraries("WARNING")

    assert not logging.getLogger("aiokafka.conn").isEnabledFor(logging.INFO)
    assert not logging.getLogger("kafka.net").isEnabledFor(logging.WARNING)


def test_an_error_of_the_code_is_described_by_kind_and_place_alone() -> None:
    def look_up() -> None:
        known: dict[str, str] = {}
        try:
            known[ADDRESS]
        except KeyError as error:
            raise ValueError(f"no {error}") from error

    with pytest.raises(ValueError, match="no 'ada") as caught:
        look_up()
    text = describe_error(caught.value)

    assert text.startswith("ValueError\n")
    assert "in look_up" in text
    assert "after KeyError" in text
    assert ADDRESS not in text


def test_a_broker_that_is_gone_needs_no_page_of_a_librarys_calls() -> None:
    def connect() -> None:
        try:
            raise ConnectionRefusedError(111, "Connect call failed")
        except OSError as error:
            raise KafkaConnectionError("no connection to 10.0.0.1:9092") from error

    with pytest.raises(KafkaConnectionError) as caught:
        connect()

    assert describe_error(caught.value) == "KafkaConnectionError: no connection to 10.0.0.1:9092"


def test_a_bug_behind_an_error_of_a_library_is_shown_with_its_place() -> None:
    def send() -> None:
        try:
            raise KeyError(ADDRESS)
        except KeyError as error:
            raise KafkaError("Unexpected error during batch delivery") from error

    with pytest.raises(KafkaError) as caught:
        send()
    text = describe_error(caught.value)

    assert "after KeyError" in text
    assert "File " in text
    assert ADDRESS not in text


def test_the_repr_of_a_run_shows_no_record() -> None:
    place = TP("email-events", 0)
    record = FetchedRecord(place.topic, 0, 0, 0, ADDRESS.encode(), ADDRESS.encode(), ())

    assert ADDRESS not in repr(Run(place, [record], 1, 1))


ORDINARY = ("Heartbeat failed for group %s because it is rebalancing", "harmonia")
TROUBLE = ("Heartbeat failed for group %s because it is on fire", "harmonia")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before, level = list(_LOGGER.filters), _LOGGER.level
    _LOGGER.setLevel(logging.INFO)  # whatever else in this process has asked of its library
    yield
    _LOGGER.filters[:] = before
    _LOGGER.setLevel(level)


def test_lines_of_an_ordinary_rebalance_are_left_out_and_others_are_not(caplog: pytest.LogCaptureFixture) -> None:
    leave_out_rebalance_lines()
    with caplog.at_level(logging.WARNING):
        _LOGGER.warning(*ORDINARY)
        _LOGGER.warning(*TROUBLE)
    assert [record.msg for record in caplog.records] == [TROUBLE[0]]


def test_at_level_debug_the_filtered_messages_are_shown(caplog: pytest.LogCaptureFixture) -> None:
    leave_out_rebalance_lines()
    with caplog.at_level(logging.DEBUG):
        _LOGGER.warning(*ORDINARY)
    assert [record.msg for record in caplog.records] == [ORDINARY[0]]


class Told:
    """What a handler that filters repeats would show."""

    def __init__(self) -> None:
        self._repeats = RepeatFilter()
        self.lines: list[str] = []

    def say(self, text: str, *args: object, at: float = 1000.0, name: str = "aiokafka", level: int = 40) -> None:
        record = logging.LogRecord(name, level, "", 0, text, args, None)
        record.created = at
        if self._repeats.filter(record):
            self.lines.append(record.getMessage())


def test_a_line_that_is_repeated_is_shown_once() -> None:
    told = Told()
    for place in range(200):
        told.say("Unable connect to node with id %s: %s", place % 2, "refused")

    assert told.lines == ["Unable connect to node with id 0: refused", "Unable connect to node with id 1: refused"]


def test_a_repeated_line_is_shown_again_after_a_while_with_its_count() -> None:
    told = Told()
    for place in range(3):
        told.say("Unable to update metadata from %s", [1], at=1000.0 + place)
    told.say("Unable to update metadata from %s", [1], at=1000.0 + SHOWN_AGAIN_S)

    assert told.lines[1:] == ["Unable to update metadata from [1] (and 2 times more since this was last shown)"]


def test_what_each_partition_says_is_shown_once() -> None:
    told = Told()
    for partition in range(26):
        told.say("partition %d: writing failed, attempt %d of 7", partition, 1, name="streams.engine.retry")

    assert told.lines == ["partition 0: writing failed, attempt 1 of 7"]


def test_what_ends_a_worker_and_what_is_no_trouble_is_always_shown() -> None:
    told = Told()
    for level in (logging.INFO, logging.CRITICAL) * 2:
        told.say("stopping", level=level)

    assert told.lines == ["stopping"] * 4


def formatted(error: Exception) -> str:
    """What a handler writes of a library's line with an error."""
    record = logging.LogRecord("kafka.net", 40, "", 0, "Error receiving %s", ("data",), (type(error), error, None))
    assert OneLineErrorFilter().filter(record)
    return logging.Formatter().format(record)


def test_a_server_that_hangs_up_is_a_line_without_the_librarys_calls() -> None:
    said = formatted(ConnectionResetError(104, "Connection reset by peer"))

    assert said == "Error receiving data (ConnectionResetError: [Errno 104] Connection reset by peer)"


def test_an_error_that_nobody_has_retrieved_is_one_line_too() -> None:
    """As asyncio tells it: the task on a line of its own."""
    error = KafkaConnectionError("closed")
    said_of_task = "Task exception was never retrieved\nfuture: <Task finished>"
    record = logging.LogRecord("asyncio", 40, "", 0, said_of_task, (), (type(error), error, None))

    assert OneLineErrorFilter().filter(record)

    said = logging.Formatter().format(record)
    assert said.startswith("Task exception was never retrieved future: <Task finished> (KafkaConnectionError: closed)")
    assert "\n" not in said


def test_any_other_error_of_a_library_is_shown_with_where_it_came_from() -> None:
    assert formatted(ValueError("odd")).splitlines() == ["Error receiving data", "ValueError: odd"]


RESORT = logging.lastResort
assert RESORT is not None


@pytest.fixture(autouse=True)
def _filters_as_before() -> Iterator[None]:
    assert RESORT is not None
    before = [*RESORT.filters]
    yield
    RESORT.filters[:] = before


def told() -> logging.LogRecord:
    """What aiokafka says where a broker answers the end of a transaction with an error that it has no name for."""
    try:
        raise UnknownError
    except UnknownError as error:
        failure = (type(error), error, error.__traceback__)
    return logging.LogRecord("aiokafka", logging.ERROR, "", 0, "Unexpected error in sender routine", (), failure)


@pytest.mark.parametrize("run", [run_deliver, run_follow, run_postgres_sink])
def test_an_error_of_a_broker_is_one_line(
    run: Callable[[Settings, Callable[[str], None]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Unusable, match="is not set"):
        run(Settings(_env_file=None), print)

    assert RESORT is not None
    RESORT.handle(told())

    assert capsys.readouterr().err.splitlines() == [
        "Unexpected error in sender routine (UnknownError: [Error -1] UnknownError)"
    ]


def test_addresses_are_read_by_process() -> None:
    text = "sink-postgres=http://127.0.0.1:9464/metrics  gateway=https://gateway.example.org"

    assert watched_addresses(text) == {
        "sink postgres": "http://127.0.0.1:9464/metrics",
        "gateway": "https://gateway.example.org",
    }
    assert watched_addresses("") == {}


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("worker=http://127.0.0.1:1", f"names no process: give one of {', '.join(KEYS)}"),
        ("http://127.0.0.1:1", "names no process"),
        ("api=127.0.0.1:9464", "api: give where its /metrics are, such as api=http://127.0.0.1:9464"),
        ("api=http://127.0.0.1:port", "api: give where"),
        ("api=http://ada:secret@127.0.0.1:9464", "api: give where"),
        ("api=http://a:1 api=http://b:1", "names api twice"),
    ],
)
def test_a_wrong_address_is_refused_with_the_cure_and_is_not_repeated(text: str, cure: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, watched=text)

    [mistake] = refused.value.errors(include_url=False, include_input=False)
    assert cure in mistake["msg"]
    assert "secret" not in mistake["msg"]
