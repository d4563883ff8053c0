"""Kafka's addresses are tried before its client is, which takes longer to say that nobody is there."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from kafka.errors import KafkaConnectionError

from streams.platform import reachable_broker
from streams.platform.reachable_broker import require_reachable


@pytest.fixture
def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_broker_that_listens_is_reached_beside_one_that_does_not(port: int, free_port: int) -> None:
    require_reachable([f"127.0.0.1:{free_port}", f"localhost:{port}"])


def test_where_nothing_listens_that_is_told_with_what_came_back(free_port: int) -> None:
    with pytest.raises(KafkaConnectionError) as told:
        require_reachable([f"127.0.0.1:{free_port}"], 0.2)
    assert isinstance(told.value.__cause__, ConnectionRefusedError)


def test_a_name_that_nobody_knows_is_told_as_that() -> None:
    with pytest.raises(KafkaConnectionError) as told:
        require_reachable(["no-such-host.invalid:9092"], 0.2)
    assert isinstance(told.value.__cause__, OSError)


def test_a_broker_that_starts_meanwhile_is_waited_for(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = threading.Event()
    connect = reachable_broker._connect

    def told(broker: str, within_s: float) -> None:
        try:
            connect(broker, within_s)
        except OSError:
            refused.set()
            raise

    monkeypatch.setattr(reachable_broker, "_connect", told)
    asked = threading.Thread(target=require_reachable, args=([f"127.0.0.1:{free_port}"], 60.0))
    asked.start()
    assert refused.wait(30)
    with closing(socket.create_server(("127.0.0.1", free_port))):
        asked.join(30)
        assert not asked.is_alive()
