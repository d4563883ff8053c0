"""Buffers of records for the lake, and when they are flushed."""

from streams.history.lake.buffers import ROW_BYTES, Buffer, FlushLimits, due_partitions
from tests.unit.engine.kafka_records import Fetched

LIMITS = FlushLimits(rows=3, bytes=10 * ROW_BYTES, seconds=60)


def records(*offsets: int) -> list[Fetched]:
    return [Fetched(offset, b"") for offset in offsets]


def filled(*offsets: int, now: float = 0) -> Buffer:
    buffer = Buffer(offsets[0], offsets[0])
    buffer.take(records(*offsets), offsets[-1] + 1, now)
    return buffer


def offsets_in(buffer: Buffer) -> list[int]:
    return [record.offset for record in buffer.records]


def test_a_buffer_skips_records_that_were_read_before() -> None:
    buffer = filled(0, 1, 2)

    buffer.take(records(1, 2, 3), 4, 1)

    assert (offsets_in(buffer), buffer.next, buffer.since) == ([0, 1, 2, 3], 4, 0)


def test_a_hole_is_noticed_before_and_between_records() -> None:
    buffer = filled(0, 1)

    assert not buffer.jumps(records(1, 2, 3))
    assert buffer.jumps(records(3, 4))
    assert buffer.jumps(records(2, 4))


def test_a_buffer_drops_records_that_are_in_the_lake() -> None:
    buffer = filled(0, 1, 2)

    buffer.begin_at(2)
    assert (offsets_in(buffer), buffer.first, buffer.next, buffer.bytes) == ([2], 2, 3, ROW_BYTES)

    buffer.begin_at(9)
    assert (offsets_in(buffer), buffer.first, buffer.next, buffer.bytes) == ([], 9, 9, 0)


def test_a_partition_is_due_for_its_rows_its_age_or_the_bytes_of_all() -> None:
    assert list(due_partitions({0: filled(0, 1)}, LIMITS, 59)) == []
    assert list(due_partitions({0: filled(0, 1)}, LIMITS, 60)) == [0]
    assert list(due_partitions({0: filled(0, 1, 2)}, LIMITS, 0)) == [0]
    assert list(due_partitions({0: filled(0), 1: filled(0, 1)}, FlushLimits(9, 3 * ROW_BYTES, 60), 0)) == [1]
    assert list(due_partitions({0: Buffer(5, 5)}, LIMITS, 999)) == []
