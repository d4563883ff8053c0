"""Rows of the lake."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from prometheus_client import CollectorRegistry

from events.json_types import JSON
from events.registry import MODELS
from sinks.lake.files import LocalFiles
from sinks.lake.manifests import OffsetRange
from sinks.lake.rows import Folder, LogRecord, fields_of, tables_of
from sinks.lake.schema import FIELDS, INTERACTIONS_SCHEMA
from sinks.lake.writer import LakeWriter
from streams.history.lake import filler
from streams.history.lake.buffers import ROW_BYTES, Buffer, FlushLimits, due_partitions
from streams.history.lake.filler import FillOptions, LakeFiller, LakeFlusher, LakeMetrics
from streams.platform.shutdown import Deadline
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record, unreadable_record
from tests.unit.worker.agents.contacts.interaction_records import HASHER

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


NAMED_ELSEWHERE = {
    "contact": "whom it is about has columns of its own",
    "team": "of the envelope",
    "experiment": "experiment_id, variant",
    "provenance": "provenance_kind, provenance_obtained_at, provenance_file, provenance_notice",
    "retracts": "retracts_source, retracts_id",
}


def row(record: Fetched) -> dict[str, Any]:
    [(_, table)] = tables_of([record], TOPIC_ID).items()
    [found] = table.to_pylist()
    return dict(found)


def test_a_gifts_fields_are_in_the_lake_columns_that_queries_read() -> None:
    gift = topic_record(
        7, "donation.made", donation_id="ab:1", amount=2500, currency="USD", refcode="spring", team="digital"
    )

    found = row(gift)

    assert found["topic_id"] == TOPIC_ID
    assert (found["partition"], found["offset"], found["fragment"]) == (0, 7, "c1")
    assert found["appended_at"] == datetime.fromtimestamp((NOW + 7) / 1000, UTC)
    assert found["time"] == datetime.fromtimestamp(NOW / 1000, UTC)
    assert (found["id"], found["source"], found["team"]) == ("i7", "digital/mailer", "digital")
    assert (found["donation_id"], found["amount"], found["currency"]) == ("ab:1", 2500, "USD")
    assert (found["refcode"], found["message_id"], found["named_contact_id"]) == ("spring", None, "c1")
    assert found["event"] == gift.value


def test_identifiers_in_lake_rows_are_the_hashes_that_intake_made() -> None:
    contact: dict[str, JSON] = {"email": "ada@example.org", "external": {"van": "1"}, "region": "US-NY"}

    found = row(topic_record(0, "email.sent", contact=contact))

    assert found["email"] == HASHER.email("ada@example.org")
    assert found["external"] == [("van", HASHER.external("van", "1"))]
    assert found["region"] == "US-NY"
    assert found["fragment"] == HASHER.external("van", "1")


def test_nested_fields_of_an_event_are_flat_lake_columns() -> None:
    arm: JSON = {"id": "x12", "variant": "B"}
    report = row(
        topic_record(0, "canvass.reported", experiment=arm, answers={"van:1": 3}, tags_added=["a", "b"], support=2)
    )
    retraction = row(topic_record(1, "interaction.retracted", retracts={"source": "s", "id": "1"}))
    linked = row(topic_record(2, "contact.linked"))
    roll: JSON = {"kind": "voter_list", "obtained_at": "2012-01-31T00:00:00Z", "file": "rolls-2012", "notice": "n1"}
    bought = row(topic_record(3, "provenance.reported", provenance=roll))

    assert (report["experiment_id"], report["variant"], report["support"]) == ("x12", "B", 2)
    assert (report["answers"], report["tags_added"], report["tags_removed"]) == ('{"van:1":3}', ["a", "b"], None)
    assert (retraction["retracts_source"], retraction["retracts_id"]) == ("s", "1")
    assert linked["contact_ids"] == ["a", "b"]
    flat = [bought[f"provenance_{name}"] for name in ("kind", "obtained_at", "file", "notice")]
    assert flat == ["voter_list", "2012-01-31T00:00:00.000Z", "rolls-2012", "n1"]


@pytest.mark.parametrize("type_", sorted(MODELS))
def test_every_field_of_every_type_has_a_lake_column(type_: str) -> None:
    said = set(MODELS[type_].model_fields) - set(NAMED_ELSEWHERE)

    assert said <= set(fields_of(type_))


def test_lake_rows_lie_in_folders_by_day_of_the_event_and_type() -> None:
    records = [topic_record(0), topic_record(1, at=NOW - DAY), topic_record(2, "donation.made"), topic_record(3)]

    found = tables_of(records, TOPIC_ID)

    assert {folder: table["offset"].to_pylist() for folder, table in found.items()} == {
        Folder("2012-02-22", "email.opened"): [0, 3],
        Folder("2012-02-21", "email.opened"): [1],
        Folder("2012-02-22", "donation.made"): [2],
    }
    assert all(table.schema.equals(INTERACTIONS_SCHEMA) for table in found.values())


ODD: list[bytes | None] = [
    None,
    b"",
    b"\xff\xfe",
    b"[1]",
    b"{",
    b"{}",
    b'{"type": ["a"], "time": 3, "id": 7, "data": []}',
    b'{"type": "contact.exploded", "time": "2012-02-21T00:00:00Z", "data": {"contact": 3}}',
    orjson.dumps({"type": "email.sent", "data": {"contact": {"external": [1], "email": {}}, "team": 3, "machine": 1}}),
    orjson.dumps({"type": "donation.made", "data": {"amount": "5", "instalment": 1.5, "experiment": "x"}}),
    orjson.dumps({"type": "canvass.reported", "data": {"support": 2**40, "tags_added": "ab", "tags_removed": [1]}}),
]


@pytest.mark.parametrize("value", ODD)
def test_an_unreadable_record_is_a_lake_row_with_its_bytes(value: bytes | None) -> None:
    found = row(unreadable_record(3, value))

    assert (found["event"], found["offset"]) == (value, 3)
    assert not [name for name in FIELDS if found[name] is not None]


def test_an_odd_record_changes_no_other_lake_row() -> None:
    strange = unreadable_record(
        1, orjson.dumps({"type": "donation.made", "time": "2012-02-22T10:00:00Z", "data": {"amount": True}})
    )

    [table] = tables_of(
        [topic_record(0, "donation.made"), strange, topic_record(2, "donation.made")], TOPIC_ID
    ).values()

    assert table["amount"].to_pylist() == [5000, None, 5000]


def test_an_unreadable_record_lies_in_the_folder_of_its_append_day() -> None:
    assert list(tables_of([unreadable_record(0, b"\xff", key=None)], TOPIC_ID)) == [Folder("2012-02-22", "other")]
