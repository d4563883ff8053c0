"""Sorted history: each contact comes once with all its rows in order, however the lake is laid out."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sinks.lake.compaction import compact
from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.history.refold.buckets import SortedHistory, Spiller, bucket_of, each_bucket, sort_history
from streams.history.refold.contact_rows import TopicRow
from tests.unit.engine.kafka_records import Fetched
from tests.unit.history.lake.topic_records import TOPIC_ID
from tests.unit.history.refold.lakes import lake_of, sample_records


def expected(records: list[Fetched]) -> dict[str, list[TopicRow]]:
    found: dict[str, list[TopicRow]] = {}
    for each in records:
        if each.key is not None and each.value is not None:
            row = TopicRow(TOPIC_ID, each.partition, each.offset, each.timestamp, each.value)
            found.setdefault(each.key.decode(), []).append(row)
    return found


def found_in(gathered: SortedHistory) -> dict[str, list[TopicRow]]:
    found: dict[str, list[TopicRow]] = {}
    for number, histories in enumerate(each_bucket(gathered, lambda bucket: list(bucket.histories()))):
        for history in histories:
            assert history.contact_id not in found
            assert bucket_of(history.contact_id, gathered.buckets) == number
            found[history.contact_id] = history.rows
    return found


def compacted(lake: Path) -> None:
    assert compact(LocalFiles(lake), "2013-01-01").before > 0


def without_manifests(lake: Path) -> None:
    LocalFiles(lake).delete_below("_manifests")
    (lake / "_staging" / "half.parquet").write_bytes(b"half a file")


def with_a_file_of_no_manifest(lake: Path) -> None:
    (lake / "interactions" / "left-over.parquet").write_bytes(b"of no manifest")


@pytest.mark.parametrize("happens", [compacted, without_manifests, with_a_file_of_no_manifest])
def test_a_refold_has_each_row_once_however_the_lake_lies_there(
    tmp_path: Path, happens: Callable[[Path], None]
) -> None:
    records = sample_records()
    lake_of(tmp_path / "lake", records)
    happens(tmp_path / "lake")

    gathered = sort_history((tmp_path / "lake").as_posix(), tmp_path / "work", rows_in_a_bucket=10)

    assert (gathered.buckets, gathered.rows, gathered.without) == (5, 42, 1)
    assert found_in(gathered) == expected(records)


def test_a_refold_sorts_wanted_files_alone(tmp_path: Path) -> None:
    records = sample_records()
    lake_of(tmp_path / "lake", records)

    gathered = sort_history(
        (tmp_path / "lake").as_posix(), tmp_path / "work", wanted=lambda name: "donation.made" in name
    )

    assert gathered.rows == sum(b"donation.made" in (each.value or b"") for each in records)


def test_small_spills_of_a_refold_lose_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = sample_records()
    lake_of(tmp_path / "lake", records)
    monkeypatch.setattr("streams.history.refold.buckets.SPILL_BYTES", 1)
    monkeypatch.setattr("streams.history.refold.lake_source.ROWS_AT_ONCE", 2)
    monkeypatch.setattr("streams.history.refold.buckets.ROWS_IN_A_TASK", 5)

    gathered = sort_history((tmp_path / "lake").as_posix(), tmp_path / "work")

    assert len(gathered.spills) > 10
    assert found_in(gathered) == expected(records)


def test_rows_of_a_recreated_topic_come_after_those_of_the_older_one(tmp_path: Path) -> None:
    older = [each for each in sample_records() if each.partition == 0]
    files = lake_of(tmp_path / "lake", older)
    newer = [Fetched(0, older[0].value, older[0].key, timestamp=older[-1].timestamp + 1, partition=0)]
    LakeWriter(files, "1" + TOPIC_ID[1:]).write(0, 0, 0, newer)

    rows = found_in(sort_history((tmp_path / "lake").as_posix(), tmp_path / "work"))["c0"]

    assert [row.topic_id for row in rows] == [TOPIC_ID] * (len(rows) - 1) + ["1" + TOPIC_ID[1:]]


def test_a_parquet_file_of_something_else_is_named_in_the_error(tmp_path: Path) -> None:
    lake_of(tmp_path / "lake", sample_records())
    LocalFiles(tmp_path / "lake").delete_below("_manifests")
    pq.write_table(pa.table({"fragment": ["c1"]}), tmp_path / "lake" / "other.parquet")

    with pytest.raises(ValueError, match=r"other\.parquet has no column appended_at, event, offset"):
        sort_history((tmp_path / "lake").as_posix(), tmp_path / "work")


def test_a_spiller_that_was_given_nothing_writes_nothing(tmp_path: Path) -> None:
    Spiller(tmp_path, "spill", 3).spill()

    assert list(tmp_path.iterdir()) == []
