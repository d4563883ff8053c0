"""What a rebalance drops, and that it comes again. The group, its consumer and the broker are real."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from faust.types import TP

from streams.engine.app import ChunkApp
from streams.engine.group_membership import membership_of
from streams.engine.runs import Run
from streams.engine.transport import Consumer
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.errors import StateLost
from streams.platform.settings import Settings
from tests.integration.engine.cluster import Cluster


class Member:
    """A worker of a group with two agents on one topic, which note the values they are given."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self.ready = asyncio.Event()
        self.stopped: list[int] = []
        self.values: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.app = ChunkApp(settings, KafkaClients(settings), lambda _: self.ready.set(), self.stopped.append)
        self.held_up = asyncio.Event()
        self.held_up.set()
        self.also: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.app.handle("notes", [topic], self._note)
        self.app.handle("also notes", [topic], self._note_too)

    async def value(self) -> bytes | None:
        return await asyncio.wait_for(self.values.get(), 10)

    async def drop_what_is_below(self, tp: TP, offset: int) -> None:
        """Take records from the broker and forget them, as a fetch does that a rebalance overtakes."""
        thread = cast(Consumer, self.app.consumer)._thread
        consumer = thread._ensure_consumer()
        state = consumer._subscription.subscription.assignment.state_value(tp)
        async with asyncio.timeout(10):
            while state.position < offset:
                await thread.call_thread(consumer.getmany, timeout_ms=50)

    async def position_once_no_fetch_waits(self, tp: TP) -> int:
        """Where the consumer reads on, after every fetch that was under way has ended."""
        thread = cast(Consumer, self.app.consumer)._thread
        consumer = thread._ensure_consumer()
        async with asyncio.timeout(10):
            while consumer._fetcher._fetch_waiters:
                await thread.call_thread(asyncio.sleep, 0)
        return int(consumer._subscription.subscription.assignment.state_value(tp).position)

    async def _note(self, chunk: Run) -> None:
        for record in chunk.records:
            self.values.put_nowait(record.value)

    async def _note_too(self, chunk: Run) -> None:
        await self.held_up.wait()
        for record in chunk.records:
            self.also.put_nowait(record.value)


@pytest.fixture
def source(cluster: Cluster) -> TP:
    return cluster.make_partition("input")


@pytest.fixture
async def member(stack: Stack, source: TP, tmp_path: Path) -> AsyncIterator[Member]:
    settings = Settings(
        kafka_bootstrap=stack.kafka_bootstrap, app_id=f"group-of-{source.topic}", partitions=1, state_dir=tmp_path
    )
    member = Member(settings, source.topic)
    await member.app.start()
    await asyncio.wait_for(member.ready.wait(), 30)
    yield member
    await member.app.stop()


async def test_what_a_rebalance_dropped_comes_again_behind_what_is_committed(
    cluster: Cluster, source: TP, member: Member
) -> None:
    """Also where nothing is. A fetch that begins before a rebalance ends in the middle of it, for nobody."""
    consumer = member.app.consumer
    for values, end in (([b"first", b"second"], 2), ([b"third"], 3)):
        consumer.stop_flow()
        await cluster.put(source, values)
        await member.drop_what_is_below(source, end)

        await consumer.perform_seek()
        consumer.resume_flow()

        assert [await member.value() for _ in values] == values
        assert [await asyncio.wait_for(member.also.get(), 10) for _ in values] == values
        await consumer.commit()
    assert member.values.empty()


async def test_each_agent_of_a_topic_is_given_all_of_it_and_what_one_has_not_done_is_not_committed(
    cluster: Cluster, source: TP, member: Member
) -> None:
    member.held_up.clear()
    await cluster.put(source, [b"first"])
    assert await member.value() == b"first"

    await member.app.consumer.commit()
    committed_by_one = cast(Consumer, member.app.consumer).committed(source)
    member.held_up.set()
    assert await asyncio.wait_for(member.also.get(), 10) == b"first"
    await member.app.consumer.commit()

    assert (committed_by_one, cast(Consumer, member.app.consumer).committed(source)) == (None, 1)
    assert member.values.empty()


async def test_a_fetch_that_ends_while_the_flow_is_stopped_takes_nothing(
    cluster: Cluster, source: TP, member: Member
) -> None:
    """It may end after recovery has set the positions, and then nothing would set them back behind its records."""
    member.app.consumer.stop_flow()
    await cluster.put(source, [b"first", b"second"])

    assert await member.position_once_no_fetch_waits(source) == 0


async def test_input_that_was_cut_off_before_it_was_handled_is_not_jumped_over(
    cluster: Cluster, source: TP, member: Member
) -> None:
    """aiokafka would go on at the log's start and say so to nobody."""
    await cluster.put(source, [b"first"])
    assert await member.value() == b"first"
    await member.app.consumer.commit()
    member.app.consumer.stop_flow()
    await cluster.put(source, [b"second", b"third"])
    cluster.delete_before(source, 2)

    with pytest.raises(StateLost, match=r"handled up to 1, and its log starts at 2"):
        await member.app.consumer.perform_seek()


async def test_a_worker_keeps_as_which_member_its_partitions_were_assigned(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = cast(Consumer, member.app.consumer)
    coordinator = consumer._thread._ensure_consumer()._coordinator
    assert consumer.membership == membership_of(coordinator)
    assert consumer.membership.is_valid
    assert consumer.membership.generation == member.app.consumer_generation_id

    monkeypatch.setattr(coordinator, "generation", -1)  # as after an error of its heartbeat
    assert consumer.membership.is_valid


async def test_a_fetcher_that_has_died_is_noticed(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    """aiokafka's own task, which Faust never looks at: without a look the worker would sit there for ever."""
    member.app.consumer.stop_flow()
    thread = cast(Consumer, member.app.consumer)._thread
    consumer = thread._ensure_consumer()
    dead: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    dead.set_exception(ConnectionResetError("the task has died"))

    with monkeypatch.context() as dying:
        dying.setattr(consumer._fetcher, "_fetch_task", dead)
        with pytest.raises(ConnectionResetError, match="the task has died"):
            await thread._fetch_records(consumer, set(), timeout=0)


async def test_a_member_that_owns_nothing_is_never_told_to_leave(member: Member) -> None:
    """It polls for nothing, which aiokafka takes for being stuck once `max_poll_interval_ms` is over."""
    consumer = cast(Consumer, member.app.consumer)._thread._ensure_consumer()
    a_year = 365 * 86_400.0
    assert consumer._coordinator._max_poll_interval > a_year
