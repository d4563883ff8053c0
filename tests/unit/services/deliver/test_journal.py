"""The journal of deliveries: what it takes from its topic, who goes on with it, and what is read again."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import SimpleNamespace, TracebackType
from typing import Any, NamedTuple, Self, cast

import orjson
import pytest
from aiokafka.errors import ProducerFenced
from faust.types import TP
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from events.deliveries import EndpointStatus
from events.topics import CONTACT_ALERTS, CONTACT_STATE, DELIVERIES, DELIVERY_LOG, SEGMENT_CHANGES
from streams.domain.delivery.endpoints import Endpoint, Kind
from streams.domain.delivery.standing import Standing, Wait, line_of
from streams.engine.changelog import PartitionReader
from streams.engine.writer import Output
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced
from streams.platform.settings import Settings
from streams.services.deliver import journal as journal_module
from streams.services.deliver import journal as module
from streams.services.deliver.backlog import Place
from streams.services.deliver.beginning import erased_meanwhile
from streams.services.deliver.journal import PLACE, Journal, Stand, replay_key, standing_record, tombstone
from streams.services.deliver.leaving import (
    FORGET_WITHIN_MS,
    LetGo,
    TakenOut,
    changed_kind,
    no_longer_named,
    waiting_of,
)
from streams.services.deliver.metrics import DeliveryMetrics
from streams.services.deliver.outcome_records import logs_of_let_go
from streams.services.deliver.rereading import erasures_since
from streams.services.deliver.server import _take_out

SINCE = "2012-11-06T12:00:00.000Z"
REQUEST = {"since": SINCE, "failed": True, "at": SINCE}


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


# What is taken out of the journal at the start.
ROOM = Endpoint.model_validate({"id": "room", "kind": "slack", "url": "https://e.example", "topics": ["system-alerts"]})
NOW = 10_000_000_000
WAIT = Wait(0, 0, "l", 0)
WAITS = {3: WAIT}
OLD = Standing("t", 7, WAITS)


def test_what_the_file_names_no_longer_is_taken_out_but_that_it_was_told_of_contacts() -> None:
    told = Standing("t", 7, WAITS, told_of_contacts=True)
    standings = {
        ("room", "system-alerts", 0): OLD,
        ("room", "experiment-results", 0): OLD,
        ("gone", "system-alerts", 1): replace(OLD, waits={5: WAIT, 6: WAIT}),
        ("gone", "segment-changes", 1): told,
    }
    outputs, let_go = no_longer_named([ROOM], {"room", "gone"}, standings, NOW)
    assert outputs == [
        *map(tombstone, ("gone", "gone/replay", "gone/replayed")),
        tombstone("room/experiment-results/0"),
        tombstone("gone/system-alerts/1"),
        standing_record(("gone", "segment-changes", 1), Standing("t", 7, told_of_contacts=True)),
    ]
    assert let_go == [
        LetGo("room", Place(TP("experiment-results", 0), 3), "t", 1),
        LetGo("gone", Place(TP("system-alerts", 1), 5), "t", 2),
        LetGo("gone", Place(TP("segment-changes", 1), 3), "t", 1),
    ]
    logs = [orjson.loads(output.value or b"") for output in logs_of_let_go(let_go)]
    assert [(log["endpoint"], log["fate"], log["trouble"], log["offsets"]) for log in logs] == [
        ("room", "dropped", "NotNamed", 1),
        ("gone", "dropped", "NotNamed", 2),
        ("gone", "dropped", "NotNamed", 1),
    ]


def test_how_far_erasures_were_read_stays_for_whom_alone_another_topic_told_of_contacts() -> None:
    """Named again with `from = "now"` it would else begin at the end, and miss whoever was erased meanwhile."""
    standings = {
        ("gone", "contact-alerts", 0): Standing("t", 7, told_of_contacts=True),
        ("gone", "contact-state", 0): Standing("s", 1000),
        ("never", "contact-state", 0): Standing("s", 1000),
    }
    outputs, _ = no_longer_named([ROOM], {"room"}, standings, NOW)
    assert outputs == [tombstone("never/contact-state/0")]


def test_where_nothing_is_too_much_nothing_is_written() -> None:
    told = {("gone", "segment-changes", 1): Standing("t", 7, told_of_contacts=True)}
    standings = {("room", "system-alerts", 0): OLD, **told}
    assert no_longer_named([ROOM], {"room"}, standings, NOW) == TakenOut([], [])


def test_a_topic_of_contacts_stays_with_all_of_its_partitions() -> None:
    """Or those in which nobody was told yet would be read from their start once it is named again."""
    untold = Standing("t", 5_000)
    standings = {
        ("gone", "segment-changes", 0): untold,
        ("gone", "segment-changes", 1): replace(untold, told_of_contacts=True),
        ("gone", "contact-alerts", 0): untold,
    }
    outputs, _ = no_longer_named([ROOM], set(), standings, NOW)
    assert outputs == [tombstone("gone/contact-alerts/0")]


def test_whom_to_forget_waits_for_the_endpoint_to_be_named_again_but_not_for_ever() -> None:
    forget = {n: Wait(4, 0, "l", at, True, "ada") for n, at in ((3, NOW - FORGET_WITHIN_MS - 1), (4, NOW - 1))}
    stand = ("gone", "contact-state", 0)
    standing = Standing("t", 7, forget, told_of_contacts=True)
    outputs, let_go = no_longer_named([ROOM], set(), {stand: standing}, NOW)
    assert outputs == [standing_record(stand, replace(standing, waits={4: forget[4]}))]
    assert let_go == [LetGo("gone", Place(TP("contact-state", 0), 3), "t", 1)]
    assert no_longer_named([ROOM], set(), {stand: replace(standing, waits={4: forget[4]})}, NOW) == TakenOut([], [])


def test_a_file_without_any_endpoint_takes_nothing_out() -> None:
    standings = {
        ("gone", "system-alerts", 0): OLD,
        ("gone", "system-alerts", 1): OLD,
        ("room", "x", 1): Standing("t", 1),
    }
    assert no_longer_named([], {"gone"}, standings, NOW) == TakenOut((), ())
    assert waiting_of(standings) == {"gone": 2}


def status(kind: Kind) -> EndpointStatus:
    return {"kind": kind, "url": "", "failures": 0, "open_until": None, "disabled_at": None}


def test_another_kind_under_the_same_id_is_told() -> None:
    assert changed_kind([ROOM], {"room": status("slack"), "app": status("webhook")}) is None
    stored = status("webhook")
    told = changed_kind([ROOM], {"room": stored})
    assert told == "room: kind: what is stored of it was told to kind webhook; give this one another id"
    del stored["kind"]
    assert changed_kind([ROOM], {"room": stored}) is None


class WrittenJournal(Journal):
    """Keeps what is to be written."""

    def __init__(self, standings: Mapping[Stand, Standing]) -> None:
        super().__init__(KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1")), "test")
        self.standings |= standings
        self.written: list[Output] = []

    async def write(self, outputs: Sequence[Output]) -> None:
        self.written += outputs


async def test_what_is_let_go_is_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    metrics = DeliveryMetrics(CollectorRegistry())
    journal = WrittenJournal({("gone", "system-alerts", 1): OLD, ("room", "system-alerts", 0): OLD})
    await _take_out(journal, [ROOM], metrics)
    assert {output.topic for output in journal.written} == {DELIVERIES, DELIVERY_LOG}
    assert [*journal.standings] == [("room", "system-alerts", 0)]
    labels = {"endpoint": "gone", "why": "not_named"}
    assert metrics.registry.get_sample_value("harmonia_delivery_passed_over_total", labels) == 1
    assert "gone: the file no longer names it or this topic: system-alerts/1: from offset 3 on 1 records" in caplog.text


async def test_what_waits_where_the_file_names_nobody_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    journal = WrittenJournal({("gone", "system-alerts", 1): OLD})
    await _take_out(journal, [], DeliveryMetrics(CollectorRegistry()))
    assert (journal.written, [*journal.standings]) == ([], [("gone", "system-alerts", 1)])
    assert "gone: the file names no endpoint, so 1 records go on waiting for it" in caplog.text


# Which of several processes goes on, over a log in memory instead of a broker.
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
