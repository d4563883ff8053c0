import os
from collections.abc import AsyncIterator

import pytest
from aiokafka.errors import KafkaError, ProducerFenced
from faust.types import TP

from streams.engine.writer import Output, TransactionWriter
from tests.integration.engine.cluster import Cluster


@pytest.fixture
def tp(cluster: Cluster) -> TP:
    return TP(cluster.make("written", partitions=3)[0], 0)


@pytest.fixture
async def writer(cluster: Cluster, tp: TP) -> AsyncIterator[TransactionWriter]:
    writer = TransactionWriter(cluster.kafka, f"writer-of-{tp.topic}")
    await writer.start()
    yield writer
    await writer.stop()


async def test_a_record_arrives_as_it_was_given(cluster: Cluster, tp: TP, writer: TransactionWriter) -> None:
    headers: list[tuple[str, bytes | None]] = [("a", b"\xff"), ("none", None), ("a", b"")]
    given = [
        Output(*tp, b"key", b"value", headers),
        Output(*tp, b"tombstone", None),
        Output(*tp, None, b"no key"),
        Output(*tp, None, None),
        Output(*tp, b"", b""),
    ]

    await cluster.write(writer, given)

    arrived = await cluster.committed(tp)
    assert [(record.key, record.value) for record in arrived] == [(out.key, out.value) for out in given]
    assert list(arrived[0].headers) == headers


async def test_the_end_of_each_partition_is_told(cluster: Cluster, tp: TP, writer: TransactionWriter) -> None:
    other = tp._replace(partition=2)

    first = await writer.write([Output(*tp, b"k", b"1"), Output(*other, b"k", b"2"), Output(*tp, b"k", b"3")])
    second = await writer.write([Output(*tp, b"k", b"4")])

    assert (first, second) == ({tp: 2, other: 1}, {tp: 4})


@pytest.mark.parametrize("size", [100, 700_000, 1_500_000])
async def test_the_end_is_that_of_the_last_record_also_for_many_batches(
    cluster: Cluster, tp: TP, writer: TransactionWriter, size: int
) -> None:
    """A batch takes 1 MiB: values that fit many times, once, and not at all."""
    values = [os.urandom(size) for _ in range(5)]

    for _ in range(2):
        end = (await cluster.write(writer, [Output(*tp, b"%d" % n, value) for n, value in enumerate(values)]))[tp]
        assert end == (await cluster.committed(tp))[-1].offset + 1

    assert [record.value for record in await cluster.committed(tp)] == values * 2


async def test_small_and_large_records_keep_their_order(cluster: Cluster, tp: TP, writer: TransactionWriter) -> None:
    values = [os.urandom(size) for size in (10, 1_500_000, 10, 10, 1_048_400, 10, 2_000_000, 1_500_000)]

    await cluster.write(writer, [Output(*tp, None, value) for value in values])

    assert [record.value for record in await cluster.committed(tp)] == values


async def test_what_a_topic_does_not_take_is_refused_as_a_whole(
    cluster: Cluster, tp: TP, writer: TransactionWriter
) -> None:
    too_large = os.urandom(9 << 20)

    with pytest.raises(KafkaError):
        await writer.write([Output(*tp, b"k", b"small"), Output(*tp._replace(partition=1), b"k", too_large)])

    await writer.stop()
    again = TransactionWriter(cluster.kafka, f"writer-of-{tp.topic}")
    await again.start()
    await again.stop()
    assert await cluster.committed(tp) == []


async def test_a_producer_that_broke_between_two_transactions_says_why(tp: TP, writer: TransactionWriter) -> None:
    """Whoever writes makes a new one then, or ends where the producer is fenced."""
    await writer.write([Output(*tp, b"k", b"1")])
    writer._producer._txn_manager.fatal_error(ProducerFenced())

    with pytest.raises(ProducerFenced):
        await writer.write([Output(*tp, b"k", b"2")])


async def test_behind_a_transaction_that_was_left_open_none_is_begun(tp: TP, writer: TransactionWriter) -> None:
    await writer._producer.begin_transaction()

    with pytest.raises(KafkaError, match="a producer whose last transaction is IN_TRANSACTION"):
        await writer.write([Output(*tp, b"k", b"2")])
