"""What `deliver` reads, and which process owns it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import SimpleNamespace, TracebackType
from typing import Any, NamedTuple, Self, cast

import orjson
import pytest
from aiokafka.errors import ProducerFenced
from faust.types import TP
from kafka import KafkaConsumer, TopicPartition

from events.times import render_time
from events.topics import CONTACT_ALERTS, CONTACT_STATE, SEGMENT_CHANGES
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.standing import Standing, Wait, decoded, encoded, line_of
from streams.engine.changelog import PartitionReader
from streams.engine.writer import Output
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced
from streams.platform.settings import Settings
from streams.services.deliver import journal as journal_module
from streams.services.deliver import journal as module
from streams.services.deliver import reading
from streams.services.deliver.beginning import erased_meanwhile
from streams.services.deliver.journal import PLACE, Journal, replay_key
from streams.services.deliver.reading import EndpointState, endpoint_states
from streams.services.deliver.rereading import erasures_since

STATUS = {"url": "u", "failures": 2, "open_until": None, "disabled_at": None}
SINCE = "2012-11-06T12:00:00.000Z"
REQUEST = {"since": SINCE, "failed": True, "at": SINCE}


class Held(NamedTuple):
    key: bytes
    value: bytes | None
    offset: int


class Ends:
    """A consumer of topics with two partitions of ten records each."""

    def partitions_for_topic(self, _: str) -> set[int]:
        return {0, 1}

    def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 10)


def test_of_each_partition_the_last_standing_counts_and_no_other_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    last = encoded(Standing("t", 7, {3: Wait(1, 9, "l", 5), 4: Wait(0, 2, "m", 6)}))
    stored: list[tuple[str, Any]] = [
        ("/owner", {"process": "p"}),
        ("app", STATUS),
        ("gone", STATUS),
        ("app/segment-changes/0", b"1"),
        ("app/replay", {"since": "x"}),
        ("app/replay", REQUEST),
        ("gone/system-alerts/0", last),
        ("app/segment-changes/0", last),
        ("app/contact-alerts/1", b"2"),
        ("app/contact-alerts/1", None),
        ("gone/system-alerts/0", None),
        ("gone", None),
        ("gone/replayed", None),
        ("app/of/another/version", b"3"),
        ("app/other", b"4"),
    ]
    held = [
        Held(key.encode(), said if said is None or isinstance(said, bytes) else orjson.dumps(said), offset)
        for offset, (key, said) in enumerate(stored)
    ]
    read: list[bytes] = []

    def noted(value: bytes) -> Standing:
        read.append(value)
        return decoded(value)

    monkeypatch.setattr(reading, "decoded", noted)
    monkeypatch.setattr(reading, "records_of", lambda _, topic: held if topic == "deliveries" else [])
    [found] = endpoint_states(cast(KafkaConsumer, Ends()))
    assert read == [last]
    assert (found.id, found.waiting, found.retried, found.next_at, found.oldest_at) == ("app", 2, 1, 9, 5)
    assert (found.unread, found.failures, found.is_asked_to_replay) == (3, 2, True)
    held.append(Held(b"app/replayed", b'{"request":5,"dead_from":null}', 13))
    [found] = endpoint_states(cast(KafkaConsumer, Ends()))
    assert not found.is_asked_to_replay


NOW = 1_329_904_800_000


@pytest.mark.parametrize(
    ("changed", "next_at"),
    [
        ({"due_at": None}, None),
        ({}, NOW),
        ({"due_at": NOW + 5_000}, NOW + 5_000),
        ({"open_until": render_time(NOW + 9_000), "due_at": NOW + 5_000}, NOW + 9_000),
        ({"open_until": render_time(NOW - 9_000), "due_at": NOW - 5_000}, NOW),
        ({"open_until": render_time(NOW + 9_000), "disabled_at": render_time(NOW - 1)}, None),
    ],
    ids=["nothing waits", "due", "later", "left alone for longer", "left alone until a while ago", "disabled"],
)
def test_the_next_attempt_is_when_something_will_be_sent(changed: dict[str, Any], next_at: int | None) -> None:
    due = EndpointState("app", 2, 1, 9, 5, 0, 0, 2, None, None, is_asked_to_replay=False, due_at=NOW - 60_000)
    assert due._replace(**changed).next_attempt(NOW) == next_at


def test_what_an_earlier_one_of_its_contact_holds_back_is_not_due(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = {3: Wait(1, NOW + 30_000, "l", 5), 4: Wait(0, NOW - 2, "l", 6), 5: Wait(1, NOW + 60_000, "m", 6)}
    held = [Held(b"app", orjson.dumps(STATUS), 0), Held(b"app/system-alerts/0", encoded(Standing("t", 7, waits)), 1)]
    monkeypatch.setattr(reading, "records_of", lambda _, topic: held if topic == "deliveries" else [])
    [found] = endpoint_states(cast(KafkaConsumer, Ends()))
    assert found.next_attempt(NOW) == NOW + 30_000


STATES, ALERTS, CHANGES = TP(CONTACT_STATE, 0), TP(CONTACT_ALERTS, 0), TP(SEGMENT_CHANGES, 0)


class Kept(NamedTuple):
    topic: str
    key: bytes
    value: bytes | None
    timestamp: int
    offset: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


class Run(NamedTuple):
    records: Sequence[Kept]
    next_offset: int


class Topics:
    """Reads what some partitions hold."""

    def __init__(self, held: Mapping[TP, Sequence[Kept]]) -> None:
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

    async def runs(self, tp: TP, start: int, end: int) -> AsyncIterator[Run]:
        if start < end:
            yield Run([record for record in self._held.get(tp, ()) if record.offset >= start], await self.end_of(tp))


def reader(held: Mapping[TP, Sequence[Kept]]) -> PartitionReader:
    return cast(PartitionReader, Topics(held))


def alert(name: str, rule: str, at: int, offset: int) -> Kept:
    return Kept(CONTACT_ALERTS, name.encode(), orjson.dumps({"rule": rule}), at, offset)


async def test_who_was_erased_and_came_again_is_known_by_the_receipt() -> None:
    came_again = Kept(CONTACT_STATE, b"ada", b'{"contact_id":"ada"}', 3_000, 9)
    null = Kept(CONTACT_STATE, b"eve", None, 2_100, 8, [("reason", b"erased")])
    merged = Kept(CONTACT_STATE, b"ben", None, 2_100, 7, [("reason", b"merged")])
    receipts = [
        alert("ann", "erased", 900, 0),
        alert("ada", "erased", 2_000, 1),
        alert("bob", "over_cap", 2_001, 2),
        alert("eve", "erased", 2_099, 3),
        Kept(CONTACT_ALERTS, b"x", b'"erased"', 2_100, 4),
        Kept(CONTACT_ALERTS, b"x", b"erased", 2_100, 5),
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
    held = {CHANGES: [Kept(SEGMENT_CHANGES, b"ada", b"{}", 1_000)]}
    topics = {SEGMENT_CHANGES: ("t", 1), CONTACT_STATE: ("t", 1), CONTACT_ALERTS: ("t", 1)}
    found = await erased_meanwhile(app, topics, standings, reader(held), 3_000)
    assert found == {line_of(b"ada"): 2_000}


def journal(*records: tuple[bytes, Any]) -> Journal:
    found = Journal(KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1")), "test")
    for offset, (key, value) in enumerate(records):
        written = value if isinstance(value, bytes) else orjson.dumps(value)
        found._take(key, written, offset)
    return found


def replayed(request: int, dead_from: int | None) -> tuple[bytes, Any]:
    return b"app/replayed", {"request": request, "dead_from": dead_from}


@pytest.mark.parametrize(
    "value", [b"", b"[]", b"{}", b"3", {"failed": True, "at": SINCE}, REQUEST | {"since": "x"}, REQUEST | {"failed": 1}]
)
def test_what_is_no_request_is_passed_over(value: Any) -> None:
    assert journal((replay_key("app"), value)).replay_of("app") is None


def test_a_second_request_does_not_replace_one_that_is_open() -> None:
    first, second = (replay_key("app"), REQUEST), (replay_key("app"), REQUEST | {"failed": False})
    for records in ((first, second), (first, replayed(0, 7), second)):
        found = journal(*records).replay_of("app")
        assert found is not None
        assert (found.offset, found.request["failed"]) == (0, True)
    found = journal(first, replayed(0, None), second).replay_of("app")
    assert found is not None
    assert (found.offset, found.request["failed"]) == (2, False)


async def test_a_request_is_heard_though_kafka_does_not_say_who_the_owner_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is read again: a request beside the record of another owner was passed over."""

    class Reader:
        def __init__(self, _: KafkaClients) -> None:
            pass

        async def __aenter__(self) -> "Reader":
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        async def runs(self, _tp: TP, start: int, _end: int) -> AsyncIterator[Any]:
            if start < 2:
                yield SimpleNamespace(records=records, next_offset=2)

    records = [
        SimpleNamespace(key=b"/owner", value=b'{"process": "another"}', offset=0),
        SimpleNamespace(key=replay_key("app"), value=orjson.dumps(REQUEST), offset=1),
    ]
    asked = 0

    async def require_owner() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ConnectionError

    found = journal()
    monkeypatch.setattr(journal_module, "PartitionReader", Reader)
    monkeypatch.setattr(found, "_require_owner", require_owner)
    assert await anext(found.replay_requests()) == "app"


STANDING = Output(PLACE.topic, 0, b"app/system-alerts/0", b'{"topic_id":"t","position":1}')


class Owned(NamedTuple):
    key: bytes | None
    value: bytes | None
    offset: int


class OwnedRun(NamedTuple):
    records: Sequence[Owned]
    next_offset: int


class Log:
    """What `deliveries` holds, and who may write to it; `meanwhile` happens once while somebody begins to read it."""

    def __init__(self) -> None:
        self.records: list[Owned] = []
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

    async def runs(self, _: TP, start: int, end: int) -> AsyncIterator[OwnedRun]:
        if start < end:
            yield OwnedRun(self._log.records[start:], len(self._log.records))


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
        held += [Owned(output.key, output.value, len(held) + number) for number, output in enumerate(outputs)]
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
