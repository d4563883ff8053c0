"""Merging and forgetting on any store: whoever asks the manifests sees each row once, at any moment."""

import pytest

from sinks.lake.compaction import compact
from sinks.lake.erasure import erase, erasure_commands
from sinks.lake.erasure_list import Erasures, add_erasures, erasure_of, read_erasures
from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS, STAGING
from sinks.lake.writer import LakeWriter
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, at_each_call, clear, crash
from tests.unit.history.lake.lake_rows import rows_in_folders, rows_in_manifests, rows_of
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
