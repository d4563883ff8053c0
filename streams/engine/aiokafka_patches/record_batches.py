"""Batches of records as brokers keep them, read whatever is in them.

A broker takes batches that aiokafka cannot read, and any producer may send one: it would stop its partition for ever,
for every worker. Here the compiled reader is given only what was looked through before, since it trusts the lengths
that a record says it has; the rest is read with care, and in the place of what nobody can read stand `UnreadRecords`.
"""

from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from struct import Struct as Layout
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record._crecords.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import _LegacyRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from streams.engine.aiokafka_patches.damaged_records import (
    MAX_HEADERS_OF_BATCH,
    NO_RECORDS,
    TOO_MUCH,
    BatchHeader,
    CarefulReader,
    OffsetOrder,
)
from streams.engine.aiokafka_patches.decompression import InflatedTooMuch, opened
from streams.engine.aiokafka_patches.record_bytes import SLACK, RecordSegment, sound_segments

_HEAD = Layout(">qiibIhiqqqhii")
_BEGIN = _HEAD.size
_ATTRIBUTES = slice(21, 23)
_COMPRESSION = 0x07
_MAGIC_AT = 16
_MAGIC = 2


class Batch:
    """A batch of Kafka's present format; aiokafka's own, but for how its records are read."""

    def __init__(self, raw: memoryview) -> None:
        self._raw = raw
        self._batch = DefaultRecordBatch(raw)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator["Batch"]:
        """Itself, once: aiokafka decides by the batch what a reader may see, and takes what comes of it for records."""
        return iter((self,))

    @property
    def offset(self) -> int:
        """Of its last record."""
        return self.next_offset - 1

    def records(self) -> Iterator[Any]:
        """The records in the order of their offsets, each a `BatchRecord` in its fields, or `UnreadRecords`."""
        head = BatchHeader(*_HEAD.unpack_from(self._raw))
        closed = bytes(self._raw[_BEGIN:])
        if not head.records and not closed:
            return iter(())  # all of it was compacted
        if not 0 < head.records <= head.last_offset_delta + 1:
            return iter((head.unread(closed, NO_RECORDS),))
        try:
            parts = opened(head.attributes & _COMPRESSION, closed)
        except InflatedTooMuch:
            return iter((head.unread(closed, TOO_MUCH),))
        return self._read(head, parts, closed)

    def _read(self, head: BatchHeader, parts: list[bytes], closed: bytes) -> Iterator[Any]:
        plain = (head.attributes & ~_COMPRESSION & 0xFFFF).to_bytes(2, "big")
        raw = self._raw
        buffer = b"".join((raw[: _ATTRIBUTES.start], plain, raw[_ATTRIBUTES.stop : _BEGIN], *parts, SLACK))
        end = len(buffer) - len(SLACK)
        order = OffsetOrder(head)
        careful = CarefulReader(head, buffer, _BEGIN, end, closed).records(order)
        segments = sound_segments(buffer, _BEGIN, end, head.records)
        return chain(_quickly(buffer, segments, order), careful) if segments else careful

    @property
    def next_offset(self) -> int:
        """Where reading goes on; behind the batch, whatever it says."""
        return int(self._batch.base_offset + max(0, self._batch.last_offset_delta) + 1)


def _compiled(batch: memoryview, segment: RecordSegment) -> Iterator[Any]:
    """A segment's records by aiokafka's compiled reader, which sees nothing of the batch that is behind them."""
    begin, end, count = segment
    if begin != _BEGIN:
        batch = memoryview(b"".join((batch[:_BEGIN], batch[begin : end + len(SLACK)])))
        end += _BEGIN - begin
    return islice(DefaultRecordBatch(batch[:end]), count)


def _quickly(buffer: bytes, segments: list[RecordSegment], order: OffsetOrder) -> Iterator[Any]:
    """By aiokafka's compiled reader, up to what it cannot read or what is out of order."""
    headers, before, most = 0, order.before, order.most
    try:
        for record in chain.from_iterable(map(partial(_compiled, memoryview(buffer)), segments)):
            offset = record.offset
            if not before < offset <= most:
                break
            if own := record.headers:
                if headers + len(own) > MAX_HEADERS_OF_BATCH:
                    break
                headers += len(own)
            before = offset
            most += 1
            yield record
    except Exception:  # noqa: BLE001 # nosec B110 - whatever it is, from here on the batch is read with care
        pass
    order.before, order.most, order.headers = before, most, headers


class Records(_MemoryRecordsPy):  # type: ignore[misc]
    """The batches of one fetched partition."""

    def next_batch(self, *args: int) -> Any:
        raw = self._next_slice
        if raw is None or len(raw) <= _MAGIC_AT:
            return super().next_batch(*args)
        self._cache_next()
        if raw[_MAGIC_AT] < _MAGIC:
            return _LegacyRecordBatchPy(raw, raw[_MAGIC_AT])  # of brokers before 0.11, by the reader that looks
        if len(raw) < _BEGIN:
            raise CorruptRecordException(f"a batch of {len(raw)} bytes")
        return Batch(raw)


def read_any_batch() -> None:
    """Make aiokafka's consumers read batches so, for the whole process."""
    fetcher.MemoryRecords = Records
