import asyncio
import gc

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from streams.engine.changelog import PartitionReader
from streams.engine.runs import Run
from streams.engine.writer import Output, TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from tests.integration.engine.cluster import Cluster


async def written(cluster: Cluster, tp: TP, *chunks: list[bytes]) -> None:
    """One transaction for each chunk."""
    writer = TransactionWriter(cluster.kafka, f"writer-of-{tp.topic}")
    await writer.start()
    for chunk in chunks:
        await cluster.write(writer, [Output(*tp, b"k", value) for value in chunk])
    await writer.stop()


async def aborted(producer: AIOKafkaProducer, tp: TP, value: bytes) -> None:
    await producer.begin_transaction()
    await producer.send_and_wait(tp.topic, value, partition=tp.partition)
    await producer.abort_transaction()


async def runs(cluster: Cluster, tp: TP, start: int, end: int) -> list[Run]:
    async with PartitionReader(cluster.kafka) as reader:
        assert await reader.end_of(tp) >= end
        return [run async for run in reader.runs(tp, start, end)]


def values(runs: list[Run]) -> list[bytes | None]:
    return [record.value for run in runs for record in run.records]


async def test_reading_goes_from_where_it_is_told_to_behind_the_last_marker(cluster: Cluster) -> None:
    tp = cluster.make_partition("read")
    await written(cluster, tp, [b"a", b"b"], [b"c", b"d"])

    async with PartitionReader(cluster.kafka) as reader:
        assert (await reader.start_of(tp), await reader.end_of(tp)) == (0, 6)
    for start, left in ((0, [b"a", b"b", b"c", b"d"]), (1, [b"b", b"c", b"d"]), (4, [b"d"]), (5, [])):
        read = await runs(cluster, tp, start, 6)
        assert (values(read), read[-1].next_offset) == (left, 6)
    assert await runs(cluster, tp, 2, 2) == []


async def test_aborted_records_are_passed_over_also_at_the_end(cluster: Cluster) -> None:
    tp = cluster.make_partition("read")
    producer = cluster.kafka.transactional_producer(f"aborter-of-{tp.topic}")
    await producer.start()
    await aborted(producer, tp, b"no")
    await written(cluster, tp, [b"a"])
    await aborted(producer, tp, b"no")
    await producer.stop()

    async with PartitionReader(cluster.kafka) as reader:
        end = await reader.end_of(tp)
    read = await runs(cluster, tp, 0, end)

    assert (values(read), end, read[-1].next_offset) == ([b"a"], 6, 6)


async def test_records_of_an_open_transaction_are_behind_the_end(cluster: Cluster) -> None:
    tp = cluster.make_partition("read")
    await written(cluster, tp, [b"a"])
    producer = cluster.kafka.transactional_producer(f"slow-writer-of-{tp.topic}")
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(tp.topic, b"not yet", partition=0)

    async with PartitionReader(cluster.kafka) as reader:
        assert await reader.end_of(tp) == 2
    await producer.abort_transaction()
    await producer.stop()


async def test_a_start_that_the_broker_has_forgotten_is_the_oldest_record(cluster: Cluster) -> None:
    tp = cluster.make_partition("read")
    await written(cluster, tp, [b"a", b"b", b"c"])
    cluster.delete_before(tp, 2)

    assert values(await runs(cluster, tp, 0, 4)) == [b"c"]


async def test_a_reader_that_finds_no_broker_leaves_nothing_open(caplog: pytest.LogCaptureFixture) -> None:
    """Each attempt makes a new one, for as long as the broker is away."""
    nowhere = KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1"))

    with pytest.raises(KafkaConnectionError):
        await PartitionReader(nowhere).__aenter__()
    gc.collect()

    assert "Unclosed" not in caplog.text


async def test_it_ends_while_it_lets_go_of_the_partition_before(cluster: Cluster) -> None:
    """aiokafka's fetching takes the request to end for the end of what it waits for, and goes on for ever."""
    full, empty = cluster.make_partition("read"), cluster.make_partition("empty")
    await written(cluster, full, [b"a"])

    for turns in range(40):
        async with asyncio.timeout(20):
            async with PartitionReader(cluster.kafka) as reader:
                found = [run async for run in reader.runs(full, 0, 2)]
                await reader._consumer.getmany(timeout_ms=20)  # a fetch is under way
                assert [run async for run in reader.runs(empty, 0, 0)] == []
                for _ in range(turns % 8):  # so far has it come with letting go
                    await asyncio.sleep(0)
        assert values(found) == [b"a"]
