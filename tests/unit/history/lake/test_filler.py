"""The lake's filler reports that the store is away as long as that holds anything up, and no longer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from prometheus_client import CollectorRegistry

from sinks.lake.files import LocalFiles
from sinks.lake.manifests import OffsetRange
from sinks.lake.rows import LogRecord
from sinks.lake.writer import LakeWriter
from streams.history.lake import filler
from streams.history.lake.buffers import ROW_BYTES, Buffer, FlushLimits, due_partitions
from streams.history.lake.filler import FillOptions, LakeFiller, LakeFlusher, LakeMetrics
from streams.platform.shutdown import Deadline
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record

TOPIC = [topic_record(at, "email.sent", at=NOW) for at in range(3)]


class Full(LakeWriter):
    """No room is left."""

    def write(self, partition: int, first: int, last: int, records: Sequence[LogRecord]) -> OffsetRange:
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filler, "PAUSE_S", 0)


@pytest.fixture
async def consumer() -> AsyncIterator[AIOKafkaConsumer]:
    """One that never starts."""
    found = AIOKafkaConsumer()
    yield found
    await found.stop()


def began(consumer: AIOKafkaConsumer, writer: LakeWriter, say: Callable[[str], None] = print) -> LakeFiller:
    """With three records in hand."""
    metrics = LakeMetrics(CollectorRegistry())
    orders = FillOptions(FlushLimits(rows=3, bytes=1_000_000, seconds=60), skip_lost=False, say=say)
    found = LakeFiller(consumer, LakeFlusher(writer, metrics), metrics, orders)
    buffer = Buffer(0, 0)
    buffer.take(TOPIC, 3, 0)
    found._buffers[0] = buffer  # as if it had been read: no broker is needed to fill the lake
    found._assignments = 1
    return found


async def test_the_lake_is_unready_while_a_range_cannot_be_written(consumer: AIOKafkaConsumer, tmp_path: Path) -> None:
    found = began(consumer, Full(LocalFiles(tmp_path), TOPIC_ID))
    stopping = asyncio.Event()
    stopping.set()
    await found._write(0, stopping)
    assert await found.unready() == "the lake cannot be reached (OSError)"


LATE = Deadline()
LATE.begin(0)


async def test_what_is_in_hand_when_the_time_to_stop_is_up_is_dropped_and_told(
    consumer: AIOKafkaConsumer, tmp_path: Path
) -> None:
    """It stays in the topic, and whoever goes on reads it there."""
    files, stopping = LocalFiles(tmp_path), asyncio.Event()
    told: list[str] = []
    found = began(consumer, LakeWriter(files, TOPIC_ID, LATE.is_over), told.append)
    stopping.set()

    await found.run(stopping)

    assert told == ["stopped with 3 records of 1 partition in hand that are not in the lake: they are read again"]
    assert LakeWriter(files, TOPIC_ID).position(0) is None
    assert list(files.below("")) == []


async def test_a_store_that_is_away_does_not_hold_up_whoever_has_to_stop(
    consumer: AIOKafkaConsumer, tmp_path: Path
) -> None:
    class Away(LakeWriter):
        def position(self, partition: int) -> int | None:
            raise OSError(113, "No route to host")

    flusher = LakeFlusher(Away(LocalFiles(tmp_path), TOPIC_ID), LakeMetrics(CollectorRegistry()), LATE.is_over)

    with pytest.raises(OSError, match="No route"):
        await flusher.position(0)


class Outrun(LakeWriter):
    """Another one writes the same first and, as it does when it begins, clears away what this one has begun."""

    def __init__(self, files: LocalFiles) -> None:
        super().__init__(files, TOPIC_ID)
        self._others = LakeWriter(files, TOPIC_ID)

    def write(self, partition: int, first: int, last: int, records: Sequence[LogRecord]) -> OffsetRange:
        self._others.write(partition, first, last, records)
        raise FileNotFoundError


async def test_the_lake_is_ready_again_once_another_process_has_written_the_range(
    consumer: AIOKafkaConsumer, tmp_path: Path
) -> None:
    found = began(consumer, Outrun(LocalFiles(tmp_path)))
    await found._write(0, asyncio.Event())
    assert LakeWriter(LocalFiles(tmp_path), TOPIC_ID).position(0) == 3
    assert await found.unready() is None


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
