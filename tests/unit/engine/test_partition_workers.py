"""Workers of partitions: their lanes, and the room that they share."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.partition_workers import PartitionWorkers
from streams.engine.runs import Run
from streams.engine.weighted_semaphore import WeightedSemaphore
from tests.unit.engine.kafka_records import Fetched, run
from tests.unit.engine.workplace import Workplace, everything_that_can

A, B = TP("interactions", 0), TP("interactions", 1)


async def test_one_chunk_of_a_partition_is_in_flight_and_the_order_is_kept() -> None:
    work = Workplace(records=2)

    await work.submit(run(range(3), tp=A), run(range(3, 5), tp=A))
    assert work.begun[A] == [[0, 1]]
    await work.end(A)
    await work.end(A)
    await work.end(A)

    assert work.begun[A] == [[0, 1], [2, 3], [4]]


async def test_partitions_do_not_wait_for_each_other() -> None:
    work = Workplace()

    await work.submit(run([0], tp=A), run([7], tp=B))
    await work.end(B)

    assert (work.begun[A], work.begun[B]) == ([[0]], [[7]])
    assert work.done() == {B: 8}


async def test_done_is_where_reading_goes_on_also_behind_a_marker() -> None:
    work = Workplace()

    await work.submit(Run(A, run([4, 5], tp=A).records, 7, 1))
    await work.end(A)

    assert work.done() == {A: 7}


async def test_a_failed_chunk_is_not_done_and_its_failure_is_reported() -> None:
    """faust-streaming issues 315 and 527: stock Faust acknowledges the event whose agent raised, and skips it."""
    work = Workplace(records=2)
    trouble = RuntimeError("no such thing")

    await work.submit(run(range(4), tp=A))
    await work.fail(A, trouble)

    assert work.failed == [(A, trouble)]
    assert work.done() == {}


async def test_nothing_is_worked_on_after_a_failure() -> None:
    work = Workplace(records=2)

    await work.submit(run(range(4), tp=A), run([0], tp=B))
    await work.fail(A, RuntimeError())
    await work.submit(run(range(4, 6), tp=A))
    await work.end(B)
    await work.submit(run([1], tp=B))

    assert (work.begun[A], work.begun[B]) == ([[0, 1]], [[0]])
    assert work.done() == {B: 1}


async def test_a_run_of_another_generation_is_dropped() -> None:
    work = Workplace()

    await work.submit(run([0], generation=2, tp=A), run([0], generation=0, tp=B))

    assert not work.begun


async def test_nothing_is_accepted_before_the_partitions_are_taken_over() -> None:
    work = Workplace()
    await work.lanes.settle()

    await work.submit(run([0], generation=1, tp=A))
    work.lanes.open(2)
    await work.submit(run([5], generation=2, tp=A))

    assert work.begun[A] == [[5]]


async def test_settling_ends_the_chunk_in_hand_and_drops_what_waits() -> None:
    work = Workplace(records=2)
    await work.submit(run(range(6), tp=A))

    settling = asyncio.create_task(work.lanes.settle())
    await everything_that_can()
    assert not settling.done()
    await work.end(A)

    assert settling.done()
    assert (work.begun[A], work.done(), work.failed) == ([[0, 1]], {A: 2}, [])
    work.lanes.open(2)
    await work.submit(run(range(2, 6), generation=2, tp=A))
    assert work.begun[A] == [[0, 1], [2, 3]]


async def test_settling_cancels_what_does_not_end_in_time() -> None:
    work = Workplace(grace_seconds=0.01)
    await work.submit(run([0], tp=A), run([0], tp=B))

    await work.lanes.settle()

    assert sorted(work.cancelled) == [A, B]
    assert (work.done(), work.failed) == ({}, [])
    work.lanes.open(2)
    await work.submit(run([0], generation=2, tp=A))
    await work.end(A)
    assert work.done() == {A: 1}


async def test_a_lane_that_lingers_begins_its_next_chunk_later_and_has_done_the_last_one_at_once() -> None:
    work = Workplace(grace_seconds=0.01)
    work.lanes._linger_s["agent"] = 3600
    await work.submit(run([0], tp=A))
    await work.end(A)

    await work.submit(run([1], tp=A))
    assert (work.begun[A], work.done()) == ([[0]], {A: 1})

    await work.lanes.settle()
    work.lanes.open(2)
    await work.submit(run([1], generation=2, tp=A))
    assert work.begun[A] == [[0], [1]]
    assert work.cancelled == []


async def test_agents_of_one_topic_each_work_on_all_of_it() -> None:
    """Runs of the second were once worked on by the first one's function."""
    work, other = Workplace(), Workplace()
    work.lanes.expect("other", [A.topic])

    await work.submit(run([0], tp=A))
    work.lanes.submit("other", run([0], tp=A), other.process)
    await everything_that_can()

    assert (work.begun[A], other.begun[A]) == ([[0]], [[0]])


async def test_a_partition_is_done_as_far_as_the_slowest_of_its_agents() -> None:
    work, other = Workplace(), Workplace()
    work.lanes.expect("other", [A.topic])
    await work.submit(run([0, 1], tp=A))
    work.lanes.submit("other", run([0], tp=A), other.process)
    await everything_that_can()

    await work.end(A)
    done_by_one = work.done()
    await other.end(A)

    assert (done_by_one, work.done()) == ({A: None}, {A: 1})


async def test_a_partition_has_room_and_age_as_the_slowest_of_its_agents() -> None:
    work, other = Workplace(records=2), Workplace()
    work.lanes.expect("other", [A.topic])
    work.lanes.submit("other", run(range(6), tp=A), other.process)

    await everything_that_can()

    assert A in work.lanes.full()
    assert work.lanes.oldest_at(A) == 0


async def test_an_agent_is_refused_on_a_topic_that_it_was_not_said_to_read() -> None:
    work = Workplace()

    with pytest.raises(ValueError, match="the agent other is not expected to read interactions"):
        work.lanes.submit("other", run([0], tp=A), work.process)


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
