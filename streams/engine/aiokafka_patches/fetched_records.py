"""Records as aiokafka's consumers hand them out, made cheaper.

Its own record has eleven fields in a dictionary, is walked over by the garbage collector and took as long to make as to
parse: for each of the three agents that a record goes through.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from msgspec import Struct

from events.refusal import Refusal
from events.topics import INPUT_TOPICS
from streams.engine.aiokafka_patches.damaged_records import UnreadRecords
from streams.engine.aiokafka_patches.record_batches import Batch

MOST_BYTES = 4 << 20
"""Values of a partition that are handed out at once, but for the last record of them. Batches are opened as they are
handed out, and one of a kilobyte may hold 32 MiB: all of a fetch at once would be gigabytes."""

_FROM_ANYBODY = frozenset(topic.name for topic in INPUT_TOPICS)


class FetchedRecord(Struct, frozen=True, gc=False):
    """A fetched record, in the fields of `KafkaRecord`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class UnreadableRecord(FetchedRecord, frozen=True, gc=False):
    """In place of a record, or of all up to `last_offset`, that nobody can read, and why: see `record_batches`."""

    last_offset: int
    refusal: Refusal


class _PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """What was fetched of one partition; no deserializers, which nobody here uses."""

    next_fetch_offset: int
    _records_iterator: Any

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._records_iterator = self._each(self._records_iterator)

    def __iter__(self) -> Iterator[FetchedRecord]:
        """Without a call for each record."""
        return self._records_iterator or iter(())

    def _consumer_record(self, tp: Any, record: Any) -> tuple[int, Iterator[Any]]:
        """What aiokafka hands on as one: where to begin, and the records of a batch."""
        return self.next_fetch_offset, record.records() if isinstance(record, Batch) else iter((record,))

    def _each(self, batches: Iterator[tuple[int, Iterator[Any]]]) -> Iterator[FetchedRecord]:
        topic, partition = self._tp
        for start, records in batches:
            after = self.next_fetch_offset
            for record in records:
                offset = record.offset
                if offset < start:
                    continue
                self.next_fetch_offset = offset + 1
                if isinstance(record, UnreadRecords):
                    yield _refused(self._tp, record)
                    continue
                headers = record.headers
                yield FetchedRecord(
                    topic,
                    partition,
                    offset,
                    record.timestamp,
                    record.key,
                    record.value,
                    tuple(headers) if headers else (),
                )
            self.next_fetch_offset = after


def _refused(tp: Any, record: UnreadRecords) -> UnreadableRecord:
    """Raises `CorruptRecordException` where nobody writes dead letters: of what the engine writes nothing may lack."""
    if tp.topic not in _FROM_ANYBODY:
        where = f"offsets {record.offset} to {record.last_offset}"
        raise CorruptRecordException(f"{tp.topic}, partition {tp.partition}, {where}: {record.refusal.detail}")
    return UnreadableRecord(
        tp.topic,
        tp.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        tuple(record.headers),
        record.last_offset,
        record.refusal,
    )


class DrainedRecords(list[FetchedRecord]):
    """Fetched records of one partition, the bytes of their values, and where reading them began.

    The latter is not to be asked of the consumer before or after: where the log's start has moved on it jumps, in the
    middle of a fetch, and the hole would not be seen.
    """

    start: int
    size: int


class _FetchResult(fetcher.FetchResult):  # type: ignore[misc]
    """What was fetched, until it is drained."""

    _partition_records: Any

    def getall(self, max_records: int | None = None) -> DrainedRecords:
        start = self._partition_records.next_fetch_offset if self.has_more() else -1
        drained = DrainedRecords()
        drained.start = start
        drained.size = self._drain(drained, max_records)
        return drained

    def _drain(self, records: DrainedRecords, max_records: int | None) -> int:
        """As aiokafka's own, without a turn of its loop for each record; the bytes of their values."""
        if not self.check_assignment(self._topic_partition) or not self.has_more():
            return 0
        size, is_full = 0, False
        for record in islice(self._partition_records, max_records):
            records.append(record)
            size += len(record.value or b"")
            if is_full := size >= MOST_BYTES:
                break
        self._update_position()
        if not is_full and (max_records is None or len(records) < max_records):
            self._partition_records = None
        return size


def hand_out_light_records() -> None:
    """Make aiokafka's consumers hand out these records, for the whole process."""
    fetcher.PartitionRecords = _PartitionRecords
    fetcher.FetchResult = _FetchResult
