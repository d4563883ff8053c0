import logging
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import cast

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from streams.domain.formats import OtherFormat
from streams.engine.app import EXIT_FAIL_STOP, ChunkApp
from streams.engine.decoded_states import Codec, Storage
from streams.engine.recovery import Recovery, TableManager
from streams.engine.runs import End, Run
from streams.engine.static_membership import given_away
from streams.engine.store import open_memory_store
from streams.engine.table import Flow
from streams.engine.transport import Consumer
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced, StateLost
from streams.platform.settings import Settings
from tests.unit.engine.kafka_records import offsets, run
from tests.unit.engine.workplace import everything_that_can

SETTINGS = Settings(kafka_bootstrap="10.0.0.1:9092,10.0.0.2:9092", identity_key="a secret of the test", partitions=3)


def app_that_stops(codes: list[int]) -> ChunkApp:
    return ChunkApp(SETTINGS, KafkaClients(SETTINGS), lambda _: None, codes.append)


@pytest.fixture
def app() -> ChunkApp:
    return app_that_stops([])


def test_parts_of_faust_that_lose_records_are_replaced_and_nothing_is_owned_at_first(app: ChunkApp) -> None:
    assert isinstance(app.consumer, Consumer)
    assert isinstance(app.tables, TableManager)
    assert isinstance(app.tables.recovery, Recovery)
    assert (app.is_ready, app.owned_partitions(), app.lag()) == (False, [], {})


def test_the_parts_of_faust_that_are_unsafe_stay_off(app: ChunkApp) -> None:
    """faust-streaming issues 177, 323, 517 and 93: its exactly-once and its standbys."""
    assert not app.in_transaction
    assert app.conf.table_standby_replicas == 0
    assert not app.conf.producer_threaded
    assert app.conf.stream_wait_empty
    assert not app.conf.web_enabled
    assert not app.conf.topic_allow_declare
    assert app.conf.topic_disable_leader


def test_every_broker_is_known_to_the_app(app: ChunkApp) -> None:
    assert [(url.scheme, url.host, url.port) for url in app.conf.broker] == [
        ("chunks", "10.0.0.1", 9092),
        ("chunks", "10.0.0.2", 9092),
    ]


def test_what_is_owned_follows_the_assignment_and_has_no_changelogs(
    app: ChunkApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = app.chunk_table("contacts", 3, Storage(open_memory_store, Codec(bytes, bytes), 0), Flow(["interactions"]))
    assigned = [frozenset[TopicPartition]()]
    monkeypatch.setattr(ChunkApp, "is_ready", True)
    monkeypatch.setattr(app.consumer, "assigned", lambda: assigned[-1])
    assert [*app.owned_partitions()] == []
    for numbers in ([0, 2], [1], [], [0, 1, 2]):
        topics = "interactions", table.changelog_topic.get_topic_name()
        assigned.append(frozenset(TopicPartition(topic, number) for topic in topics for number in numbers))
        for _ in range(2):
            assert sorted(app.owned_partitions()) == [TP("interactions", number) for number in numbers]
    monkeypatch.setattr(ChunkApp, "is_ready", False)
    assert [*app.owned_partitions()] == []


async def test_where_partitions_end_is_told_of_those_that_were_fetched(
    app: ChunkApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = cast(Consumer, app.consumer)
    fetched, waiting, former = (TP("interactions", number) for number in range(3))
    assert consumer.ends_of([fetched]) == {}
    subscription = SubscriptionState()
    monkeypatch.setattr(consumer._thread, "_consumer", SimpleNamespace(_subscription=subscription))
    assert consumer.ends_of([fetched]) == {}
    subscription.assign_from_user([TopicPartition(*fetched), TopicPartition(*waiting)])
    state = subscription.subscription.assignment.state_value(fetched)
    state.timestamp, state.lso = 1_700_000_000_000, 7
    assert consumer.ends_of([fetched, waiting, former]) == {fetched: End(7, 1_700_000_000_000)}


def test_a_topic_whose_offsets_transactions_commit_is_read_by_one_agent_alone(app: ChunkApp) -> None:
    """The transactions know of one agent's progress, and would commit past the other's."""
    storage = Storage(open_memory_store, Codec(bytes, bytes), 0)
    app.chunk_table("contacts", 3, storage, Flow(["interactions", "roofs"]), as_group=True)
    app.chunk_table("links", 1, storage, Flow(["links"]))
    app.handle("contacts", ["interactions", "roofs"], work_done)
    app.handle("links", ["links"], work_done)

    assert app.commits_offsets == {"interactions", "roofs"}
    app.handle("also links", ["links"], work_done)
    with pytest.raises(ValueError, match="roofs: two agents"):
        app.handle("also roofs", ["roofs", "elsewhere"], work_done)


async def work_done(_: Run) -> None:
    """A chunk that takes no time."""


async def test_an_agent_hands_every_run_of_a_message_to_its_lane(app: ChunkApp) -> None:
    done: list[tuple[TP, list[int]]] = []

    async def note(chunk: Run) -> None:
        done.append((chunk.tp, offsets(chunk)))

    app.handle("contacts", ["interactions", "roofs"], note)
    app.lanes.open(1)
    runs = [run([number], tp=TP(topic, number)) for topic in ("interactions", "roofs") for number in range(2)]

    await app.agents["contacts"].fun(messages_of(runs[:3], runs[3:]))
    await everything_that_can()

    assert done == [(each.tp, offsets(each)) for each in runs]


async def test_a_run_that_no_lane_takes_ends_the_process_and_what_follows_is_not_handed_on() -> None:
    codes: list[int] = []
    app = app_that_stops(codes)
    app.handle("contacts", ["interactions"], work_done)
    app.lanes.open(1)
    interactions, strange, after = (TP(topic, 0) for topic in ("interactions", "strange", "interactions"))

    await app.agents["contacts"].fun(
        messages_of([run([1], tp=interactions), run([1], tp=strange), run([2], tp=after)], [run([3], tp=after)])
    )
    await everything_that_can()

    assert codes == [EXIT_FAIL_STOP]
    assert app.lanes.done_to(interactions) == 2


async def messages_of(*bundles: Sequence[Run]) -> AsyncIterator[Sequence[Run]]:
    for bundle in bundles:
        yield bundle


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (RuntimeError("why"), True),
        *([kind("why"), False] for kind in (Fenced, StateLost, OtherFormat, KafkaConnectionError, TimeoutError)),
    ],
)
def test_a_fault_ends_the_process_says_where_and_tells_of_calls_only_where_it_is_a_bug(
    error: Exception, calls: bool, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[int] = []
    with caplog.at_level(logging.CRITICAL):
        try:
            raise error
        except type(error) as raised:
            app_that_stops(codes).fail_stop(raised, TP("interactions", 1))

    assert codes == [EXIT_FAIL_STOP]
    [record] = caplog.records
    assert "interactions" in record.getMessage()
    assert type(error).__name__ in record.getMessage()
    assert ("File " in record.getMessage()) == calls


@pytest.mark.parametrize("said", ["another worker owns this partition", given_away("pod-1")])
def test_a_worker_with_a_name_that_is_fenced_says_who_may_have_it(said: str, caplog: pytest.LogCaptureFixture) -> None:
    """The broker may refuse what it writes before the group tells it anything."""
    named = SETTINGS.model_copy(update={"instance": "pod-1"})
    app = ChunkApp(named, KafkaClients(named), lambda _: None, lambda _: None)
    with caplog.at_level(logging.CRITICAL):
        app.fail_stop(Fenced(said))

    [record] = caplog.records
    assert said in record.getMessage()
    assert record.getMessage().count("HARMONIA_INSTANCE pod-1 away: to another process of that name") == 1


async def test_a_lane_that_fails_ends_the_process() -> None:
    codes: list[int] = []

    app_that_stops(codes).lanes._on_failure(TP("interactions", 1), RuntimeError())

    assert codes == [EXIT_FAIL_STOP]


def test_a_rebalance_during_a_stop_leaves_the_consumer_open_for_its_last_commit(
    app: ChunkApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust would close it, and the commit wait for a coordinator for ever."""
    closed: list[str] = []
    monkeypatch.setattr(app.consumer, "close", lambda: closed.append("closed"))

    app._on_rebalance_when_stopped()

    assert closed == []
