"""Reads where tools' client cannot: a batch that workers read with care, or in a compression that it does not know."""

import asyncio
from collections.abc import Mapping

from kafka import TopicPartition

from streams.clients import KafkaClients
from streams.settings import Settings

Stretches = Mapping[TopicPartition, tuple[int, int]]
"""By partition from which offset on and up to which."""


def first_appended(settings: Settings, stretches: Stretches) -> dict[TopicPartition, int]:
    """When the first record of each stretch was appended, in ms since 1970; not of one in which there is none."""
    return asyncio.run(_first_appended(settings, stretches))


async def _first_appended(settings: Settings, stretches: Stretches) -> dict[TopicPartition, int]:
    from faust.types import TP  # noqa: PLC0415 (hardly ever needed, and slow)

    from streams.engine.batches import read_any_batch  # noqa: PLC0415
    from streams.engine.changelog import PartitionReader  # noqa: PLC0415
    from streams.engine.fetched import hand_out_light_records  # noqa: PLC0415

    read_any_batch()
    hand_out_light_records()
    found = {}
    async with PartitionReader(KafkaClients(settings)) as reader:
        for place, (start, end) in stretches.items():
            async for run in reader.runs(TP(place.topic, place.partition), start, end):
                if run.records:
                    found[place] = run.records[0].timestamp
                    break
    return found
