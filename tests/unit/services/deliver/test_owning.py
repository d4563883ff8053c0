"""Which of several processes goes on, over a log in memory instead of a broker."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

import orjson
import pytest
from aiokafka.errors import ProducerFenced
from faust.types import TP

from events.topics import CONTACT_ALERTS, CONTACT_STATE, SEGMENT_CHANGES
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.standing import Standing, Wait, line_of
from streams.engine.changelog import PartitionReader
from streams.engine.writer import Output
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced
from streams.platform.settings import Settings
from streams.services.deliver import journal as module
from streams.services.deliver.beginning import erased_meanwhile
from streams.services.deliver.journal import PLACE, Journal
from streams.services.deliver.rereading import erasures_since

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


# What is read again of topics, without a broker.
STATES, ALERTS, CHANGES = TP(CONTACT_STATE, 0), TP(CONTACT_ALERTS, 0), TP(SEGMENT_CHANGES, 0)


class ReadRecord(NamedTuple):
    topic: str
    key: bytes
    value: bytes | None
    timestamp: int
    offset: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


class ReadRun(NamedTuple):
    records: Sequence[ReadRecord]
    next_offset: int


class Topics:
    """Reads what some partitions hold."""

    def __init__(self, held: Mapping[TP, Sequence[ReadRecord]]) -> None:
        self._held = held

    async def start_of(self, tp: TP) -> int:
        return 0

    async def starts_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 0)

    async def end_of(self, tp: TP) -> int:
        return max((record.offset + 1 for record in self._held.get(tp, ())), default=0)

    async def ends_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        return {tp: await self.end_of(tp) for tp in tps}

    async def offsets_not_after(self, tps: Sequence[TP], at: int) -> dict[TP, int]:
        if at < 0:  # as aiokafka does
            raise ValueError(at)
        return {
            tp: min(
                (record.offset for record in self._held.get(tp, ()) if record.timestamp >= at),
                default=await self.end_of(tp),
            )
            for tp in tps
        }

    async def runs(self, tp: TP, start: int, end: int) -> AsyncIterator[ReadRun]:
        if start < end:
            yield ReadRun(
                [record for record in self._held.get(tp, ()) if record.offset >= start], await self.end_of(tp)
            )


def reader(held: Mapping[TP, Sequence[ReadRecord]]) -> PartitionReader:
    return cast(PartitionReader, Topics(held))


def alert(name: str, rule: str, at: int, offset: int) -> ReadRecord:
    return ReadRecord(CONTACT_ALERTS, name.encode(), orjson.dumps({"rule": rule}), at, offset)


async def test_who_was_erased_and_came_again_is_known_by_the_receipt() -> None:
    came_again = ReadRecord(CONTACT_STATE, b"ada", b'{"contact_id":"ada"}', 3_000, 9)
    null = ReadRecord(CONTACT_STATE, b"eve", None, 2_100, 8, [("reason", b"erased")])
    merged = ReadRecord(CONTACT_STATE, b"ben", None, 2_100, 7, [("reason", b"merged")])
    receipts = [
        alert("ann", "erased", 900, 0),
        alert("ada", "erased", 2_000, 1),
        alert("bob", "over_cap", 2_001, 2),
        alert("eve", "erased", 2_099, 3),
        ReadRecord(CONTACT_ALERTS, b"x", b'"erased"', 2_100, 4),
        ReadRecord(CONTACT_ALERTS, b"x", b"erased", 2_100, 5),
    ]
    found = await erasures_since(
        reader({STATES: [merged, null, came_again], ALERTS: receipts}), 1_000, {CONTACT_STATE: 1, CONTACT_ALERTS: 1}
    )
    assert found == {line_of(b"ada"): 2_000, line_of(b"eve"): 2_100}


@pytest.mark.parametrize("unread", [0, 1])
async def test_whom_an_endpoint_has_still_to_forget_was_erased_whatever_topics_say(unread: int) -> None:
    table: dict[str, Any] = {"id": "app", "kind": "webhook", "url": "https://e.example", "secrets": ["env:E"]}
    app = Endpoint.model_validate({**table, "topics": [SEGMENT_CHANGES]})
    standings = {
        CHANGES: Standing("t", 1 - unread),
        STATES: Standing("t", 10, {3: Wait(4, 0, line_of(b"ada"), 2_000, True, "ada")}, True),
    }
    held = {CHANGES: [ReadRecord(SEGMENT_CHANGES, b"ada", b"{}", 1_000)]}
    topics = {SEGMENT_CHANGES: ("t", 1), CONTACT_STATE: ("t", 1), CONTACT_ALERTS: ("t", 1)}
    found = await erased_meanwhile(app, topics, standings, reader(held), 3_000)
    assert found == {line_of(b"ada"): 2_000}
