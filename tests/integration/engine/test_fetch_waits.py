import asyncio

from aiokafka.structs import TopicPartition
from faust.types import TP

from streams.engine.aiokafka_patches.fetch_requests import IDLE_WAIT_MS, pace_fetches
from tests.integration.engine.cluster import Cluster

SHORT_MS = 10


async def test_a_fetch_waits_long_unless_a_record_of_another_partition_is_not_handed_on(cluster: Cluster) -> None:
    [topic] = cluster.make("fetched", partitions=2)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    consumer = cluster.kafka.reader()
    consumer.assign([first, second])
    await consumer.start()
    try:
        fetcher = consumer._fetcher
        pace_fetches(fetcher)
        plan, waits = fetcher._get_actions_per_node, set[tuple[bool, int]]()

        def noted(assignment: object) -> object:
            actions = plan(assignment)
            if requests := actions[0]:
                waits.add((bool(fetcher._records), requests[0][1]._max_wait_ms))
            return actions

        fetcher._get_actions_per_node = noted
        async with asyncio.timeout(20):
            while (False, IDLE_WAIT_MS) not in waits:
                await consumer.getmany(first, timeout_ms=20)
            await cluster.put(TP(*second), [b"not handed on"])
            while not any(is_held for is_held, _ in waits):
                await consumer.getmany(first, timeout_ms=20)
            await cluster.put(TP(*first), [b"behind it"])
            [record] = (await consumer.getmany(first, timeout_ms=20_000))[first]
        assert waits == {(False, IDLE_WAIT_MS), (True, SHORT_MS)}
        assert record.value == b"behind it"
    finally:
        await consumer.stop()
