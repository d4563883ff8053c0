"""What a state lacks of a source, by what is really in it: markers and aborted records are nothing to fold."""

from aiokafka import AIOKafkaProducer
from faust.types import TP

from streams.engine.source_end import end_of_lacking
from streams.engine.transaction_markers import until_marked
from tests.integration.engine.cluster import Cluster


async def begun(cluster: Cluster, tp: TP, value: bytes) -> AIOKafkaProducer:
    producer = cluster.kafka.transactional_producer(f"of-{tp.topic}")
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(tp.topic, value, partition=tp.partition)
    return producer


async def ended(producer: AIOKafkaProducer, tp: TP, offset: int) -> None:
    """Once the broker has marked what lies before this offset."""
    await until_marked(producer.client, {tp: offset})
    await producer.stop()


async def test_what_is_there_and_not_folded_is_lacking(cluster: Cluster) -> None:
    tp = cluster.make_partition("source")
    assert await end_of_lacking(cluster.kafka, tp, None) == 0
    await cluster.put(tp, [b"a", b"b"])
    assert [await end_of_lacking(cluster.kafka, tp, folded) for folded in (None, 0, 1)] == [2, 2, 0]


async def test_the_marker_of_a_transaction_is_not_waited_for(cluster: Cluster) -> None:
    tp = cluster.make_partition("source")
    producer = await begun(cluster, tp, b"a")
    await producer.commit_transaction()
    await ended(producer, tp, 1)
    assert await end_of_lacking(cluster.kafka, tp, None) == 2
    assert await end_of_lacking(cluster.kafka, tp, 0) == 0


async def test_nor_is_what_was_aborted_but_what_comes_behind_it_is(cluster: Cluster) -> None:
    tp = cluster.make_partition("source")
    await cluster.put(tp, [b"a"])
    producer = await begun(cluster, tp, b"b")
    await producer.abort_transaction()
    await ended(producer, tp, 2)
    assert await end_of_lacking(cluster.kafka, tp, 0) == 0
    await cluster.put(tp, [b"c"])
    assert await end_of_lacking(cluster.kafka, tp, 0) == 4


async def test_what_a_transaction_that_is_open_hides_is_lacking(cluster: Cluster) -> None:
    """Among it what others have acknowledged behind it."""
    tp = cluster.make_partition("source")
    producer = await begun(cluster, tp, b"a")
    await cluster.put(tp, [b"b"])
    assert await end_of_lacking(cluster.kafka, tp, None) == 2
    await producer.abort_transaction()
    await ended(producer, tp, 2)
    assert await end_of_lacking(cluster.kafka, tp, None) == 3
    assert await end_of_lacking(cluster.kafka, tp, 1) == 0
