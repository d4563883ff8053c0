"""What is promised of an old file on any store: each row of it is there once, whatever happens meanwhile."""

import time
from contextlib import suppress
from pathlib import Path

import pytest

from events.json_types import JSON
from sinks.lake.compaction import compact
from sinks.lake.erasure_list import erasure_of
from sinks.lake.files import Files, LocalFiles
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS, STAGING
from sinks.lake.objects import ObjectFiles
from sinks.lake.unfinished_writes import abandon_imports
from streams.history.lake.erasure import AnnouncedErasure, erase_from_lake
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, at_each_call, clear, crash
from tests.unit.history.lake.lake_rows import LakeRows, rows_in_folders, rows_in_manifests, rows_of
from tests.unit.history.lake.old_files import EMAIL, FEW, imported, json_lines, old_event
from tests.unit.history.lake.topic_records import DAY

YEAR = 365 * DAY
SAID: list[JSON] = [
    *(old_event(str(at), ("email.sent", "donation.made")[at % 2], NOW - YEAR - at % 2 * DAY) for at in range(4)),
    {"type": "nothing"},
    old_event("last", "email.opened", NOW - YEAR),
]


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return json_lines(tmp_path_factory.mktemp("old") / "old.jsonl", SAID)


@pytest.fixture
def whole(tmp_path_factory: pytest.TempPathFactory, file: Path) -> LakeRows:
    """What an import that nothing disturbs leaves."""
    files = LocalFiles(tmp_path_factory.mktemp("whole"))
    imported(files, file, limits=FEW)
    return rows_in_folders(files)


def test_a_file_is_brought_in_once_whatever_it_is_called(files: Files, file: Path, whole: LakeRows) -> None:
    copy = file.with_name("copy.jsonl")
    copy.write_bytes(file.read_bytes())

    assert imported(files, file, limits=FEW).counts.interactions.total() == 5
    assert not imported(files, file, copy).counts.interactions

    assert rows_in_folders(files) == rows_in_manifests(files) == whole
    assert [offset for _, offset, _ in whole] == [0, 1, 2, 3, 5]
    assert not files.below(STAGING)


def test_imported_files_are_compacted_like_all_others(files: Files, file: Path, whole: LakeRows) -> None:
    imported(files, file, limits=FEW)
    compact(files, "2013-01-01")

    assert rows_in_manifests(files) == whole
    assert not imported(files, file).counts.interactions


def test_after_a_crash_at_any_moment_the_next_one_ends_what_was_begun(
    folder: Files, file: Path, whole: LakeRows
) -> None:
    for fragile in at_each_call(folder, crash, clear):
        with suppress(Crash):
            imported(fragile, file, limits=FEW)
        rows = [offset for _, offset, _ in rows_in_folders(folder)]
        assert len(rows) == len(set(rows))
        imported(folder, file, limits=FEW)
        assert rows_in_folders(folder) == whole
        assert not folder.below(STAGING)


def test_two_at_the_same_file_bring_it_in_once(folder: Files, file: Path, whole: LakeRows) -> None:
    for frozen in at_each_call(folder, lambda: imported(folder, file), clear):
        try:
            imported(frozen, file, limits=FEW)
        except FileNotFoundError:  # what it had staged was taken away meanwhile: it is told to run again
            imported(folder, file, limits=FEW)
        assert rows_in_folders(folder) == whole


# What killed imports have begun: nobody who is erased stays in it, even if nobody ever says `lake import` again.
STAGED_HALF, STAGED, COMMITTED = 3, 4, 5
"""The calls of an import of one file before which it dies: its file is half there, all, and named by a manifest."""


@pytest.fixture
def settled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return json_lines(tmp_path_factory.mktemp("old") / "old.jsonl", [old_event("1", "form.submitted", NOW - 9 * DAY)])


def killed(files: Files, file: Path, at: int) -> None:
    with pytest.raises(Crash):
        imported(Interrupted(files, at, crash), file)
    shows_halves = not isinstance(files, ObjectFiles)
    assert files.below(STAGING) or (at == STAGED_HALF and not shows_halves)


def test_whoever_is_erased_is_taken_out_of_what_a_killed_import_had_written(files: Files, settled_file: Path) -> None:
    killed(files, settled_file, COMMITTED)

    assert erase_from_lake(files, [AnnouncedErasure(erasure_of(EMAIL, NOW), "office/desk", "1")], None).rows == 1

    assert files.below(STAGING) == []
    assert [row["fragment"] for name in files.below(INTERACTIONS) for row in rows_of(files, name)] == [None]


def test_a_killed_imports_file_is_put_in_place_before_files_are_compacted(files: Files, settled_file: Path) -> None:
    killed(files, settled_file, COMMITTED)

    compact(files, "2013-01-01")

    assert (files.below(STAGING), find_live_files(files).places) == ([], {})


@pytest.mark.parametrize("at", [STAGED_HALF, STAGED])
def test_what_no_manifest_names_is_given_up_after_a_day_and_may_be_brought_in_again(
    files: Files, settled_file: Path, at: int
) -> None:
    killed(files, settled_file, at)
    now = time.time_ns() // 1_000_000
    staged = files.below(STAGING)
    assert abandon_imports(files, now - DAY) == []

    assert abandon_imports(files, now + DAY) == staged

    assert files.below(STAGING) == []
    assert imported(files, settled_file).counts.interactions.total() == 1


def test_whoever_wakes_up_later_has_written_nothing(files: Files, settled_file: Path) -> None:
    said = [old_event("1", "form.submitted", NOW - 9 * DAY), old_event("2", "donation.made", NOW - 9 * DAY)]
    settled_file, tomorrow = json_lines(settled_file, said), time.time_ns() // 1_000_000 + DAY
    frozen = Interrupted(files, STAGED, lambda: abandon_imports(files, tomorrow))  # one of its two files is staged

    with pytest.raises(FileNotFoundError):
        imported(frozen, settled_file)

    assert files.below(STAGING) == []  # nor left what it staged after it woke
    assert find_live_files(files).of(INTERACTIONS) == []
    assert imported(files, settled_file).counts.interactions.total() == 2
