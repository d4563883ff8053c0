"""Of several brokers that accept connections and say nothing, each is asked before the time is up."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from kafka.errors import KafkaError

from streams.platform import next_broker
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

COUNT = 3


class SilentBroker:
    """Accepts connections, as the kernel does for a frozen process, and never answers; `asked`: how often."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.asked = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        host, port = self._server.getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.asked += 1
            self._open.append(connection)


@pytest.fixture
def silent() -> Iterator[list[SilentBroker]]:
    with ExitStack() as opened:
        yield [opened.enter_context(closing(SilentBroker())) for _ in range(COUNT)]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_broker, "FIRST_ANSWER_MS", 100)


def ask(brokers: list[SilentBroker], prefix: str = "", patience_s: float = 1.5) -> None:
    addresses = ",".join(broker.address for broker in brokers)
    with pytest.raises(KafkaError):
        KafkaClients(Settings(kafka_bootstrap=addresses, topic_prefix=prefix)).admin(patience_s)


@pytest.mark.parametrize("prefix", ["", "north."])
def test_every_broker_is_asked_before_one_is_asked_again(silent: list[SilentBroker], prefix: str) -> None:
    ask(silent, prefix)

    times = sorted(broker.asked for broker in silent)
    assert times[0] >= 1
    assert times[-1] - times[0] <= 1


def test_a_broker_that_is_asked_again_has_more_time_to_answer(silent: list[SilentBroker]) -> None:
    ask(silent)  # 0.3 s for the first round, 0.6 s for the second

    assert sum(broker.asked for broker in silent) <= 3 * COUNT


def test_one_address_alone_has_all_the_time(silent: list[SilentBroker]) -> None:
    ask(silent[:1], patience_s=0.5)

    assert silent[0].asked == 1


def test_a_client_asks_last_who_was_silent_to_the_client_before_it(silent: list[SilentBroker]) -> None:
    first, last = silent[:2]
    clients = KafkaClients(Settings(kafka_bootstrap=f"{first.address},{last.address}"))
    address = first.address.partition(":")
    clients._silent.add((address[0], int(address[2])))

    with pytest.raises(KafkaError):
        clients.admin(0.09)  # enough for the first of them alone
    assert (first.asked, last.asked) == (0, 1)
