"""What the lake's writer keeps."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from events.json_types import JSON
from sinks.lake.compaction import compact
from sinks.lake.erasure import erase
from sinks.lake.erasure_list import Erasures, erasure_of
from sinks.lake.files import Files, LocalFiles
from sinks.lake.manifests import INTERACTIONS, MANIFESTS, STAGING, LakeDamaged
from sinks.lake.writer import LakeWriter, RangeConflict, WriteGivenUp
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, at_each_call, clear, crash
from tests.unit.history.lake.lake_rows import LakeRows, rows_in_folders, rows_in_manifests, rows_of
from tests.unit.history.lake.old_files import FEW, imported, json_lines, old_event
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

TOPIC = [topic_record(at, "donation.made" if at % 3 else "email.sent", at=NOW - at % 2 * DAY) for at in range(6)]


def bring_in(files: Files, topic: list[Fetched], size: int = 3) -> None:
    """What a process does, from its start to the end of the topic."""
    writer = LakeWriter(files, TOPIC_ID)
    position = writer.position(0) or 0
    while position < len(topic):
        records = topic[position : position + size]
        try:
            writer.write(0, position, position + len(records) - 1, records)
        except RangeConflict:
            position = writer.position(0) or 0
        else:
            position += len(records)


def in_the_topic(topic: list[Fetched]) -> list[tuple[int, int, bytes | None]]:
    return [(0, record.offset, record.value) for record in topic]


def test_every_record_is_a_row_of_the_lake(files: Files) -> None:
    bring_in(files, TOPIC)

    assert rows_in_folders(files) == in_the_topic(TOPIC)
    assert not files.below(STAGING)
    assert LakeWriter(files, TOPIC_ID).position(0) == len(TOPIC)


def test_a_partition_without_records_in_the_lake_has_no_position(files: Files) -> None:
    bring_in(files, TOPIC)

    assert LakeWriter(files, TOPIC_ID).position(1) is None


def test_a_topic_made_anew_begins_beside_the_old_one(files: Files) -> None:
    bring_in(files, TOPIC)
    anew = LakeWriter(files, "another")

    assert anew.position(0) is None
    anew.write(0, 0, 0, TOPIC[:1])

    assert len(rows_in_folders(files)) == len(TOPIC) + 1


def test_after_a_crash_at_any_moment_the_next_one_ends_what_was_begun(folder: Files) -> None:
    for fragile in at_each_call(folder, crash, clear):
        with suppress(Crash):
            bring_in(fragile, TOPIC)
        rows = [offset for _, offset, _ in rows_in_folders(folder)]
        assert len(rows) == len(set(rows))
        bring_in(folder, TOPIC)
        assert rows_in_folders(folder) == in_the_topic(TOPIC)
        assert not folder.below(STAGING)


def test_whoever_is_frozen_at_any_moment_finds_its_range_written(folder: Files) -> None:
    for frozen in at_each_call(folder, lambda: bring_in(folder, TOPIC, size=2), clear):
        try:
            bring_in(frozen, TOPIC)
        except FileNotFoundError:  # what it had staged was taken away meanwhile; the process reads on from its position
            bring_in(folder, TOPIC)
        assert rows_in_folders(folder) == in_the_topic(TOPIC)


def test_whoever_only_looks_where_the_lake_ends_takes_nothing_from_a_writer_at_work(folder: Files) -> None:
    """It may be killed right after, and the one that it took for dead may go on."""
    for watched in at_each_call(folder, lambda: LakeWriter(folder, TOPIC_ID).position(0), clear):
        bring_in(watched, TOPIC)
        assert rows_in_folders(folder) == in_the_topic(TOPIC)


def test_a_skipped_range_has_no_rows_and_cannot_be_written(files: Files) -> None:
    writer = LakeWriter(files, TOPIC_ID)
    writer.write(0, 0, 2, TOPIC[:3])
    writer.skip(0, 3, 7)

    with pytest.raises(RangeConflict):
        LakeWriter(files, TOPIC_ID).write(0, 3, 5, TOPIC[3:])

    assert writer.position(0) == 8
    assert rows_in_folders(files) == in_the_topic(TOPIC[:3])


def test_a_range_without_a_record_is_one_all_the_same(files: Files) -> None:
    writer = LakeWriter(files, TOPIC_ID)

    writer.write(0, 0, 4, [])

    assert writer.position(0) == 5


def test_a_manifest_that_is_none_is_named(files: Files) -> None:
    bring_in(files, TOPIC)
    *_, last = files.below(MANIFESTS)
    files.delete(last)
    files.create(last, b"{", f"{STAGING}/draft")

    with pytest.raises(LakeDamaged, match=last):
        LakeWriter(files, TOPIC_ID).position(0)


@pytest.mark.parametrize("files_written", range(3))
def test_a_range_that_is_given_up_leaves_nothing_and_is_written_once_by_the_next(
    files: Files, files_written: int
) -> None:
    """Whoever has to stop need not write all files of a range first."""
    asked: list[int] = []

    def is_over() -> bool:
        asked.append(1)
        return len(asked) > files_written

    with pytest.raises(WriteGivenUp):
        LakeWriter(files, TOPIC_ID, is_over).write(0, 0, len(TOPIC) - 1, TOPIC)
    assert LakeWriter(files, TOPIC_ID).position(0) is None
    assert not files.below(STAGING)

    bring_in(files, TOPIC)
    assert rows_in_folders(files) == in_the_topic(TOPIC)


GIFTS = [topic_record(at, "donation.made", contact={"contact_id": "c0"}) for at in range(3)]


class Repeating(Interrupted):
    """The answer to each creation is lost, and the store's client asks again by itself."""

    def create(self, name: str, content: bytes, draft: str) -> bool:
        self._files.create(name, content, draft)
        return self._files.create(name, content, draft)


class CopyingHalf(Interrupted):
    """It dies after a file was copied into its place, and before it is taken away where it was."""

    def move(self, source: str, target: str) -> bool:
        with self._files.writing(target) as file:
            file.write(self._files.read(source))
        raise Crash


def bring_in_each(files: Files) -> None:
    for record in GIFTS:
        LakeWriter(files, TOPIC_ID).write(0, record.offset, record.offset, [record])


def bring_in_and_die(files: Files) -> list[tuple[int, int]]:
    """A file of the day before has been copied and is staged as well; all rows that are known, by place."""
    day_before = [topic_record(at, "donation.made", NOW - DAY, contact={"contact_id": "c0"}) for at in range(2)]
    for record in GIFTS:
        LakeWriter(files, TOPIC_ID).write(1, record.offset, record.offset, [replace(record, partition=1)])
    LakeWriter(files, TOPIC_ID).write(0, 0, 0, day_before[:1])
    with suppress(Crash):
        LakeWriter(CopyingHalf(files, 0, crash), TOPIC_ID).write(0, 1, 1, day_before[1:])
    return [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]


def whose(files: Files) -> list[str | None]:
    return [row["fragment"] for name in files.below(INTERACTIONS) for row in rows_of(files, name, ["fragment"])]


def test_what_is_there_already_stays_and_what_is_mine_is_mine(files: Files) -> None:
    assert files.create("a/b", b"mine", "drafts/1")
    assert files.create("a/b", b"mine", "drafts/2")
    assert not files.create("a/b", b"theirs", "drafts/3")

    assert files.read("a/b") == b"mine"


def test_a_creation_whose_answer_is_lost_is_one(files: Files) -> None:
    unlucky = Repeating(files, 0, crash)
    bring_in_each(unlucky)
    rows = rows_in_folders(files)

    assert compact(unlucky, "2012-02-23").after == 1

    assert len(rows) == len(GIFTS)
    assert rows_in_folders(files) == rows_in_manifests(files) == rows


def test_who_is_erased_does_not_come_back_with_a_file_that_was_copied_and_not_taken_away(files: Files) -> None:
    rows = bring_in_and_die(files)
    erased = Erasures([erasure_of("c0", NOW)])

    erase(files, erased)
    LakeWriter(files, TOPIC_ID).position(0)
    erase(files, erased)

    assert whose(files) == [None] * len(rows)


def test_what_was_merged_does_not_come_back_with_it(files: Files) -> None:
    rows = bring_in_and_die(files)

    compact(files, "2012-02-23")
    LakeWriter(files, TOPIC_ID).position(0)
    compact(files, "2012-02-23")

    assert [(partition, offset) for partition, offset, _ in rows_in_folders(files)] == rows


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


def test_after_a_crash_of_an_import_at_any_moment_the_next_import_ends_it(
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
