"""What a store of objects does and a folder does not: answers get lost, and moving is copying and deleting."""

from contextlib import suppress
from dataclasses import replace

from sinks.lake.compaction import compact
from sinks.lake.erasure import erase
from sinks.lake.erasure_list import Erasures, erasure_of
from sinks.lake.files import Files
from sinks.lake.manifests import INTERACTIONS
from sinks.lake.writer import LakeWriter
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, crash
from tests.unit.history.lake.lake_rows import rows_in_folders, rows_in_manifests, rows_of
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

TOPIC = [topic_record(at, "donation.made", contact={"contact_id": "c0"}) for at in range(3)]


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


def bring_in(files: Files) -> None:
    for record in TOPIC:
        LakeWriter(files, TOPIC_ID).write(0, record.offset, record.offset, [record])


def bring_in_and_die(files: Files) -> list[tuple[int, int]]:
    """A file of the day before has been copied and is staged as well; all rows that are known, by place."""
    day_before = [topic_record(at, "donation.made", NOW - DAY, contact={"contact_id": "c0"}) for at in range(2)]
    for record in TOPIC:
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
    bring_in(unlucky)
    rows = rows_in_folders(files)

    assert compact(unlucky, "2012-02-23").after == 1

    assert len(rows) == len(TOPIC)
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
