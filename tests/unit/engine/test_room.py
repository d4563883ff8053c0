import asyncio
from collections.abc import Callable
from functools import partial

from faust.types import TP

from streams.engine.partition_workers import PartitionWorkers
from streams.engine.runs import Run
from tests.unit.engine.kafka_records import Fetched, run
from tests.unit.engine.workplace import Workplace, everything_that_can

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
