"""Reads records that the command-line tools' client cannot, as workers read them.

Anybody may write to input topics: a batch may be damaged, or in a compression that the client does not know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from kafka import TopicPartition

from streams.domain.dead_letter_repair.letters import DeclaredType, RecordPosition, read_declared_type
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import latest_of

if TYPE_CHECKING:
    from streams.engine.changelog import PartitionReader

Stretches = Mapping[TopicPartition, tuple[int, int]]
"""First offset and end offset by partition."""
Ranges = dict[TopicPartition, range]


def first_appended(settings: Settings, stretches: Stretches) -> dict[TopicPartition, int]:
    """When the first record of each stretch was appended, in ms since 1970; empty stretches are left out."""
    return asyncio.run(_first_appended(settings, stretches))


def sent_since(
    settings: Settings, places: Iterable[TopicPartition], since: int, most: int
) -> tuple[Ranges, list[tuple[RecordPosition, DeclaredType]]]:
    """Offsets of the latest records since a time (ms), and the source and type of each of them."""
    return asyncio.run(_sent_since(settings, list(places), since, most))


@asynccontextmanager
async def _careful_reader(settings: Settings) -> AsyncIterator[PartitionReader]:
    from streams.engine.aiokafka_patches.fetched_records import hand_out_light_records  # noqa: PLC0415
    from streams.engine.aiokafka_patches.record_batches import read_any_batch  # noqa: PLC0415 (hardly ever needed, and slow)
    from streams.engine.changelog import PartitionReader  # noqa: PLC0415

    read_any_batch()
    hand_out_light_records()
    async with PartitionReader(KafkaClients(settings)) as reader:
        yield reader


async def _first_appended(settings: Settings, stretches: Stretches) -> dict[TopicPartition, int]:
    from faust.types import TP  # noqa: PLC0415

    found = {}
    async with _careful_reader(settings) as reader:
        for place, (start, end) in stretches.items():
            async for run in reader.runs(TP(place.topic, place.partition), start, end):
                if run.records:
                    found[place] = run.records[0].timestamp
                    break
    return found


async def _sent_since(
    settings: Settings, places: list[TopicPartition], since: int, most: int
) -> tuple[Ranges, list[tuple[RecordPosition, DeclaredType]]]:
    from faust.types import TP  # noqa: PLC0415

    sent: list[tuple[RecordPosition, DeclaredType]] = []
    async with _careful_reader(settings) as reader:
        wanted = [TP(place.topic, place.partition) for place in places]
        begins, ends = await reader.offsets_at(wanted, since), await reader.ends_of(wanted)
        ranges = latest_of(
            {TopicPartition(*tp): begins[tp] for tp in wanted}, {TopicPartition(*tp): ends[tp] for tp in wanted}, most
        )
        for place, offsets in ranges.items():
            if not offsets:
                continue
            async for run in reader.runs(TP(place.topic, place.partition), offsets.start, offsets.stop):
                sent += [
                    (
                        RecordPosition(record.topic, record.partition, record.offset),
                        read_declared_type(record.value, record.headers),
                    )
                    for record in run.records
                    if record.offset < offsets.stop
                ]
    return ranges, sent
