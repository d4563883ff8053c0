"""Reads `interactions` between offsets: records for folding, their count, or their keys."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

import pyarrow as pa
from faust.types import TP

from events.topics import INTERACTIONS
from streams.engine.changelog import PartitionReader
from streams.engine.runs import KafkaRecord
from streams.history.rebuild.prior_states import rows_of_records
from streams.operations.backup.record_files import BackupError
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings


async def read_tails(
    settings: Settings, topic_id: str, begins: Sequence[int], ends: Sequence[int], waiting: Sequence[int]
) -> AsyncIterator[pa.RecordBatch]:
    """The records of each partition from `begins` to `ends`, without the last `waiting`, as rows.

    The last ones had not been folded by a worker. Raises `BackupError` where some were deleted, and Kafka's errors.
    """
    async with PartitionReader(KafkaClients(settings)) as reader:
        for number, (begin, end, last) in enumerate(zip(begins, ends, waiting, strict=True)):
            held: deque[KafkaRecord] = deque()
            async for records in _between(reader, TP(INTERACTIONS, number), begin, end):
                held.extend(records)
                ready = [held.popleft() for _ in range(max(0, len(held) - last))]
                yield rows_of_records(topic_id, ready)


async def count_between(settings: Settings, begins: Sequence[int], ends: Sequence[int]) -> int:
    """Number of records from `begins` up to `ends`, of all partitions. Raises Kafka's errors."""
    found = 0
    async with PartitionReader(KafkaClients(settings)) as reader:
        for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            place = TP(INTERACTIONS, number)
            last = min(end, await reader.end_of(place))
            async for run in reader.runs(place, max(begin, await reader.start_of(place)), last):
                found += sum(record.offset < last for record in run.records)
    return found


async def keys_after(settings: Settings, begins: Sequence[int], take: Callable[[str], None]) -> None:
    """Call `take` with the key of each record from `begins` to the end. Raises as `read_tails` does."""
    async with PartitionReader(KafkaClients(settings)) as reader:
        for number, begin in enumerate(begins):
            place = TP(INTERACTIONS, number)
            async for records in _between(reader, place, begin, await reader.end_of(place)):
                for record in records:
                    take((record.key or b"").decode(errors="replace"))


async def _between(reader: PartitionReader, place: TP, begin: int, end: int) -> AsyncIterator[list[KafkaRecord]]:
    start = await reader.start_of(place)
    if begin < min(start, end):
        raise BackupError(
            f"{place.topic}, partition {place.partition}: what comes from offset {begin} on was deleted up to {start}, "
            "and it is neither in the lake nor in what was built: have `harmonia lake run` catch up, and build anew"
        )
    async for run in reader.runs(place, max(begin, start), end):
        yield [record for record in run.records if record.offset < end]


async def topic_id_of(settings: Settings) -> str:
    """The id of `interactions`. Raises `MissingTopic`."""
    return await asyncio.to_thread(KafkaClients(settings).topic_id, INTERACTIONS)
