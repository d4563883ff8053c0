"""The pace of a worker: room, fetches and collections."""

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.aiokafka_patches.fetch_requests import (
    AT_ONCE,
    EVERY_S,
    IDLE_WAIT_MS,
    REST_S,
    pace_fetches,
    rest_longer,
)
from streams.engine.aiokafka_patches.fetched_records import FetchedRecord
from streams.engine.garbage_collector import YOUNG_OBJECTS, collect_rarely, collecting_later
from streams.engine.partition_workers import PartitionWorkers
from streams.engine.runs import ChunkLimits, KafkaRecord, Run, take_chunk
from streams.engine.weighted_semaphore import WeightedSemaphore
from streams.engine.writer import Output
from tests.unit.engine.kafka_records import Fetched, offsets, run
from tests.unit.engine.workplace import Workplace, everything_that_can

FIRST, SECOND = 1, 2
SHORT_MS = 50


class Consumer:
    """A fetcher of aiokafka's as far as the pace needs it, and a clock. `leading`: who leads each of its partitions."""

    def __init__(self, *leading: int | None) -> None:
        self.seconds, self.plans = 0.0, 0
        self.cluster: SimpleNamespace = SimpleNamespace(leader_for_partition=lambda tp: self.cluster._partitions[tp])
        self.fetcher = SimpleNamespace(
            _client=SimpleNamespace(cluster=self.cluster),
            _get_actions_per_node=self._plan,
            _fetch_max_wait_ms=SHORT_MS,
            _fetcher_timeout=0.2,
            _in_flight=set[int](),
            _records={},
        )
        self.assign(*leading)
        pace_fetches(self.fetcher, lambda: self.seconds)

    def assign(self, *leading: int | None) -> None:
        self.assignment = SimpleNamespace(tps=range(len(leading)))
        self.lead(*leading)

    def lead(self, *leading: int | None) -> None:
        """New metadata."""
        self.cluster._partitions = dict(enumerate(leading))

    def _plan(self, assignment: SimpleNamespace) -> object:
        self.plans += 1
        leading = {self.cluster.leader_for_partition(tp) for tp in assignment.tps}
        free = sorted(broker for broker in leading - self.fetcher._in_flight if broker is not None)
        return [(broker, self.fetcher._fetch_max_wait_ms) for broker in free], {}, 0.2, None in leading, []

    def asks(self) -> tuple[list[int], float]:
        """Which brokers it asks now, and in how many seconds it looks again at the latest."""
        requests, _, pause, _, _ = self.fetcher._get_actions_per_node(self.assignment)
        return [broker for broker, _ in requests], pause

    def waits_ms(self) -> int:
        """How long its next fetch waits for a record."""
        [(_, waits)], *_ = self.fetcher._get_actions_per_node(self.assignment)
        return int(waits)


def test_what_comes_all_the_time_is_fetched_together_after_a_pause() -> None:
    consumer = Consumer(FIRST)
    for _ in range(AT_ONCE):
        consumer.asks()

    brokers, pause = consumer.asks()

    assert (brokers, pause) == ([], EVERY_S)
    consumer.seconds += pause / 2
    brokers, left = consumer.asks()
    assert (brokers, left) == ([], EVERY_S / 2)
    consumer.seconds += pause / 2
    assert consumer.asks()[0] == [FIRST]
    assert consumer.asks()[0] == []


def test_however_long_the_rest_was_no_more_fetches_follow_each_other() -> None:
    consumer = Consumer(FIRST)
    consumer.seconds = 3_600.0

    asked = [consumer.asks()[0] for _ in range(AT_ONCE + 3)]

    assert asked == [[FIRST]] * AT_ONCE + [[]] * 3


def test_a_look_that_asks_nobody_takes_nothing_of_what_may_follow() -> None:
    consumer = Consumer()
    for _ in range(AT_ONCE + 1):
        consumer.asks()
    consumer.assign(FIRST)

    assert consumer.asks()[0] == [FIRST]


def test_nothing_is_planned_while_every_leader_has_a_fetch_to_answer() -> None:
    consumer = Consumer(FIRST, SECOND, FIRST)
    consumer.asks()

    consumer.fetcher._in_flight = {FIRST, SECOND}
    assert (consumer.asks()[0], consumer.plans) == ([], 1)
    consumer.fetcher._in_flight = {SECOND}
    assert (consumer.asks()[0], consumer.plans) == ([FIRST], 2)


def test_a_broker_that_leads_of_late_is_asked_while_the_former_one_does_not_answer() -> None:
    consumer = Consumer(FIRST)
    consumer.asks()
    consumer.fetcher._in_flight = {FIRST}

    consumer.lead(SECOND)

    assert consumer.asks()[0] == [SECOND]


def test_a_leader_that_is_not_known_is_asked_for_while_others_do_not_answer() -> None:
    consumer = Consumer(FIRST, None)
    consumer.fetcher._in_flight = {FIRST}

    *_, is_metadata_wanted, _ = consumer.fetcher._get_actions_per_node(consumer.assignment)

    assert is_metadata_wanted


def test_nothing_is_planned_either_once_a_broker_that_was_asked_leads_no_more() -> None:
    consumer = Consumer(FIRST, SECOND)
    consumer.asks()
    consumer.assign(SECOND)
    consumer.fetcher._in_flight = {SECOND}

    assert (consumer.asks()[0], consumer.plans) == ([], 1)


def test_a_fetch_waits_long_unless_records_wait_to_be_handed_on() -> None:
    consumer = Consumer(FIRST)

    assert consumer.waits_ms() == IDLE_WAIT_MS
    consumer.fetcher._records = {"a partition": "its records"}
    assert consumer.waits_ms() == SHORT_MS


async def test_a_consumer_that_hears_little_looks_less_often_than_aiokafka_does() -> None:
    client = SimpleNamespace(_loop=asyncio.get_running_loop(), _metadata_max_age_ms=1000)
    fetcher = Fetcher(client, SubscriptionState())
    before = fetcher._fetcher_timeout
    rest_longer(SimpleNamespace(_fetcher=fetcher))
    assert fetcher._fetcher_timeout == REST_S > before
    await fetcher.close()


A, B = TP("interactions", 0), TP("interactions", 1)


async def test_a_partition_has_room_until_two_chunks_wait_and_again_when_one_is_taken() -> None:
    work = Workplace(records=2)

    await work.submit(run(range(5), tp=A))
    assert A not in work.lanes.full()
    await work.submit(run([5], tp=A))
    assert A in work.lanes.full()
    assert B not in work.lanes.full()

    await work.end(A)
    assert A not in work.lanes.full()


async def test_a_partition_has_no_room_while_two_chunks_of_bytes_wait_however_few_records_they_are() -> None:
    work = Workplace(records=2, size=1_000)
    large = [Fetched(offset, bytes(900), topic=A.topic, partition=A.partition) for offset in range(4)]
    await work.submit(Run(A, large[:1], 1, 1))

    await work.submit(Run(A, large[1:3], 3, 1))
    with_two_behind_the_one_in_hand = A not in work.lanes.full()
    await work.submit(Run(A, large[3:], 4, 1))

    assert (with_two_behind_the_one_in_hand, A not in work.lanes.full()) == (True, False)
    await work.end(A)
    assert A not in work.lanes.full()


def is_done(lanes: PartitionWorkers) -> bool:
    return lanes.done_to(A) == 1


async def fetch(lanes: PartitionWorkers, ends: Callable[[], bool]) -> int:
    """What the consumer does: look for room, and where there is none wait for it. Returns how often it waited."""
    waits = 0
    while not ends():
        if A not in lanes.full():
            await asyncio.sleep(0)
        else:
            waits += 1
            await lanes.wait_for_room()
    return waits


async def test_whoever_waits_for_room_is_woken_whenever_the_lane_takes_a_chunk() -> None:
    work = Workplace(records=1)
    await work.submit(run(range(10), tp=A))
    fetching = asyncio.create_task(fetch(work.lanes, lambda: A not in work.lanes.full()))
    await everything_that_can()

    for _ in range(8):
        assert not fetching.done()
        await work.end(A)

    assert await asyncio.wait_for(fetching, 1) == 8


async def test_room_made_just_before_the_wait_is_not_waited_for() -> None:
    """The last chunk ends in the same turn of the loop in which the consumer looks, whoever comes first."""
    for turns_before_the_end in range(6):
        work = Workplace(records=1)
        await work.submit(run(range(3), tp=A))
        fetching = asyncio.create_task(fetch(work.lanes, partial(is_done, work.lanes)))
        for _ in range(turns_before_the_end):
            await asyncio.sleep(0)

        await work.end(A)

        await asyncio.wait_for(fetching, 1)


async def test_opening_the_lanes_wakes_who_waits() -> None:
    work = Workplace()
    waiting = asyncio.create_task(work.lanes.wait_for_room())
    await everything_that_can()

    work.lanes.open(2)

    await asyncio.wait_for(waiting, 1)


class Work:
    """Pieces of work that hold their turn until they are told to end."""

    def __init__(self, turns: WeightedSemaphore) -> None:
        self._turns = turns
        self._ends: dict[int, asyncio.Event] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.under_way: list[int] = []

    async def begin(self, *sizes: int) -> None:
        for size in sizes:
            number = len(self._tasks)
            self._ends[number] = asyncio.Event()
            self._tasks[number] = asyncio.create_task(self._do(number, size))
        await self._settle()

    async def end(self, number: int) -> None:
        self._ends[number].set()
        await self._settle()

    async def cancel(self, number: int) -> None:
        self._tasks[number].cancel()
        with suppress(asyncio.CancelledError):
            await self._tasks[number]
        await self._settle()

    async def _do(self, number: int, size: int) -> None:
        async with self._turns.of(size):
            self.under_way.append(number)
            try:
                await self._ends[number].wait()
            finally:
                self.under_way.remove(number)

    async def _settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


async def test_small_pieces_are_worked_on_together() -> None:
    work = Work(WeightedSemaphore(100))

    await work.begin(*[10] * 12)

    assert work.under_way == list(range(10))
    await work.end(3)
    assert work.under_way == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]


async def test_a_small_piece_does_not_overtake_a_large_one() -> None:
    """Else a large one would wait for ever."""
    work = Work(WeightedSemaphore(100))

    await work.begin(60, 60, 10)

    assert work.under_way == [0]


async def test_who_waits_and_is_cancelled_is_not_waited_for() -> None:
    work = Work(WeightedSemaphore(100))
    await work.begin(60, 60, 10)

    await work.cancel(1)

    assert work.under_way == [0, 2]


async def test_a_turn_that_comes_together_with_a_cancel_is_passed_on() -> None:
    turns = WeightedSemaphore(1)
    async with turns.of(1):
        waiting = asyncio.create_task(turns._begin(1))
        await asyncio.sleep(0)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting

    async with asyncio.timeout(1), turns.of(1):
        pass


@given(sizes=st.lists(st.integers(1, 120), max_size=20), data=st.data())
async def test_everybody_has_a_turn_and_never_too_much_is_under_way(sizes: list[int], data: st.DataObject) -> None:
    work = Work(WeightedSemaphore(100))
    await work.begin(*sizes)
    done = []
    while work.under_way:
        at_once = [sizes[number] for number in work.under_way]
        assert len(at_once) == 1 or sum(at_once) <= 100
        done.append(data.draw(st.sampled_from(work.under_way)))
        await work.end(done[-1])
    assert sorted(done) == list(range(len(sizes)))


async def test_whoever_waits_may_be_cancelled_all_at_once() -> None:
    """As all late lanes are before a rebalance; the holder unwinds before those who wait for it."""
    turns = WeightedSemaphore(100)
    ended = asyncio.Event()

    async def work(records: int) -> None:
        async with turns.of(records):
            await ended.wait()

    tasks = [asyncio.create_task(work(size)) for size in (60, 90, 20, 60)]
    for _ in range(3):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()

    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 4
    async with asyncio.timeout(1), turns.of(100):
        pass


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_loaded_is_left_out_and_the_rest_is_looked_at_rarely() -> None:
    collect_rarely()

    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold()[0] == YOUNG_OBJECTS
    assert gc.isenabled()


def test_objects_made_and_freed_at_once_are_not_collected() -> None:
    seen: list[str] = []
    gc.callbacks.append(lambda phase, _: seen.append(phase))
    try:
        gc.set_threshold(1_000)
        with collecting_later():
            made = [[number] for number in range(10_000)]
            del made
        assert (seen, gc.isenabled()) == ([], True)
        assert len([[number] for number in range(10_000)]) > len(seen) > 0
    finally:
        gc.callbacks.pop()


def test_records_are_nothing_to_walk_over() -> None:
    record: KafkaRecord = FetchedRecord("topic", 0, 1, 2, b"k", b"v", (("name", b"text"),))

    assert not gc.is_tracked(record)
    assert not gc.is_tracked(Output("topic", 0, b"k", b"v"))


TEN = ChunkLimits(records=10, bytes=1_000)


def test_a_hole_between_two_runs_is_not_hidden_in_a_chunk() -> None:
    waiting = deque([replace(run([4, 5]), start=3), replace(run([9, 10]), start=9)])

    first, second = take_chunk(waiting, TEN), take_chunk(waiting, TEN)

    assert (first.began_at, offsets(first), first.next_offset) == (3, [4, 5], 6)
    assert (second.began_at, offsets(second)) == (9, [9, 10])


def test_what_is_no_record_is_no_hole() -> None:
    waiting = deque([replace(run([4, 5]), start=3), replace(run([9, 10]), start=6)])

    chunk = take_chunk(waiting, TEN)

    assert (chunk.began_at, offsets(chunk), chunk.next_offset) == (3, [4, 5, 9, 10], 11)
