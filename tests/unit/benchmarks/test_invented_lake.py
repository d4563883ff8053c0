"""What the benchmark of history invents is what the lake would hold of such records, and what a worker would take."""

from pathlib import Path

import pyarrow as pa

from benchmarks.history.inventing import invent_day
from events.refusal import Refusal
from sinks.lake.files import LocalFiles
from sinks.lake.parquet import read_parquet
from sinks.lake.rows import tables_of
from sinks.lake.schema import INTERACTIONS_SCHEMA
from streams.domain.contact import read_fact
from tests.unit.engine.kafka_records import Fetched


def invented(root: Path, seed: int) -> dict[str, pa.Table]:
    """By folder, two days of 3,000 contacts."""
    count = sum(invent_day(root, 3_000, seed, day) for day in (3, 4))
    files = LocalFiles(root)
    found: dict[str, pa.Table] = {}
    for name in files.below("interactions"):
        folder = "/".join(name.split("/")[1:3])
        table = read_parquet(files, name, INTERACTIONS_SCHEMA)
        found[folder] = pa.concat_tables([found[folder], table]) if folder in found else table
    assert sum(map(len, found.values())) == count
    return found


def records_of(table: pa.Table) -> list[Fetched]:
    rows = table.select(["partition", "offset", "fragment", "event"]).to_pylist()
    times = table["appended_at"].cast(pa.int64()).to_pylist()
    return [
        Fetched(row["offset"], row["event"], row["fragment"].encode(), [], at, partition=row["partition"])
        for row, at in zip(rows, times, strict=True)
    ]


def test_columns_say_what_the_bytes_say_and_the_bytes_are_taken(tmp_path: Path) -> None:
    found = invented(tmp_path, 1)

    assert {folder.partition("type=")[2] for folder in found} >= {
        *("email.sent", "email.delivered", "email.opened", "email.bounced", "email.clicked"),
        *("text.sent", "donation.made", "canvass.reported", "rsvp.made"),
    }
    for folder, table in found.items():
        records = records_of(table)
        [(where, same)] = tables_of(records, "invented-1").items()
        assert f"date={where.date}/type={where.type}" == folder
        assert table.equals(same)
        assert not any(isinstance(read_fact(each.value, each.timestamp), Refusal) for each in records)


def test_a_partition_is_in_the_order_in_which_it_was_appended(tmp_path: Path) -> None:
    records = [each for table in invented(tmp_path, 1).values() for each in records_of(table)]
    places = sorted((each.partition, each.offset, each.timestamp) for each in records)

    assert len({place[:2] for place in places}) == len(places)
    assert places == sorted(places, key=lambda place: (place[0], place[2], place[1]))
