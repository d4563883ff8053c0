"""Refolded states and profiles, on one machine and in engines that bring a contact's rows together themselves."""

from pathlib import Path
from random import Random
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sinks.lake.erasure_list import Erasures, add_erasures, erasure_of
from sinks.lake.rows import tables_of
from sinks.lake.snapshots import CONTACT_STATE_SCHEMA
from streams.domain.contact import decode, profile
from streams.engine.store import MemoryStore
from streams.history.refold.arrow import fold_batches
from streams.history.refold.buckets import sort_history
from streams.history.refold.fold_files import PROFILES, STATES, fold_history
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID
from tests.unit.history.refold.lakes import lake_of, sample_records
from tests.unit.worker.agents.contacts.interaction_records import folded, kept

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
