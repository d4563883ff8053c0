"""All that reads and keeps a lake, on a real S3 server: by the place that `HARMONIA_LAKE` names, and nothing else."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest
from typer.testing import CliRunner

from sinks.base import ContactChange
from sinks.lake.duckdb_views import ask_lake
from sinks.lake.files import Files, open_files
from sinks.lake.live_files import addresses
from sinks.lake.manifests import INTERACTIONS, STAGING, begin, is_lake
from sinks.lake.snapshots import CONTACT_STATE, SnapshotWriter, profiles_table
from sinks.lake.writer import LakeWriter, RangeConflict
from streams.cli.main import app
from streams.domain.pressure import default_policy
from streams.history.backtest.backtest_run import BacktestOptions, backtest
from streams.history.lake.input_files import input_files_at
from streams.history.rebuild.buckets import lake_contents, sort_lake
from streams.platform.errors import LakeStopped
from streams.platform.lake_files import lake_files_of
from streams.platform.settings import Settings
from tests.contract.lake.s3_server import BUCKET
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, crash
from tests.unit.history.lake.lake_rows import rows_in_folders
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record
from tests.unit.history.refold.lakes import fill, sample_records

LAKE = "HARMONIA_LAKE"
WRITERS = 6


@pytest.fixture
def lake(s3_place: str, monkeypatch: pytest.MonkeyPatch) -> Files:
    """40 interactions of five contacts, one of them twice, and three records that nobody can read."""
    monkeypatch.setenv(LAKE, s3_place)
    files = lake_files_of(Settings(lake=s3_place))
    fill(files, sample_records(), pieces=1)
    return files


def run(*words: str) -> str:
    ended = CliRunner().invoke(app, ["lake", *words])
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_of_writers_of_one_range_at_the_same_moment_one_has_it(s3_place: str) -> None:
    start = Barrier(WRITERS)

    def write(number: int) -> int | None:
        writer = LakeWriter(open_files(s3_place), TOPIC_ID)
        start.wait()
        try:
            return writer.write(0, 0, number, [topic_record(at) for at in range(number + 1)]).last_offset
        except (RangeConflict, FileNotFoundError):  # the second: what it had staged was taken away meanwhile
            return None

    with ThreadPoolExecutor(WRITERS) as threads:
        [last] = [each for each in threads.map(write, range(WRITERS)) if each is not None]

    files = open_files(s3_place)
    assert LakeWriter(files, TOPIC_ID).position(0) == last + 1
    assert [offset for _, offset, _ in rows_in_folders(files)] == list(range(last + 1))


def test_a_file_of_which_the_writing_fails_is_not_there(s3_place: str) -> None:
    files = open_files(s3_place)

    with suppress(Crash), files.writing("a/b") as file:
        file.write(b"half of")
        crash()

    assert files.below("") == []
    with pytest.raises(FileNotFoundError):
        files.open("a/b")


def test_a_store_without_a_lake_is_told_from_one_with_a_lake(s3_place: str) -> None:
    files = open_files(s3_place)
    before = is_lake(files)
    begin(files)

    assert (before, is_lake(files)) == (False, True)


def test_a_lake_on_s3_is_queried_by_its_views(lake: Files) -> None:
    writer = SnapshotWriter(lake, "2012-02-22", NOW)
    with writer.file(CONTACT_STATE) as add:
        add(profiles_table([ContactChange("ada", 1, b"{}", None, None)]))
    assert writer.commit() is not None

    with ask_lake(lake) as asked:
        counted = asked.sql("SELECT count(*), sum(amount) FROM interactions_counted").fetchall()
        assert asked.sql("SELECT contact_id FROM lake_profiles").fetchall() == [("ada",)]

    assert counted == [(40, sum(500 + offset for offset in range(1, 40, 2)))]
    assert all(address.startswith(f"s3://{BUCKET}/") for address in addresses(lake, INTERACTIONS))


def test_the_lake_commands_work_on_s3(lake: Files) -> None:
    rows = rows_in_folders(lake)

    assert "rows" in run("compact", "--older-than", "0d")
    assert "s3://" in run("views")
    assert "endpoint_override" not in run("views", "--exact")

    assert rows_in_folders(lake) == rows
    assert lake.below(STAGING) == []


def test_a_lake_on_s3_is_folded_replayed_rebuilt_and_backtested(lake: Files, s3_place: str, tmp_path: Path) -> None:
    folded = run("fold", "--processes", "1", "--out", str(tmp_path / "folded"))
    orders = BacktestOptions(default_policy(), default_policy())
    known = lake_contents(s3_place, TOPIC_ID, 2)

    assert folded.splitlines()[-1] == "5 contacts, 5 profiles; 40 applied, 1 duplicate, 1 not_json"
    assert backtest(s3_place, orders, tmp_path / "people", 1).rows == 41
    assert sort_lake(known, tmp_path / "gathered", 1).rows + 1 == known.rows == 43
    assert sum(part.rows or 0 for part in input_files_at(s3_place)) == 43


def test_a_store_that_refuses_or_is_away_gives_a_clear_message(s3_place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusal(place: str) -> str:
        with pytest.raises(LakeStopped) as stopped:
            lake_files_of(Settings(lake=place))
        return str(stopped.value)

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")

    assert refusal(s3_place) == "HARMONIA_LAKE: cannot be written to: the store does not accept these credentials"
