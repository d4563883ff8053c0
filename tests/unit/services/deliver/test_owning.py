"""Which of several processes goes on, over a log in memory instead of a broker."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import pytest
from aiokafka.errors import ProducerFenced
from faust.types import TP

from streams.engine.writer import Output
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced
from streams.platform.settings import Settings
from streams.services.deliver import journal as module
from streams.services.deliver.journal import PLACE, Journal

STANDING = Output(PLACE.topic, 0, b"app/system-alerts/0", b'{"topic_id":"t","position":1}')


class Held(NamedTuple):
    key: bytes | None
    value: bytes | None
    offset: int


class Run(NamedTuple):
    records: Sequence[Held]
    next_offset: int


class Log:
    """What `deliveries` holds, and who may write to it; `meanwhile` happens once while somebody begins to read it."""

    def __init__(self) -> None:
        self.records: list[Held] = []
        self.epoch = 0
        self.meanwhile: list[Callable[[], Awaitable[Any]]] = []


class Reader:
    """Reads it."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None: ...

    async def start_of(self, _: TP) -> int:
        return 0

    async def end_of(self, _: TP) -> int:
        if self._log.meanwhile:
            await self._log.meanwhile.pop()()
        return len(self._log.records)

    async def runs(self, _: TP, start: int, end: int) -> AsyncIterator[Run]:
        if start < end:
            yield Run(self._log.records[start:], len(self._log.records))


class Writer:
    """Writes to it, unless another has begun to since."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._epoch = 0

    async def start(self) -> None:
        self._log.epoch += 1
        self._epoch = self._log.epoch

    async def write(self, outputs: Sequence[Output]) -> dict[TP, int]:
        if self._epoch != self._log.epoch:
            raise ProducerFenced
        held = self._log.records
        held += [Held(output.key, output.value, len(held) + number) for number, output in enumerate(outputs)]
        return {PLACE: len(held)}

    async def stop(self) -> None: ...


class NothingLeft:
    """No transaction is open."""

    async def look(self) -> None: ...

    async def end(self, _: Writer) -> None: ...


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    found = Log()
    monkeypatch.setattr(module, "PartitionReader", lambda *_: Reader(found))
    monkeypatch.setattr(module, "TransactionWriter", lambda *_: Writer(found))
    monkeypatch.setattr(module, "DanglingTransactions", lambda *_: NothingLeft())
    return found


def process() -> Journal:
    return Journal(KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1")), "test")


async def test_of_two_that_begin_together_the_one_that_claimed_last_goes_on(log: Log) -> None:
    first, second = process(), process()
    log.meanwhile.append(second.open)
    with pytest.raises(Fenced):
        await first.open()
    await second.write([STANDING])
    with pytest.raises(Fenced):
        await first.write([STANDING])
    await second.write([STANDING])
