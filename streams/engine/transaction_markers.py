"""Waits until the broker has marked what a transaction wrote, before the next one of the same producer begins.

Kafka may call a commit complete without having marked all of its partitions (`dangling_transactions`). The next one
must not begin then: were it aborted, it would take along what is not marked, and what is marked would be seen twice
when it is folded again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.protocol.offset import OffsetRequest, OffsetResetStrategy
from aiokafka.structs import TopicPartition
from faust.types import TP

FIRST_PAUSE_S = 0.001
LONGEST_PAUSE_S = 0.1
_NOT_A_REPLICA = -1

Ends = Mapping[TP, int]
"""By partition the offset after the last record written; nobody else's transactions write there."""


async def until_marked(client: AIOKafkaClient, ends: Ends) -> None:
    """Return once readers see past all of `ends`. How long to wait is the caller's to say; raises a Kafka error."""
    open_ = dict(ends)
    pause = FIRST_PAUSE_S
    while open_ := await _still_open(client, open_):
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


async def _still_open(client: AIOKafkaClient, ends: Ends) -> dict[TP, int]:
    by_leader: dict[int, list[TP]] = defaultdict(list)
    for tp in ends:
        leader = client.cluster.leader_for_partition(TopicPartition(*tp))
        by_leader[-1 if leader is None else leader].append(tp)
    if by_leader.pop(-1, None):
        await client.force_metadata_update()
    seen = await asyncio.gather(*(_seen_to(client, leader, tps) for leader, tps in by_leader.items()))
    reached = {tp: offset for answer in seen for tp, offset in answer.items()}
    return {tp: end for tp, end in ends.items() if reached.get(tp, -1) < end}


async def _seen_to(client: AIOKafkaClient, leader: int, tps: list[TP]) -> dict[TP, int]:
    """Up to where readers of committed records see; without the partitions of which this broker says nothing."""
    topics: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for tp in tps:
        topics[tp.topic].append((tp.partition, OffsetResetStrategy.LATEST))
    answer = await client.send(leader, OffsetRequest(_NOT_A_REPLICA, READ_COMMITTED, list(topics.items())))
    found = {
        TP(topic, partition): offset
        for topic, partitions in answer.topics
        for partition, error, _, offset, *_ in partitions
        if not error
    }
    if len(found) < len(tps):
        await client.force_metadata_update()
    return found
