"""Reads records that aiokafka cannot read, and puts something in the place of those that nobody can read.

Nothing of a batch goes by in silence: each offset of it is that of a record, or of `UnreadRecords`, which become a dead
letter.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from events.refusal import Reason, Refusal
from streams.engine.aiokafka_patches.decompression import MAX_INFLATED
from streams.engine.aiokafka_patches.record_bytes import (
    MAX_HEADERS,
    Headers,
    MalformedRecord,
    behind,
    read_body,
    read_headers,
    read_size,
    signed,
)

MAX_HEADERS_OF_BATCH = 500_000
"""Of all records of a batch together: three times as many as a batch has room for where each is a whole event."""

NO_RECORDS = Refusal(Reason.NOT_JSON, "batch: holds no records that can be read; look at what writes it")
NO_RECORD = Refusal(Reason.NOT_JSON, "record: is not as Kafka's format wants it; look at what writes it")
NO_ORDER = Refusal(Reason.INVALID_DATA, "offset: not the record's place in its batch; look at what writes it")
TOO_MUCH = Refusal(Reason.TOO_LARGE, f"batch: at most {MAX_INFLATED} bytes once it is opened")
MANY_HEADERS = Refusal(Reason.TOO_LARGE, f"headers: at most {MAX_HEADERS} of a record")
MANY_IN_BATCH = Refusal(Reason.TOO_LARGE, f"headers: at most {MAX_HEADERS_OF_BATCH} of a batch together")
_LOG_APPEND_TIME = 0x08
_NOWHERE = -1


class BatchRecord(Struct, frozen=True, gc=False):
    """A record, in the fields that the reader of batches fills."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class UnreadRecords(BatchRecord, frozen=True, gc=False):
    """In place of a record that cannot be read, or of all up to `last_offset`, and why none of them is read."""

    last_offset: int
    refusal: Refusal


class BatchHeader(NamedTuple):
    """The fields of a batch's head, in their order."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    records: int

    @property
    def last_offset(self) -> int:
        """At least the first, whatever the head says."""
        return self.base_offset + max(0, self.last_offset_delta)

    def unread(self, value: bytes, refusal: Refusal) -> UnreadRecords:
        """In the place of all that the batch holds."""
        return UnreadRecords(self.base_offset, self.max_timestamp, None, value, [], self.last_offset, refusal)


class OffsetOrder:
    """The offsets that records of a batch can have: each is behind the one before, and leaves room for those to come.

    Brokers give out consecutive ones and do not look at what the records say; compaction leaves gaps. `before`: the
    last offset that is given; `most`: the highest that the next record can have; `headers`: how many they had so far.
    """

    def __init__(self, head: BatchHeader) -> None:
        self.before = head.base_offset - 1
        self.headers = 0
        self.most = self._least = head.last_offset - head.records + 1

    @property
    def done(self) -> int:
        """How many records have their offsets."""
        return self.most - self._least

    def place(self, offset: int) -> tuple[int, bool]:
        """The offset of the next record, and whether that is the one that it says it has."""
        fits = self.before < offset <= self.most
        self.before = offset if fits else self.before + 1
        self.most += 1
        return self.before, fits


class CarefulReader:
    """Reads an opened batch by its records' sizes, as far as these lead.

    Parameters:
        buffer: the records stand in it from `at` on, up to `end`.
        closed: the batch's records as they came, for what nothing leads to any more.
    """

    def __init__(self, head: BatchHeader, buffer: bytes, at: int, end: int, closed: bytes) -> None:
        self._head = head
        self._buffer = buffer
        self._at = at
        self._end = end
        self._closed = closed
        self._headers = 0

    def records(self, order: OffsetOrder) -> Iterator[BatchRecord]:
        """The records behind those that `order` has placed already."""
        if order.done == self._head.records:
            return
        self._at = behind(self._buffer, self._at, self._end, order.done)
        self._headers = order.headers
        for _ in range(self._head.records - order.done):
            try:
                begin, after = read_size(self._buffer, self._at, self._end)
            except MalformedRecord:
                yield from self._rest(order)
                return
            self._at = after
            found = self._read(begin, after)
            yield _placed(found, *order.place(found.offset))
        if self._at < self._end:
            yield from self._rest(order)

    def _rest(self, order: OffsetOrder) -> Iterator[UnreadRecords]:
        first, last = order.before + 1, self._head.last_offset
        if first <= last:
            yield UnreadRecords(first, self._head.max_timestamp, None, self._closed, [], last, NO_RECORDS)

    def _read(self, begin: int, end: int) -> BatchRecord:
        try:
            body = read_body(self._buffer, begin, end)
            offset, timestamp = self._head.base_offset + body.offset_delta, self._timestamp(body.timestamp_delta)
            why = self._too_many(body.headers)
            if why is not None:
                return UnreadRecords(offset, timestamp, body.key, body.value, [], offset, why)
            return BatchRecord(offset, timestamp, body.key, body.value, read_headers(self._buffer, body, end))
        except MalformedRecord:
            return UnreadRecords(
                _NOWHERE, self._head.max_timestamp, None, self._buffer[begin:end], [], _NOWHERE, NO_RECORD
            )

    def _too_many(self, headers: int) -> Refusal | None:
        """Why so many more headers are not read, if they are not."""
        if headers > MAX_HEADERS:
            return MANY_HEADERS
        if headers and self._headers + headers > MAX_HEADERS_OF_BATCH:
            return MANY_IN_BATCH
        self._headers += headers
        return None

    def _timestamp(self, delta: int) -> int:
        head = self._head
        return head.max_timestamp if head.attributes & _LOG_APPEND_TIME else signed(head.first_timestamp + delta)


def out_of_order(offset: int, record: Any) -> UnreadRecords:
    """A record that says it has another offset than it can have; `offset`: the one that is left for it."""
    return UnreadRecords(offset, record.timestamp, record.key, record.value, record.headers, offset, NO_ORDER)


def _placed(found: BatchRecord, offset: int, fits: bool) -> BatchRecord:
    if isinstance(found, UnreadRecords):
        return replace(found, offset=offset, last_offset=offset)
    return found if fits else out_of_order(offset, found)
