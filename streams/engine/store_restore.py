"""Brings the store of a partition to the end of its changelog, from where it stands if that can be relied on."""

import time

from aiokafka.errors import NotLeaderForPartitionError
from faust.types import TP

from events.topics import DELETE_RETENTION_MS
from streams.engine.changelog import PartitionReader
from streams.engine.decoded_states import State, States
from streams.engine.lifecycle_listener import NULL_LISTENER, LifecycleListener
from streams.engine.store import Position
from streams.platform.clients import KafkaClients

LONGEST_IDLE_MS = DELETE_RETENTION_MS // 2
"""A store that was left alone for longer is wiped: the changelog may have forgotten what was deleted since."""

RESTORED_AT_ONCE = 3
"""Partitions of a table that a worker restores at the same time: each has thousands of records in hand.

Of 1,000,000 states of 1,149 bytes the peak was 354 MB with eight at once and 250 MB with three, at the same speed.
"""


async def restore(  # noqa: PLR0913 (what to restore from where, and who looks on)
    kafka: KafkaClients,
    states: States[State],
    changelog: TP,
    topic_id: str,
    onlooker: LifecycleListener = NULL_LISTENER,
    *,
    at_least: int = 0,
) -> int:
    """Read what is new in the changelog into the store. Returns the number of records read.

    `topic_id`: the changelog topic's. `at_least`: where it is known to end; a broker that knows of less was its
    leader and does not know that it is no more. Raises a Kafka error then, and when the broker is away; may be
    cancelled and called again.
    """
    restored, store = 0, states.store
    states.memory.clear()
    async with PartitionReader(kafka) as reader:
        end = await reader.end_of(changelog)
        if end < at_least:
            raise NotLeaderForPartitionError(f"{changelog} ends at {end}, and has been seen to {at_least}")
        held = store.position
        if held is not None and not (_may_be(held, topic_id, end) and await _is_in(kafka, held, changelog, end)):
            store.wipe()
        if store.position is None:
            states.forget()
        start = store.position.offset if store.position else await reader.start_of(changelog)
        onlooker.to_go(changelog, end - start)
        async for run in reader.runs(changelog, start, end):
            changes = {record.key: record.value for record in run.records if record.key is not None}
            store.write(changes, position_now(topic_id, run.next_offset))
            states.drop(changes)
            restored += len(run.records)
            onlooker.to_go(changelog, max(0, end - run.next_offset))
    return restored


def position_now(topic_id: str, offset: int) -> Position:
    """The position to which a store is brought now."""
    return Position(topic_id, offset, _now())


def _may_be(held: Position, topic_id: str, end: int) -> bool:
    """Not another topic's state, nor one ahead of the changelog, nor one that has missed deletions."""
    return held.topic_id == topic_id and held.offset <= end and _now() - held.at <= LONGEST_IDLE_MS


async def _is_in(kafka: KafkaClients, held: Position, changelog: TP, end: int) -> bool:
    """Whether the last record that the store stands for counts.

    A broker may abort what it had called committed (`dangling_transactions`), and the store has it then. Where nobody
    sees a record in that place there is a marker, or it was compacted.
    """
    last = held.offset - 1
    if last < 0 or await _first_from(kafka, "read_committed", changelog, last, end) == last:
        return True
    return await _first_from(kafka, "read_uncommitted", changelog, last, end) != last


async def _first_from(kafka: KafkaClients, isolation: str, tp: TP, start: int, end: int) -> int | None:
    async with PartitionReader(kafka, isolation) as reader:
        return await reader.first_from(tp, start, end)


def _now() -> int:
    return time.time_ns() // 1_000_000
