import asyncio
import gc
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError
from faust.transport.drivers import aiokafka as stock
from faust.types import TP
from faust.types.tuples import Message
from mode import Service

from streams.engine.aiokafka_patches.fetched_records import MOST_BYTES
from streams.engine.app import ChunkApp
from streams.engine.runs import Run
from streams.engine.transport import Consumer, ConsumerThread
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from tests.unit.engine.kafka_records import offsets, run
from tests.unit.engine.workplace import everything_that_can

A, B, ELSEWHERE = TP("interactions", 0), TP("interactions", 1), TP("links", 0)
ALSO_READ, SWEEPS = TP("roofs", 0), TP("sweeps", 0)


class OfflineConsumer(Consumer):
    """The consumer without its thread: what a broker would give and take is held here."""

    def __init__(self, app: ChunkApp) -> None:
        super().__init__(app.transport, self._no_callback, self._revoked, self._revoked)
        self.fetched: dict[TP, Run] = {}
        self.asked: list[tuple[set[TP], float]] = []
        self.commits: list[dict[TP, int]] = []

    async def _getmany(  # type: ignore[override]
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's signature
    ) -> dict[TP, Run]:
        self.asked.append((set(active_partitions or ()), timeout))
        return {tp: run for tp, run in self.fetched.items() if tp in (active_partitions or ())}

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        self.commits.append(dict(offsets))
        return True

    def assignment(self) -> set[TP]:
        return {A, B}

    def highwater(self, tp: TP) -> int:
        return 100

    async def _no_callback(self, _: object) -> None:
        raise AssertionError("no message goes this way")

    async def _revoked(self, _: object) -> None:
        await self.wait_empty()


@pytest.fixture
def app() -> ChunkApp:
    settings = Settings(kafka_bootstrap="127.0.0.1:1", partitions=2, chunk_records=2)
    app = ChunkApp(settings, KafkaClients(settings), lambda _: None, lambda _: None)
    app.consumer_generation_id = 1
    app.lanes.expect("agent", [A.topic])
    app.lanes.expect("links agent", [ELSEWHERE.topic])
    app.lanes.open(1)
    return app


@pytest.fixture
def consumer(app: ChunkApp) -> OfflineConsumer:
    consumer = OfflineConsumer(app)
    consumer._set_active_tps({A, B})
    return consumer


def runs_in(message: Message) -> Sequence[Run]:
    return cast(Sequence[Run], message.value)


async def taken(consumer: Consumer) -> list[Run]:
    return [run async for _, message in consumer.getmany(0.01) for run in runs_in(message)]


async def work_done(_: Run) -> None:
    """A chunk that takes no time."""


async def do_up_to(app: ChunkApp, tp: TP, offset: int) -> None:
    """Have all records of a partition below this offset done by its agent."""
    app.lanes.submit("agent", run([offset - 1], tp=tp), work_done)
    await everything_that_can()


async def work_of_a_turn(_: Run) -> None:
    await asyncio.sleep(0)


async def work_without_end(_: Run) -> None:
    await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(
    ("fetched", "messages"),
    [
        ([A, ELSEWHERE, B], [[A, B], [ELSEWHERE]]),
        ([A, ALSO_READ, SWEEPS], [[A, SWEEPS], [ALSO_READ]]),  # another agent reads the second one too
        ([TP("one", 0), TP("other", 0)], [[TP("one", 0)], [TP("other", 0)]]),  # no lane reads these
    ],
)
async def test_what_a_fetch_brings_the_same_agents_is_one_message_with_a_run_for_each_partition(
    app: ChunkApp, consumer: OfflineConsumer, fetched: list[TP], messages: list[list[TP]]
) -> None:
    app.lanes.expect("agent", [ALSO_READ.topic, SWEEPS.topic])
    app.lanes.expect("also", [ALSO_READ.topic])
    consumer._set_active_tps(set(fetched))
    consumer.fetched = {tp: run([number, number + 1], tp=tp) for number, tp in enumerate(fetched)}

    found = [pair async for pair in consumer.getmany(0.01)]

    assert [[each.tp for each in runs_in(message)] for _, message in found] == messages
    for tp, message in found:
        first = runs_in(message)[0]
        assert (tp, message.tp, message.offset, message.generation_id) == (first.tp, first.tp, offsets(first)[-1], 1)


async def test_a_message_has_no_more_than_one_fetched_partition_may_have_and_its_last_run(
    consumer: OfflineConsumer,
) -> None:
    """What a message holds stays in memory until the agent has the next one."""
    partitions = [TP(A.topic, number) for number in range(5)]
    consumer._set_active_tps(set(partitions))
    half = MOST_BYTES // 2
    consumer.fetched = {tp: replace(run([4], tp=tp), size=half) for tp in partitions}

    messages = [message async for _, message in consumer.getmany(0.01)]

    assert [len(runs_in(message)) for message in messages] == [2, 2, 1]
    assert sorted(run.tp for message in messages for run in runs_in(message)) == partitions


async def test_agents_do_not_wait_for_each_others_part_of_a_fetch(consumer: OfflineConsumer) -> None:
    """One after the other took several turns of the event loop for each; a rebalance is no error in the log."""
    consumer._set_active_tps({A, B, ELSEWHERE})
    consumer.fetched = {A: run([4], tp=A), ELSEWHERE: run([7], tp=ELSEWHERE)}
    logged: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context["message"]))
    under_way: set[TP] = set()

    async def take(message: Message) -> None:
        under_way.add(message.tp)
        await asyncio.get_running_loop().create_future()

    consumer.callback, consumer.loop = take, asyncio.get_running_loop()
    draining = asyncio.create_task(consumer._drain_messages(Service()))
    await everything_that_can()
    assert under_way == {A, ELSEWHERE}

    consumer.suspend_flow.set()  # as a rebalance does
    consumer.fetched = {}
    await everything_that_can()
    gc.collect()
    assert (draining.done(), logged) == (False, [])
    draining.cancel()


async def test_a_run_of_another_generation_is_not_handed_on(consumer: OfflineConsumer) -> None:
    consumer.fetched = {A: run([4], generation=0, tp=A), B: run([7], generation=1, tp=B)}

    assert [run.tp for run in await taken(consumer)] == [B]


async def test_a_run_that_comes_while_the_flow_is_stopped_is_not_handed_on(consumer: OfflineConsumer) -> None:
    consumer._set_active_tps({A, B, ELSEWHERE})
    consumer.fetched = {A: run([4], tp=A), ELSEWHERE: run([7], tp=ELSEWHERE)}
    handed_on = []

    async for tp, _ in consumer.getmany(0.01):
        handed_on.append(tp)
        consumer.flow_active = False

    assert len(handed_on) == 1


async def test_only_partitions_with_room_are_fetched(app: ChunkApp, consumer: OfflineConsumer) -> None:
    app.lanes.submit("agent", run(range(10), tp=A), work_without_end)

    await taken(consumer)

    app.lanes.submit("agent", run(range(10), tp=B), work_without_end)
    assert await taken(consumer) == []

    assert [partitions for partitions, _ in consumer.asked] == [{B}]


async def test_an_idle_partition_does_not_keep_a_busy_one_waiting(app: ChunkApp, consumer: OfflineConsumer) -> None:
    """A fetch of idle partitions returns when its time is up: a lane that is full now has long been empty by then."""
    app.lanes.submit("agent", run(range(10), tp=A), work_without_end)
    _ = [message async for message in consumer.getmany(1.0)]

    [(_, timeout)] = consumer.asked
    assert timeout <= 0.05


async def test_what_lanes_have_done_is_committed_and_nothing_else(app: ChunkApp, consumer: OfflineConsumer) -> None:
    """faust-streaming issue 606: stock Faust commits past a message in flight; here A's first chunk is in flight."""
    consumer.fetched = {A: run(range(4), tp=A), B: run(range(7, 9), tp=B)}
    async for _, message in consumer.getmany(0.01):
        consumer.ack(message)
        for each in runs_in(message):
            app.lanes.submit("agent", each, work_without_end if each.tp == A else work_done)
    await everything_that_can()

    await consumer.commit()
    await consumer.commit()  # without news

    assert consumer.commits == [{B: 9}]


async def test_offsets_that_transactions_commit_are_not_committed_by_the_consumer_too(
    app: ChunkApp, consumer: OfflineConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partition is committed one way: two would set each other back."""
    monkeypatch.setattr(ChunkApp, "commits_offsets", {A.topic})
    other = TP("identity-links", 0)
    app.lanes.expect("agent", [other.topic])
    monkeypatch.setattr(consumer, "assignment", lambda: {A, other})
    await do_up_to(app, A, 3)
    await do_up_to(app, other, 2)
    consumer.note_committed(A, 3)

    await consumer.commit()

    assert consumer.commits == [{other: 2}]
    assert consumer.committed(A) == 3


async def test_what_was_done_is_committed_before_partitions_are_given_up(
    app: ChunkApp, consumer: OfflineConsumer
) -> None:
    """faust-streaming issue 502: stock Faust forgets what was acknowledged before it commits, so all comes twice."""
    app.lanes.submit("agent", run(range(2), tp=A), work_of_a_turn)
    await asyncio.sleep(0)

    await consumer.on_partitions_revoked({A, B})

    assert consumer.commits == [{A: 2}]
    app.lanes.submit("agent", run(range(2), tp=A), work_done)
    await everything_that_can()
    assert not app.lanes.partitions()


async def test_transactions_are_settled_once_lanes_have_ended_and_before_anything_else(
    app: ChunkApp, consumer: OfflineConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lanes have handed in still goes out, and nothing is handed in behind it.

    Tables are released after the commit: whoever owns the partition next fences this worker.
    """
    log: list[object] = []

    async def settle() -> None:
        log.extend((app.lanes.done_to(A), list(consumer.commits)))

    async def release() -> None:
        log.append(list(consumer.commits))

    monkeypatch.setattr(app, "settle_tables", settle)
    monkeypatch.setattr(app, "release_tables", release)
    app.lanes.submit("agent", run(range(2), tp=A), work_of_a_turn)
    await asyncio.sleep(0)

    await consumer.on_partitions_revoked({A, B})

    assert log == [2, [], [{A: 2}]]


async def test_giving_up_does_not_wait_for_messages_that_no_agent_took(consumer: OfflineConsumer) -> None:
    consumer.fetched = {A: run([0], tp=A)}
    [(_, message)] = [pair async for pair in consumer.getmany(0.01)]
    consumer.track_message(message)
    consumer.ack(message)

    await asyncio.wait_for(consumer.wait_empty(), 0.9)


async def test_giving_up_does_not_wait_for_an_agent_that_never_takes_a_message_of_two(
    consumer: OfflineConsumer,
) -> None:
    """A revoke empties the queue of the slower one, and nobody acknowledges it twice any more."""
    consumer.loop = asyncio.get_running_loop()
    consumer.fetched = {A: run([0], tp=A)}
    [(_, message)] = [pair async for pair in consumer.getmany(0.01)]
    message.incref(2)
    consumer.track_message(message)
    message.ack(consumer)

    await asyncio.wait_for(consumer.wait_empty(), 0.9)


async def test_markers_that_nothing_follows_are_no_lag_once_all_that_was_taken_is_done(
    app: ChunkApp, consumer: OfflineConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer._committed_offset[B] = 40
    assert consumer.lag_of(B) == 60
    monkeypatch.setattr(consumer, "_read_to", lambda _: 100)
    consumer.fetched = {A: run(range(97), tp=A)}
    await do_up_to(app, A, 90)
    assert consumer.lag_of(A) == 0

    [_ async for _ in consumer.getmany(0.01)]
    assert consumer.lag_of(A) == 10
    await do_up_to(app, A, 97)
    assert consumer.lag_of(A) == 0


async def test_what_is_taken_and_not_committed_is_counted_for_whoever_has_to_leave_it(
    app: ChunkApp, consumer: OfflineConsumer
) -> None:
    consumer.fetched = {A: run(range(1_000, 1_006), tp=A), B: run(range(4), tp=B)}
    assert app.uncommitted() == (0, 0)
    assert not app.is_in_touch
    assert app.brokers() == []
    assert app._consumer is None  # it is looked at, and not made, while the process ends

    assert isinstance(app.consumer, Consumer)
    [_ async for _ in consumer.getmany(0.01)]
    assert app.uncommitted() == (2, 10)
    consumer.fetched = {A: run(range(1_006, 1_012), tp=A)}
    [_ async for _ in consumer.getmany(0.01)]
    assert app.uncommitted() == (2, 16)

    for offset, tp in ((1_012, A), (1, B)):
        app.consumer.note_committed(tp, offset)
    assert app.uncommitted() == (1, 3)


async def test_a_thread_that_crashes_prints_nothing_past_the_log(
    consumer: OfflineConsumer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    thread = ConsumerThread(consumer, loop=consumer.loop, beacon=consumer.beacon)
    try:
        raise KafkaConnectionError("gone")
    except KafkaConnectionError as error:
        thread.on_crash("{0!r} crashed: {1!r}", "the thread", error)

    assert "Traceback" not in capfd.readouterr().err
    assert [record.getMessage() for record in caplog.records] == ["'the thread' crashed: KafkaConnectionError('gone')"]


@pytest.fixture
async def group_member(app: ChunkApp, consumer: OfflineConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    thread = ConsumerThread(consumer, loop=consumer.loop, beacon=consumer.beacon)
    member = thread._create_worker_consumer(cast(stock.Transport, app.transport))
    yield member
    del member
    gc.collect()


async def test_members_of_the_group_see_committed_records_only(group_member: AIOKafkaConsumer) -> None:
    """Faust's driver reads uncommitted records unless its `exactly_once` is on, and that must stay off."""
    assert group_member._isolation_level == "read_committed"
    assert not group_member._enable_auto_commit
