"""What a worker stores of what came of its attempts, without a broker and without an endpoint."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Self, cast

import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError, NotEnoughReplicasError
from aiokafka.structs import TopicPartition
from faust.types import TP
from prometheus_client import CollectorRegistry

from events.topics import DELIVERIES, DELIVERY_LOG, SEGMENT_CHANGES, SYSTEM_ALERTS
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.schedule import Breaker, Result
from streams.domain.delivery.standing import Standing, Wait, decoded, line_of
from streams.engine.writer import Output
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.deliver import endpoint_worker as module
from streams.services.deliver.attempts import Attempt
from streams.services.deliver.backlog import Place
from streams.services.deliver.beginning import Begun
from streams.services.deliver.destinations import Destination
from streams.services.deliver.endpoint_worker import EndpointWorker
from streams.services.deliver.journal import Journal, Replay
from streams.services.deliver.metrics import DeliveryMetrics
from streams.services.deliver.sending import Sender
from streams.services.deliver.unstored import STORED_A_SECOND
from tests.unit.services.deliver.test_backlog import NOW, admit, change, system_alert

KAFKA = KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1"))
CHANGES = TP(SEGMENT_CHANGES, 0)
APP = Endpoint.model_validate(
    {"id": "app", "kind": "webhook", "url": "https://e.example", "secrets": ["env:E"], "topics": [SEGMENT_CHANGES]}
)
C, D = line_of(b"c"), line_of(b"d")


class WrittenJournal(Journal):
    """Keeps what is to be written, or does not take it."""

    def __init__(self) -> None:
        super().__init__(KAFKA, "test")
        self.written: list[Sequence[Output]] = []
        self.refusal: Exception | None = None

    async def write(self, outputs: Sequence[Output]) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.written.append(outputs)


class Unread:
    """A reader and a consumer of partitions in which nothing is new."""

    def __init__(self, *_: Any) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: Any) -> None: ...

    async def position(self, _: TopicPartition) -> int:
        return 3


@pytest.fixture
def journal() -> WrittenJournal:
    return WrittenJournal()


@pytest.fixture
async def worker(journal: WrittenJournal) -> AsyncIterator[EndpointWorker]:
    destination = Destination(APP, APP.url, [b"k" * 32])
    found = EndpointWorker(destination, Sender(destination, []), journal, KAFKA, DeliveryMetrics(CollectorRegistry()))
    found._backlog.begin({CHANGES: Standing("t", 0)}, ())
    admit(found._backlog, segment_changes=[change("c", 10), change("d", 10), change("c", 20)])
    yield found
    await found._let_go()


def without_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begun(*_: Any) -> Begun:
        return Begun({CHANGES: Standing("t", 3)}, (), (), ())

    async def erased_meanwhile(*_: Any) -> dict[str, int]:
        return {}

    monkeypatch.setattr(module, "begun", begun)
    monkeypatch.setattr(module, "erased_meanwhile", erased_meanwhile)
    monkeypatch.setattr(module, "PartitionReader", Unread)
    monkeypatch.setattr(KAFKA, "describe_topics", lambda topics: dict.fromkeys(topics, ("t", 1)))


async def answered(offset: int) -> Attempt:
    return Attempt([Place(CHANGES, offset)], NOW, Result("delivered", 200), "")


async def unanswered() -> Attempt:
    return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]


async def test_what_was_told_is_stored_when_it_is_time_and_of_its_contact_nothing_is_told_before(
    worker: EndpointWorker, journal: WrittenJournal
) -> None:
    told = asyncio.create_task(answered(0))
    worker._attempts = {told: frozenset({C}), asyncio.create_task(unanswered()): frozenset({D})}
    await told
    worker._unstored.note(3_600 * STORED_A_SECOND, time.monotonic())
    await worker._settle()
    worker._begin_attempts()
    assert (journal.written, [*worker._attempts.values()]) == ([], [frozenset({D})])

    worker._unstored.note(0, 0.0)
    await worker._settle()
    [written] = journal.written
    assert {output.topic for output in written} == {DELIVERY_LOG, DELIVERIES}
    worker._begin_attempts()
    assert [*worker._attempts.values()] == [frozenset({D}), frozenset({C})]


async def test_what_was_told_is_stored_also_where_another_attempt_ends_in_trouble_with_kafka(
    worker: EndpointWorker, journal: WrittenJournal
) -> None:
    async def in_trouble() -> Attempt:
        raise ConnectionError

    told, failed = asyncio.create_task(answered(0)), asyncio.create_task(in_trouble())
    worker._attempts = {failed: frozenset({D}), told: frozenset({C})}
    await asyncio.wait({told, failed})
    with pytest.raises(ConnectionError):
        await worker._settle()
    assert len(journal.written) == 1


async def test_what_could_not_be_stored_is_stored_before_anything_more_is_told(
    worker: EndpointWorker, journal: WrittenJournal
) -> None:
    """Or what could be read and not be stored would be told again every second."""
    told = asyncio.create_task(answered(0))
    worker._attempts = {told: frozenset({C})}
    await told
    journal.refusal = NotEnoughReplicasError()
    with pytest.raises(NotEnoughReplicasError):
        await worker._settle()
    await worker._let_go()
    for _ in range(2):
        with pytest.raises(NotEnoughReplicasError):
            await worker._run()
    journal.refusal = None
    await worker._store()
    [[log, standing]] = journal.written
    assert (log.topic, standing.topic) == (DELIVERY_LOG, DELIVERIES)
    assert [*decoded(standing.value or b"").waits] == [1, 2]
    assert [*journal.standings["app", *CHANGES].waits] == [1, 2]
    await worker._store()
    assert len(journal.written) == 1


async def test_what_expires_while_it_is_about_to_be_read_has_it_begin_anew(
    worker: EndpointWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not go on at the start of the topic, as if markers of transactions had been between."""
    without_a_broker(monkeypatch)
    made, reader = list[AIOKafkaConsumer](), KAFKA.reader

    def noted(**asked: Any) -> AIOKafkaConsumer:
        made.append(reader(**asked))
        return made[-1]

    monkeypatch.setattr(KAFKA, "reader", noted)
    await worker._let_go()
    with pytest.raises(KafkaConnectionError):
        await worker._run()
    assert [consumer._auto_offset_reset for consumer in made] == ["none"]


async def test_one_that_can_read_nothing_or_store_nothing_is_failing_until_it_can(
    worker: EndpointWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing() -> float:
        worker._measure()
        return worker._metrics.registry.get_sample_value("harmonia_delivery_failing_seconds", {"endpoint": "app"}) or 0

    monkeypatch.setattr(module, "PAUSE_S", 0)
    worker._backlog.begin({CHANGES: Standing("t", 3)}, ())
    assert failing() == 0
    await worker._pause("Kafka: TopicAuthorizationFailedError")
    first = failing()
    await worker._let_go()
    await worker._pause("Kafka: TopicAuthorizationFailedError")
    assert 0 < first < failing()
    worker._backlog.begin({CHANGES: Standing("t", 3)}, ())
    await worker._admit(cast(AIOKafkaConsumer, Unread()), {})
    assert failing() == 0

    await worker._pause("Kafka: TopicAuthorizationFailedError")
    assert (worker._to_read(), failing() > 0) == ([CHANGES], True)
    worker._disabled_at = "2012-11-06T12:00:00.000Z"
    assert (worker._to_read(), failing()) == ([], 0)  # it reads nothing till somebody opens it


async def test_of_what_is_told_together_that_which_was_not_found_is_not_delivered(
    journal: WrittenJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {"id": "room", "kind": "slack", "url": "https://e.example", "topics": [SYSTEM_ALERTS]}
    room = Destination(Endpoint.model_validate(table), "https://e.example")
    sender, alerts = Sender(room, []), TP(SYSTEM_ALERTS, 0)
    worker = EndpointWorker(room, sender, journal, KAFKA, DeliveryMetrics(CollectorRegistry()))
    worker._backlog.begin({alerts: Standing("t", 2, {n: Wait(1, 1, f"l{n}", 1) for n in (0, 1)})}, ())

    async def post(*_: Any) -> tuple[Result, str]:
        return Result("delivered", 200), ""

    async def records_from(_: TP, offset: int, *__: Any) -> Any:
        return [(1, system_alert("spring", 1))] if offset == 1 else []

    monkeypatch.setattr(sender, "post", post)
    monkeypatch.setattr(worker._teller._again, "records_from", records_from)
    worker._begin_attempts()
    await asyncio.wait({*worker._attempts})
    await worker._settle()
    logs = [orjson.loads(out.value or b"") for out in journal.written[0] if out.topic == DELIVERY_LOG]
    assert {log["offset"]: (log["fate"], log["status"]) for log in logs} == {0: ("gone", 0), 1: ("delivered", 200)}


@pytest.mark.parametrize("is_dead", [True, False])
async def test_a_replay_of_what_is_dead_lifts_the_pause_only_where_something_is(
    worker: EndpointWorker, journal: WrittenJournal, monkeypatch: pytest.MonkeyPatch, *, is_dead: bool
) -> None:
    async def replayed(*_: Any) -> dict[str, int | None]:
        if is_dead:
            worker._backlog.change(CHANGES, Standing("t", 3, {1: Wait(0, NOW, D, NOW)}))
        return {"request": 7, "dead_from": None}

    worker._backlog.changed()
    since = "2012-02-22T10:00:00.000Z"
    journal._requests["app"] = Replay({"since": since, "failed": True, "at": since}, 7)
    monkeypatch.setattr(module, "replayed", replayed)
    left_alone = worker._breaker = Breaker(3, NOW + 5_000, NOW)
    await worker._replay(cast(Any, None))
    assert worker._breaker == (Breaker() if is_dead else left_alone)
    assert journal.replay_of("app") is None
