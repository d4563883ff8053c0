"""What is promised of an old file on any store: each row of it is there once, whatever happens meanwhile."""

from pathlib import Path

import pytest

from events.json_types import JSON
from sinks.lake.compaction import compact
from sinks.lake.files import Files, LocalFiles
from sinks.lake.manifests import STAGING
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, crash
from tests.unit.history.lake.lying import DAY
from tests.unit.history.lake.old_files import FEW, brought, filed, old
from tests.unit.history.lake.seen import Seen, seen, seen_by_manifests

YEAR = 365 * DAY
MOST_CALLS = 100
SAID: list[JSON] = [
    *(old(str(at), ("email.sent", "donation.made")[at % 2], NOW - YEAR - at % 2 * DAY) for at in range(4)),
    {"type": "nothing"},
    old("last", "email.opened", NOW - YEAR),
]


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filed(tmp_path_factory.mktemp("old") / "old.jsonl", SAID)


@pytest.fixture
def whole(tmp_path_factory: pytest.TempPathFactory, file: Path) -> Seen:
    """What an import that nothing disturbs leaves."""
    files = LocalFiles(tmp_path_factory.mktemp("whole"))
    brought(files, file, limits=FEW)
    return seen(files)


def test_a_file_is_brought_in_once_whatever_it_is_called(files: Files, file: Path, whole: Seen) -> None:
    copy = file.with_name("copy.jsonl")
    copy.write_bytes(file.read_bytes())

    assert brought(files, file, limits=FEW).counts.interactions.total() == 5
    assert not brought(files, file, copy).counts.interactions

    assert seen(files) == seen_by_manifests(files) == whole
    assert [offset for _, offset, _ in whole] == [0, 1, 2, 3, 5]
    assert not files.below(STAGING)


def test_imported_files_are_compacted_like_all_others(files: Files, file: Path, whole: Seen) -> None:
    brought(files, file, limits=FEW)
    compact(files, "2013-01-01")

    assert seen_by_manifests(files) == whole
    assert not brought(files, file).counts.interactions


def test_after_a_crash_at_any_moment_the_next_one_ends_what_was_begun(folder: Files, file: Path, whole: Seen) -> None:
    for at in range(1, MOST_CALLS):
        fragile = Interrupted(folder, at, crash)
        try:
            brought(fragile, file, limits=FEW)
        except Crash:
            rows = [offset for _, offset, _ in seen(folder)]
            assert len(rows) == len(set(rows))
        brought(folder, file, limits=FEW)
        assert seen(folder) == whole
        assert not folder.below(STAGING)
        if fragile.calls < at:
            return
        clear(folder)
    pytest.fail("it never came to its end")


def test_two_at_the_same_file_bring_it_in_once(folder: Files, file: Path, whole: Seen) -> None:
    for at in range(1, MOST_CALLS):
        frozen = Interrupted(folder, at, lambda: brought(folder, file))
        try:
            brought(frozen, file, limits=FEW)
        except FileNotFoundError:  # what it had staged was taken away meanwhile: it is told to run again
            brought(folder, file, limits=FEW)
        assert seen(folder) == whole
        if frozen.calls < at:
            return
        clear(folder)
    pytest.fail("it never came to its end")


def clear(files: Files) -> None:
    for name in files.below(""):
        files.delete(name)
