"""Tells whether a state holds all that its source holds now, which the two ends alone do not.

The last that a partition holds may be the marker of a transaction, or what was aborted. Nobody ever folds these, so a
watermark may stay below the end for ever.
"""

from faust.types import TP

from streams.engine.changelog import PartitionReader
from streams.platform.clients import KafkaClients


async def end_of_lacking(kafka: KafkaClients, source: TP, watermark: int | None) -> int:
    """The offset at which the source ends now, if any record before it is still to be folded; else 0.

    Records of a transaction that is open count, and all behind them, which readers do not see until it has ended.
    `watermark`: the last offset that is folded, None before the first. Raises a Kafka error.
    """
    begin = 0 if watermark is None else watermark + 1
    async with PartitionReader(kafka, "read_uncommitted") as everything:
        end = await everything.end_of(source)
    if end <= begin:
        return 0
    async with PartitionReader(kafka) as reader:
        if await reader.end_of(source) < end:
            return end
        first = await reader.first_from(source, begin, end)
    return 0 if first is None or first >= end else end
