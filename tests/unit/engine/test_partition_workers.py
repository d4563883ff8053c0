import asyncio

import pytest
from faust.types import TP

from streams.engine.runs import Run
from tests.unit.engine.kafka_records import run
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
