"""A refold."""

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sinks.lake.compaction import compact
from sinks.lake.erasure_list import Erasures, add_erasures, erasure_of
from sinks.lake.files import LocalFiles
from sinks.lake.rows import tables_of
from sinks.lake.snapshots import CONTACT_STATE_SCHEMA
from sinks.lake.writer import LakeWriter
from streams.cli.main import app
from streams.domain.contact import decode, profile
from streams.engine.store import MemoryStore
from streams.history.refold.arrow import FOLDED_SCHEMA, fold_batches
from streams.history.refold.buckets import SortedHistory, Spiller, bucket_of, each_bucket, sort_history
from streams.history.refold.contact_rows import TopicRow
from streams.history.refold.fold_files import PROFILES, STATES, fold_history
from streams.history.refold.lake_source import LakeFileRows, interaction_files
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID
from tests.unit.history.refold.lakes import lake_of, sample_records
from tests.unit.worker.agents.contacts.interaction_records import folded, kept

LAKE = "HARMONIA_LAKE"


def fold(out: Path) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, ["lake", "fold", "--processes", "1", "--out", str(out)])
    return result.exit_code, result.output.splitlines()


def test_lake_fold_prints_its_counts_and_leaves_no_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake_of(tmp_path / "lake", sample_records())
    monkeypatch.setenv(LAKE, str(tmp_path / "lake"))

    assert fold(tmp_path / "out") == (
        0,
        [
            "42 interactions sorted by contact, 1 are nobody's",
            "5 contacts, 5 profiles; 40 applied, 1 duplicate, 1 not_json",
        ],
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["contact_state", "states"]
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


def test_files_that_were_merged_meanwhile_are_looked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = lake_of(tmp_path / "lake", sample_records())
    monkeypatch.setenv(LAKE, str(tmp_path / "lake"))

    def merged_after(*given: object) -> list[LakeFileRows]:
        found = interaction_files(files)
        compact(files, "2013-01-01")
        return found

    monkeypatch.setattr("streams.history.refold.buckets.interaction_files", merged_after)

    assert fold(tmp_path / "out")[1][-1] == "5 contacts, 5 profiles; 40 applied, 1 duplicate, 1 not_json"


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake_of(tmp_path / "lake", sample_records())
    monkeypatch.setenv(LAKE, str(tmp_path / "lake"))
    LocalFiles(tmp_path / "out").create("mine", b"", "_draft")

    code, lines = fold(tmp_path / "out")

    assert code == 1
    assert "is not empty" in lines[0]
    assert (tmp_path / "out" / "mine").exists()


NOBODY_IS = Erasures()


def streamed(records: list[Fetched]) -> dict[str, bytes]:
    """States of a worker that gets everything in one chunk, so that versions are the same."""
    store = MemoryStore()
    kept(folded(*records, store=store), store)
    return {key.decode(): value for key, value in store.items()}


def rows_in(folder: Path) -> list[dict[str, Any]]:
    return [dict(row) for path in sorted(folder.iterdir()) for row in pq.ParquetFile(path).read().to_pylist()]


def test_refolded_states_and_profiles_equal_those_of_the_stream(tmp_path: Path) -> None:
    records = sample_records()
    place = (tmp_path / "lake").as_posix()
    lake_of(tmp_path / "lake", records)

    gathered = sort_history(place, tmp_path / "work", processes=2, rows_in_a_bucket=15)
    done = fold_history(place, gathered, tmp_path / "out", processes=2)

    states = streamed(records)
    assert {row["contact_id"]: row["state"] for row in rows_in(tmp_path / "out" / STATES)} == states
    shown = rows_in(tmp_path / "out" / PROFILES)
    assert {row["contact_id"]: orjson.loads(row["profile"]) for row in shown} == {
        name: profile(name, decode(state)) for name, state in states.items()
    }
    assert (done.contacts, done.profiles) == (5, 5)
    assert done.outcomes == {"applied": 40, "duplicate": 1}
    assert done.refused == {"not_json": 1}
    assert pq.read_schema(tmp_path / "out" / PROFILES / "000000.parquet").equals(CONTACT_STATE_SCHEMA)


def test_a_second_fold_in_a_process_leaves_out_who_was_erased_since_the_first(tmp_path: Path) -> None:
    place, files = (tmp_path / "lake").as_posix(), lake_of(tmp_path / "lake", sample_records())
    gathered = sort_history(place, tmp_path / "work")

    before = fold_history(place, gathered, tmp_path / "before")
    add_erasures(files, [erasure_of("c1", NOW + DAY, NOW + DAY)])
    after = fold_history(place, gathered, tmp_path / "after")

    assert (before.profiles, after.profiles) == (5, 4)


def batches_of(records: list[Fetched], rows: int) -> list[pa.RecordBatch]:
    """As Spark gives them: sorted by fragment alone, times in microseconds, cut anywhere."""
    table = pa.concat_tables(tables_of(records, TOPIC_ID).values())
    shuffled = table.take(pa.array(Random(rows).sample(range(len(table)), len(table))))
    times = pa.timestamp("us", tz="America/New_York")
    place = shuffled.schema.get_field_index("appended_at")
    sorted_ = shuffled.set_column(place, "appended_at", shuffled["appended_at"].cast(times)).sort_by("fragment")
    return list(sorted_.to_batches(max_chunksize=rows))


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 100])
def test_each_contact_is_folded_once_however_arrow_batches_are_cut(rows: int) -> None:
    records = sample_records()

    made = [row for batch in fold_batches(batches_of(records, rows), NOBODY_IS) for row in batch.to_pylist()]

    assert sorted(row["contact_id"] for row in made) == sorted(f"c{number}" for number in range(5))
    assert {row["contact_id"]: row["state"] for row in made} == streamed(records)
    assert all(orjson.loads(row["profile"])["version"] == row["version"] == 1 for row in made)


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


SCRIPT = Path(__file__).parents[4] / "deploy" / "spark" / "fold.py"
SPARK_NAMES = {"string": "string", "int64": "long", "binary": "binary"}


def test_the_spark_script_imports_only_what_exists() -> None:
    imports = [node for node in ast.walk(ast.parse(SCRIPT.read_text())) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if (node.module or "").split(".")[0] in ("events", "sinks", "streams")]

    assert len(ours) >= 3
    for node in ours:
        for name in node.names:
            assert hasattr(import_module(node.module or ""), name.name)


def test_the_spark_script_declares_the_columns_it_returns() -> None:
    said = ", ".join(f"{field.name} {SPARK_NAMES[str(field.type)]}" for field in FOLDED_SCHEMA)

    assert f'FOLDED = "{said}"' in SCRIPT.read_text()
