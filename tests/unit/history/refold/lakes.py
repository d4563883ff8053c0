"""Small lakes written by the lake's own writer."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from events.json_types import JSON
from sinks.lake.files import Files, LocalFiles
from sinks.lake.writer import LakeWriter
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record, unreadable_record


def sample_records() -> list[Fetched]:
    """Two partitions with five contacts, two days and two types, a copy, and a record that nobody can read."""
    found = []
    for offset in range(40):
        who = f"c{offset % 5}"
        type_ = ("email.opened", "donation.made")[offset % 2]
        fields: dict[str, JSON] = {"contact": {"contact_id": who}}
        if offset % 2:
            fields |= {"donation_id": f"ab:{offset}", "amount": 500 + offset, "currency": "USD"}
        record = topic_record(offset, type_, _at(offset), **fields)
        found.append(replace(record, partition=int(who[1]) % 2))
    return [*found, replace(found[3], offset=40), unreadable_record(41, b"{"), unreadable_record(42, b"{}", None)]


def _at(offset: int) -> int:
    return NOW - offset % 3 * DAY


def lake_of(folder: Path, records: Sequence[Fetched], pieces: int = 3) -> LocalFiles:
    """A lake of these records, each partition in so many ranges."""
    files = LocalFiles(folder)
    fill(files, records, pieces)
    return files


def fill(files: Files, records: Sequence[Fetched], pieces: int = 3) -> None:
    """Write records into any lake, each partition in so many ranges."""
    by_partition: dict[int, list[Fetched]] = defaultdict(list)
    for record in records:
        by_partition[record.partition].append(record)
    writer = LakeWriter(files, TOPIC_ID)
    for partition, found in by_partition.items():
        first = 0
        size = -(-len(found) // pieces)
        for start in range(0, len(found), size):
            piece = found[start : start + size]
            writer.write(partition, first, piece[-1].offset, piece)
            first = piece[-1].offset + 1
