"""Waits until the broker has marked what a transaction wrote, before the next one of the same producer begins.

And until nothing is open in a partition, before a new owner reads it.

Kafka may call a commit complete without having marked all of its partitions (`dangling_transactions`). The next one
must not begin then: were it aborted, it would take along what is not marked, and what is marked would be seen twice
when it is folded again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED
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
    while open_ := await still_open(client, open_):
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


async def ends_of(client: AIOKafkaClient, partitions: Iterable[TP]) -> dict[TP, int]:
    """Where each partition ends, what is open included. How long to wait is the caller's to say.

    Raises a Kafka error.
    """
    ends: dict[TP, int] = {}
    wanted = list(partitions)
    pause = FIRST_PAUSE_S
    while missing := [tp for tp in wanted if tp not in ends]:
        ends |= await _ask(client, missing, READ_UNCOMMITTED)
        if len(ends) < len(wanted):
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
    return ends


async def still_open(client: AIOKafkaClient, ends: Ends) -> dict[TP, int]:
    """Those that readers of committed records do not see to these ends now."""
    reached = await _ask(client, list(ends), READ_COMMITTED)
    return {tp: end for tp, end in ends.items() if reached.get(tp, -1) < end}


async def _ask(client: AIOKafkaClient, partitions: Sequence[TP], isolation: int) -> dict[TP, int]:
    """Up to where readers of this isolation see; without the partitions of which no broker says anything."""
    by_leader: dict[int, list[TP]] = defaultdict(list)
    for tp in partitions:
        leader = client.cluster.leader_for_partition(TopicPartition(*tp))
        by_leader[-1 if leader is None else leader].append(tp)
    if unknown := by_leader.pop(-1, None):
        for tp in unknown if client._topics else ():  # of no topic in particular means all of them
            client.add_topic(tp.topic)
        await client.force_metadata_update()
    seen = await asyncio.gather(*(_seen_to(client, leader, tps, isolation) for leader, tps in by_leader.items()))
    return {tp: offset for answer in seen for tp, offset in answer.items()}


async def _seen_to(client: AIOKafkaClient, leader: int, tps: list[TP], isolation: int) -> dict[TP, int]:
    topics: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for tp in tps:
        topics[tp.topic].append((tp.partition, OffsetResetStrategy.LATEST))
    answer = await client.send(leader, OffsetRequest(_NOT_A_REPLICA, isolation, list(topics.items())))
    found = {
        TP(topic, partition): offset
        for topic, partitions in answer.topics
        for partition, error, _, offset, *_ in partitions
        if not error
    }
    if len(found) < len(tps):
        await client.force_metadata_update()
    return found
