import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from functools import partial
from random import Random

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from faust.types import TP

from streams.engine.retry import retried
from streams.engine.runs import KafkaRecord
from streams.engine.writer import Outbox, Output
from tests.integration.engine.cluster import Cluster

PARTITIONS = 3


@pytest.fixture
def topic(cluster: Cluster) -> str:
    return cluster.make("outbox", partitions=PARTITIONS)[0]


@pytest.fixture
async def outbox(cluster: Cluster) -> AsyncIterator[Outbox]:
    outbox = Outbox(cluster.kafka)
    yield outbox
    await outbox.stop()


def outputs(topic: str, task: int, numbers: Iterable[int]) -> list[Output]:
    """What one task writes: to each partition in turn."""
    return [Output(topic, number % PARTITIONS, b"%d" % task, b"%d" % number) for number in numbers]


async def by_task(cluster: Cluster, topic: str, partition: int) -> dict[bytes | None, list[int]]:
    """What is in a partition, in its order, for each task that wrote."""
    found: dict[bytes | None, list[int]] = defaultdict(list)
    record: KafkaRecord
    for record in await cluster.committed(TP(topic, partition)):
        found[record.key].append(int(record.value or b""))
    return found


async def test_many_tasks_lose_and_reorder_nothing(cluster: Cluster, outbox: Outbox, topic: str) -> None:
    async def write(task: int) -> None:
        for start in range(0, 60, 20):
            await outbox.write(outputs(topic, task, range(start, start + 20)))

    await asyncio.gather(*(write(task) for task in range(50)))

    for partition in range(PARTITIONS):
        expected = [number for number in range(60) if number % PARTITIONS == partition]
        assert await by_task(cluster, topic, partition) == {b"%d" % task: expected for task in range(50)}


async def test_a_producer_that_breaks_is_replaced(cluster: Cluster, outbox: Outbox, topic: str) -> None:
    """Whoever was writing is told, and writes again: at least once, and in the same order."""

    async def write(task: int) -> None:
        for number in range(0, 30, 3):
            await retried(partial(outbox.write, outputs(topic, task, [number])), "writing")

    async def break_producers() -> None:
        for _ in range(3):
            await retried(lambda: outbox.write(outputs(topic, 99, [1])), "writing")
            if outbox._producer is not None:
                await outbox._producer.stop()

    await asyncio.gather(break_producers(), *(write(task) for task in range(10)))

    found = await by_task(cluster, topic, 0)
    assert {task: list(dict.fromkeys(numbers)) for task, numbers in found.items()} == {
        b"%d" % task: list(range(0, 30, 3)) for task in range(10)
    }


async def test_what_no_producer_can_send_does_not_keep_others_waiting_for_ever(
    cluster: Cluster, outbox: Outbox, topic: str
) -> None:
    """There is no such partition: a bug, and so the process must stop rather than hang."""
    wrong = asyncio.create_task(outbox.write([Output(topic, PARTITIONS, b"k", b"v")]))

    done, _ = await asyncio.wait({wrong}, timeout=5)

    assert done
    assert isinstance(wrong.exception(), AssertionError)
    await outbox.write(outputs(topic, 0, [0]))
    assert (await by_task(cluster, topic, 0))[b"0"] == [0]


async def test_a_task_that_is_cancelled_does_not_disturb_the_others(
    cluster: Cluster, outbox: Outbox, topic: str
) -> None:
    await outbox.write([])
    writes = [asyncio.create_task(outbox.write(outputs(topic, task, [0]))) for task in range(3)]
    await asyncio.sleep(0)
    writes[1].cancel()

    told = await asyncio.gather(*writes, return_exceptions=True)

    assert [type(each) for each in told] == [type(None), asyncio.CancelledError, type(None)]
    assert {b"0", b"2"} <= set(await by_task(cluster, topic, 0))


async def test_a_record_that_fits_nowhere_fails_whoever_wrote_it_and_nobody_else(
    cluster: Cluster, outbox: Outbox, topic: str
) -> None:
    """They were in one round, and would fail together as often as they try."""
    await outbox.write([])
    giant = Output(topic, 0, b"giant", Random(1).randbytes(9 << 20))

    ended = await asyncio.gather(
        outbox.write([giant]), outbox.write(outputs(topic, 1, range(6))), return_exceptions=True
    )

    assert isinstance(ended[0], MessageSizeTooLargeError)
    assert ended[1] is None
    for partition in range(PARTITIONS):
        found = await by_task(cluster, topic, partition)
        assert found.keys() == {b"1"}
        assert set(found[b"1"]) == {partition, partition + PARTITIONS}  # some twice, from the round that failed
