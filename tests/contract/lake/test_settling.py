"""What killed imports have begun: nobody who is erased stays in it, even if nobody ever says `lake import` again."""

import time
from pathlib import Path

import pytest

from sinks.lake.compaction import compact
from sinks.lake.erasure_list import erasure_of
from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS, STAGING
from sinks.lake.objects import ObjectFiles
from sinks.lake.unfinished_writes import abandon_imports
from streams.history.lake.erasure import AnnouncedErasure, erase_from_lake
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, crash
from tests.unit.history.lake.lake_rows import rows_of
from tests.unit.history.lake.old_files import EMAIL, imported, json_lines, old_event
from tests.unit.history.lake.topic_records import DAY

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
