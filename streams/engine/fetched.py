"""Records as aiokafka's consumers hand them out, made cheaper.

Its own record has eleven fields in a dictionary, is walked over by the garbage collector and took as long to make as to
parse: for each of the three agents that a record goes through.
"""

from typing import Any

from aiokafka.consumer import fetcher
from msgspec import Struct


class Fetched(Struct, frozen=True, gc=False):
    """A `KafkaRecord`, in the fields that anybody reads."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class _PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """What was fetched of one partition; no deserializers, which nobody here uses."""

    def _consumer_record(self, tp: Any, record: Any) -> Fetched:
        return Fetched(
            tp.topic,
            tp.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            tuple(record.headers),
        )


class Drained(list[Fetched]):
    """Records of one partition, and where reading them began.

    Not to be asked of the consumer before or after: where the log's start has moved on it jumps, in the middle of a
    fetch, and the hole would not be seen.
    """

    start: int


class _FetchResult(fetcher.FetchResult):  # type: ignore[misc]
    """What was fetched, until it is drained."""

    def getall(self, max_records: int | None = None) -> Drained:
        start = self._partition_records.next_fetch_offset if self.has_more() else -1
        drained = Drained(super().getall(max_records))
        drained.start = start
        return drained


def hand_out_light_records() -> None:
    """Make aiokafka's consumers do so, for the whole process."""
    fetcher.PartitionRecords = _PartitionRecords
    fetcher.FetchResult = _FetchResult
