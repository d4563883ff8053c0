"""What processes write of a library's errors that set up no log of their own: no page of its calls."""

import logging
from collections.abc import Callable, Iterator

import pytest
from aiokafka.errors import UnknownError

from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.services.console.follow import run_follow
from streams.services.deliver.server import run_deliver
from streams.services.postgres.server import run_postgres_sink

RESORT = logging.lastResort
assert RESORT is not None


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
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
