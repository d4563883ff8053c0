"""Whether a worker that was told to stop finds any broker: all of them are tried, whatever their addresses are."""

import socket
from collections.abc import Iterator

import pytest

from streams.worker.runner import is_cut_off

NOWHERE = "127.0.0.1:1"


@pytest.fixture
def listening() -> Iterator[str]:
    """A broker, as far as it takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_one_broker_of_many_is_enough(listening: str) -> None:
    assert not is_cut_off([NOWHERE, listening])
    assert not is_cut_off([listening, NOWHERE])


def test_where_none_takes_a_connection_it_is_cut_off() -> None:
    assert is_cut_off([NOWHERE, NOWHERE])
    assert is_cut_off([])


@pytest.mark.parametrize("broker", ["host:port", "[::1", "127.0.0.1:99999", ""])
def test_what_is_no_address_is_no_broker_and_no_fault(broker: str, listening: str) -> None:
    assert is_cut_off([broker])
    assert not is_cut_off([broker, listening])
