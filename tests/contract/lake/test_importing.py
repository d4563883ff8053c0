"""What is promised of an old file on any store: each row of it is there once, whatever happens meanwhile."""

from contextlib import suppress
from pathlib import Path

import pytest

from events.json_types import JSON
from sinks.lake.compaction import compact
from sinks.lake.files import Files, LocalFiles
from sinks.lake.manifests import STAGING
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, at_each_call, clear, crash
from tests.unit.history.lake.lake_rows import LakeRows, rows_in_folders, rows_in_manifests
from tests.unit.history.lake.old_files import FEW, imported, json_lines, old_event
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
