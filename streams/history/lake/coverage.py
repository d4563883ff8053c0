"""How far the lake covers the topic `interactions`: what the topic holds and the lake does not have yet."""

import asyncio

from faust.types import TP
from msgspec import Struct

from events.topics import INTERACTIONS
from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files, next_offsets
from streams.engine.changelog import PartitionReader
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

PATIENCE_S = 2.0
"""How long a broker is looked for: whoever only reads the lake need not have one."""


class LakeGap(Struct, frozen=True):
    """What is in the topic and not in the lake.

    `records`: how many at most, since markers of transactions count as records; `since`: when the first of them was
    appended, ms since 1970.
    """

    records: int
    since: int


def lake_gap(settings: Settings, files: Files) -> LakeGap | None:
    """What the lake lacks of the topic. None: nothing, or it is another topic's lake.

    Raises OSError, `LakeDamaged`, `MissingTopic`, `KafkaAway` and other errors of Kafka.
    """
    kafka = KafkaClients(settings)
    topic_id = kafka.topic_id(INTERACTIONS, PATIENCE_S)
    numbers = kafka.partitions_of(INTERACTIONS)
    begin = next_offsets(files, find_live_files(files), topic_id, numbers)
    return asyncio.run(_gap(kafka, begin, numbers)) if begin else None


async def _gap(kafka: KafkaClients, begin: dict[int, int], numbers: range) -> LakeGap | None:
    records, times = 0, []
    async with PartitionReader(kafka) as reader:
        ends = await reader.ends_of([TP(INTERACTIONS, number) for number in numbers])
        for place, end in ends.items():
            start = max(begin.get(place.partition, 0), await reader.start_of(place))
            async for run in reader.runs(place, start, end):
                if run.records:
                    records += end - run.records[0].offset
                    times.append(run.records[0].timestamp)
                    break
    return LakeGap(records, min(times)) if times else None
