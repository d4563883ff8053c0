"""What the lake rewrites."""

import time
from pathlib import Path

import pytest

from sinks.base import ContactChange
from sinks.lake.compaction import compact
from sinks.lake.erasure import erase, erasure_commands
from sinks.lake.erasure_list import Erasures, add_erasures, erasure_of, read_erasures
from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS, STAGING
from sinks.lake.objects import ObjectFiles
from sinks.lake.snapshots import CONTACT_STATE, SnapshotWriter, abandon_snapshots, profiles_table
from sinks.lake.unfinished_writes import abandon_imports
from sinks.lake.writer import LakeWriter
from streams.history.lake.erasure import AnnouncedErasure, erase_from_lake
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, at_each_call, clear, crash
from tests.unit.history.lake.lake_rows import rows_in_folders, rows_in_manifests, rows_of
from tests.unit.history.lake.old_files import EMAIL, imported, json_lines, old_event
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

TOMORROW = "2012-02-23"
TOPIC = [topic_record(at, "donation.made", contact={"contact_id": f"c{at % 2}"}) for at in range(4)]


@pytest.fixture
def lake(files: Files) -> Files:
    begin_again(files)
    return files


@pytest.fixture
def quick(folder: Files) -> Files:
    begin_again(folder)
    return folder


def test_small_files_of_a_day_and_type_become_one_in_order(lake: Files) -> None:
    before = rows_in_folders(lake)

    done = compact(lake, TOMORROW)

    assert (done.before, done.after, done.rows) == (4, 1, 4)
    assert rows_in_folders(lake) == rows_in_manifests(lake) == before
    [file] = lake.below(INTERACTIONS)
    order = [(row["fragment"], row["offset"]) for row in rows_of(lake, file)]
    assert order == [("c0", 0), ("c0", 2), ("c1", 1), ("c1", 3)]


def test_merged_files_are_not_merged_again(lake: Files) -> None:
    compact(lake, TOMORROW)

    assert compact(lake, TOMORROW).before == 0


def test_files_of_the_current_day_are_not_merged(lake: Files) -> None:
    assert compact(lake, "2012-02-22").before == 0


def test_no_merged_file_is_larger_than_the_limit(lake: Files) -> None:
    [largest, *_] = sorted((file.bytes for file in find_live_files(lake).of(INTERACTIONS)), reverse=True)

    done = compact(lake, TOMORROW, largest * 2 + 1)

    assert (done.before, done.after) == (4, 2)


def test_what_comes_after_a_checkpoint_is_seen_as_well(lake: Files) -> None:
    compact(lake, TOMORROW)
    LakeWriter(lake, TOPIC_ID).write(0, 4, 4, [topic_record(4)])
    LakeWriter(lake, TOPIC_ID).write(1, 0, 4, [])
    LakeWriter(lake, "another").write(0, 0, 0, [topic_record(0)])

    assert len(rows_in_manifests(lake)) == 6


def test_a_crash_at_any_moment_of_merging_leaves_each_row_once(quick: Files) -> None:
    rows = rows_in_folders(quick)
    for fragile in at_each_call(quick, crash, begin_again):
        try:
            compact(fragile, TOMORROW)
        except Crash:
            assert rows_in_manifests(quick) == rows
            assert {offset for _, offset, _ in rows_in_folders(quick)} == set(range(4))
            compact(quick, TOMORROW)
        assert rows_in_folders(quick) == rows_in_manifests(quick) == rows
        assert not [name for name in quick.below(STAGING) if name.endswith(".parquet")]


def test_two_compactions_at_once_compact_once(quick: Files) -> None:
    rows = rows_in_folders(quick)
    for frozen in at_each_call(quick, lambda: compact(quick, TOMORROW), begin_again):
        compact(frozen, TOMORROW)
        assert rows_in_folders(quick) == rows_in_manifests(quick) == rows


def test_an_erased_person_is_taken_out_and_the_money_stays(lake: Files) -> None:
    erased = Erasures([erasure_of("c0", NOW)])

    done = erase(lake, erased)

    assert (done.files, done.rows) == (2, 2)
    rows = [row for file in find_live_files(lake).of(INTERACTIONS) for row in rows_of(lake, file.name)]
    assert sorted((row["offset"], row["fragment"], row["amount"], row["event"] is None) for row in rows) == [
        (0, None, 5000, True),
        (1, "c1", 5000, False),
        (2, None, 5000, True),
        (3, "c1", 5000, False),
    ]
    assert erase(lake, erased) == (0, 0)


def test_after_a_crash_at_any_moment_of_erasing_it_is_done_again(quick: Files) -> None:
    erased = Erasures([erasure_of("c0", NOW)])
    for fragile in at_each_call(quick, crash, begin_again):
        try:
            erase(fragile, erased)
        except Crash:
            erase(quick, erased)
        assert [offset for _, offset, _ in rows_in_manifests(quick)] == list(range(4))
        assert [value for _, _, value in rows_in_folders(quick)].count(None) == 2


def test_what_comes_late_of_somebody_erased_comes_without_them(lake: Files) -> None:
    add_erasures(lake, [erasure_of("c0", NOW)])

    LakeWriter(lake, TOPIC_ID).write(0, 4, 5, [topic_record(4, contact={"contact_id": "c0"}), topic_record(5)])

    assert [value is None for _, _, value in rows_in_folders(lake)][4:] == [True, False]


def test_commands_in_the_lake_say_who_is_erased(lake: Files) -> None:
    LakeWriter(lake, TOPIC_ID).write(
        0, 4, 4, [topic_record(4, "contact.erased", at=NOW - DAY, contact={"contact_id": "c9"})]
    )

    add_erasures(lake, erasure_commands(lake))

    assert read_erasures(lake).until("c9") == NOW - DAY
    assert read_erasures(lake).until("c8") is None


def begin_again(files: Files) -> None:
    clear(files)
    writer = LakeWriter(files, TOPIC_ID)
    for record in TOPIC:
        writer.write(0, record.offset, record.offset, [record])


STAGED_HALF, STAGED, COMMITTED = 3, 4, 5
"""The calls of an import of one file before which it dies: its file is half there, all, and named by a manifest."""


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return json_lines(tmp_path_factory.mktemp("old") / "old.jsonl", [old_event("1", "form.submitted", NOW - 9 * DAY)])


def killed(files: Files, file: Path, at: int) -> None:
    with pytest.raises(Crash):
        imported(Interrupted(files, at, crash), file)
    shows_halves = not isinstance(files, ObjectFiles)
    assert files.below(STAGING) or (at == STAGED_HALF and not shows_halves)


def test_whoever_is_erased_is_taken_out_of_what_a_killed_import_had_written(files: Files, file: Path) -> None:
    killed(files, file, COMMITTED)

    assert erase_from_lake(files, [AnnouncedErasure(erasure_of(EMAIL, NOW), "office/desk", "1")], None).rows == 1

    assert files.below(STAGING) == []
    assert [row["fragment"] for name in files.below(INTERACTIONS) for row in rows_of(files, name)] == [None]


def test_a_killed_imports_file_is_put_in_place_before_files_are_compacted(files: Files, file: Path) -> None:
    killed(files, file, COMMITTED)

    compact(files, "2013-01-01")

    assert (files.below(STAGING), find_live_files(files).places) == ([], {})


@pytest.mark.parametrize("at", [STAGED_HALF, STAGED])
def test_what_no_manifest_names_is_given_up_after_a_day_and_may_be_brought_in_again(
    files: Files, file: Path, at: int
) -> None:
    killed(files, file, at)
    now = time.time_ns() // 1_000_000
    staged = files.below(STAGING)
    assert abandon_imports(files, now - DAY) == []

    assert abandon_imports(files, now + DAY) == staged

    assert files.below(STAGING) == []
    assert imported(files, file).counts.interactions.total() == 1


def test_whoever_wakes_up_later_has_written_nothing(files: Files, file: Path) -> None:
    said = [old_event("1", "form.submitted", NOW - 9 * DAY), old_event("2", "donation.made", NOW - 9 * DAY)]
    file, tomorrow = json_lines(file, said), time.time_ns() // 1_000_000 + DAY
    frozen = Interrupted(files, STAGED, lambda: abandon_imports(files, tomorrow))  # one of its two files is staged

    with pytest.raises(FileNotFoundError):
        imported(frozen, file)

    assert files.below(STAGING) == []  # nor left what it staged after it woke
    assert find_live_files(files).of(INTERACTIONS) == []
    assert imported(files, file).counts.interactions.total() == 2


OLD, NEW = "2012-02-20", "2012-02-22"


def begun(files: Files, date: str) -> SnapshotWriter:
    """A snapshot with somebody in it."""
    writer = SnapshotWriter(files, date, 0)
    with writer.file(CONTACT_STATE) as add:
        add(profiles_table([ContactChange("ada", 1, b"{}", None, None)]))
    return writer


def test_profiles_of_an_abandoned_snapshot_are_deleted(files: Files) -> None:
    begun(files, OLD)

    assert abandon_snapshots(files, NEW, 0) == [OLD]

    assert files.below(STAGING) == []
    assert find_live_files(files).of(CONTACT_STATE) == []


def test_a_snapshot_writer_that_wakes_up_later_is_too_late(files: Files) -> None:
    frozen = begun(files, OLD)
    abandon_snapshots(files, NEW, 0)

    assert frozen.commit() is None

    assert files.below(STAGING) == []
    assert find_live_files(files).of(CONTACT_STATE) == []


@pytest.mark.parametrize("date", [OLD, NEW])
def test_committed_and_later_snapshots_stay(files: Files, date: str) -> None:
    writer = begun(files, date)
    if date == OLD:
        writer.commit()

    assert abandon_snapshots(files, NEW, 0) == []

    assert begun(files, date).commit() is None if date == OLD else writer.commit() is not None
    assert len(find_live_files(files).of(CONTACT_STATE)) == 1
