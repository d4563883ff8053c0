"""What the lake's writer promises on any store: each record of the topic is a row once, whatever happens meanwhile."""

from contextlib import suppress

import pytest

from sinks.lake.files import Files
from sinks.lake.manifests import MANIFESTS, STAGING, LakeDamaged
from sinks.lake.writer import LakeWriter, RangeConflict, WriteGivenUp
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, at_each_call, clear, crash
from tests.unit.history.lake.lake_rows import rows_in_folders
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
