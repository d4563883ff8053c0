"""No view shows an erased person, before and after the lake is erased, and their donations count once."""

from dataclasses import replace
from pathlib import Path

import pytest

from events.json_types import JSON
from sinks.lake.duckdb_views import ask_lake
from sinks.lake.erasure import erase, erasure_commands
from sinks.lake.erasure_list import add_erasures, read_erasures
from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.history.lake.erasure import erase_from_lake, pending_erasures
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record

HOUR = 3_600_000
START = NOW - 9 * HOUR
ADA: JSON = {"contact_id": "ada"}
BOB: JSON = {"contact_id": "bob"}


@pytest.fixture(params=["commanded", "forgotten"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> LocalFiles:
    """Ada gave twice, took one gift back and was erased; then she opened a mail, and Bob gave."""
    files = LocalFiles(tmp_path)
    history = [
        topic_record(0, "donation.made", at=START, contact=ADA, donation_id="ab:1"),
        topic_record(1, "donation.made", at=START, contact=ADA, donation_id="ab:2"),
        topic_record(2, "donation.made", at=START, contact=ADA, donation_id="ab:2"),
        topic_record(3, "donation.made", at=START, contact=ADA, donation_id="ab:3"),
        topic_record(
            4, "interaction.retracted", at=START, contact=ADA, retracts={"source": "digital/mailer", "id": "i3"}
        ),
        topic_record(5, "contact.erased", at=START + HOUR, contact=ADA),
        topic_record(6, "email.opened", at=START + 2 * HOUR, contact=ADA),
        topic_record(7, "donation.made", at=START, contact=BOB, donation_id="ab:4"),
    ]
    LakeWriter(files, TOPIC_ID).write(0, 0, 7, history)
    if request.param == "forgotten":
        forget(files)
    return files


def forget(files: LocalFiles) -> None:
    add_erasures(files, erasure_commands(files))
    erase(files, read_erasures(files))


def people(files: LocalFiles) -> list[tuple[str, str]]:
    with ask_lake(files) as asked:
        return asked.sql("SELECT contact_id, id FROM interactions_counted ORDER BY ALL").fetchall()


def test_lake_views_do_not_show_erased_people(lake: LocalFiles) -> None:
    assert people(lake) == [("bob", "i7")]


def test_views_show_an_erased_persons_new_record_from_its_beginning(lake: LocalFiles) -> None:
    anew = [
        topic_record(8, "form.submitted", at=START + 3 * HOUR, contact=ADA),
        topic_record(9, "email.opened", at=START + 2 * HOUR, contact=ADA),
        topic_record(10, "donation.made", at=START, contact=ADA),
    ]
    LakeWriter(lake, TOPIC_ID).write(0, 8, 10, anew)

    assert people(lake) == [("ada", "i8"), ("ada", "i9"), ("bob", "i7")]


def test_in_views_only_a_yes_to_a_whole_channel_begins_a_record(lake: LocalFiles) -> None:
    yes: dict[str, JSON] = {"channel": "email", "granted": True}
    parts: list[dict[str, JSON]] = [{"purpose": "news"}, {"list_id": "weekly"}, {"sender": "example.org"}, {}]
    records = [
        topic_record(8 + at, "consent.changed", at=START + 3 * HOUR, contact=ADA, **yes, **part)
        for at, part in enumerate(parts)
    ]
    LakeWriter(lake, TOPIC_ID).write(0, 8, 11, records)

    assert people(lake) == [("ada", "i11"), ("bob", "i7")]


def test_donations_of_an_erased_person_stay_once_without_the_person(lake: LocalFiles) -> None:
    with ask_lake(lake) as asked:
        found = asked.sql("SELECT contact_id, donation_id, net FROM donations ORDER BY donation_id").fetchall()

    assert found == [(None, "ab:1", 5000), (None, "ab:2", 5000), ("bob", "ab:4", 5000)]


def test_views_hide_rows_that_came_before_the_erasure_command_whatever_time_they_name(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    history = [
        topic_record(0, "donation.made", at=START + 2 * HOUR, contact=ADA, donation_id="ab:1", pledge_id="p1"),
        topic_record(1, "email.opened", at=START + 2 * HOUR, contact=ADA),
        topic_record(2, "contact.erased", at=START, contact=ADA),
    ]
    LakeWriter(files, TOPIC_ID).write(0, 0, 2, history)
    assert people(files) == []
    before = money(files)

    forget(files)

    assert people(files) == []
    with ask_lake(files) as asked:
        assert asked.sql("SELECT count(*) FROM lake_interactions WHERE fragment IS NOT NULL").fetchall() == [(0,)]
        assert asked.sql("SELECT contact_id, net FROM donations").fetchall() == [(None, 5000)]
    assert money(files) == before


def money(files: LocalFiles) -> list[tuple[object, ...]]:
    """All that is told of what nobody gave: it must not change when the lake forgets who it was."""
    with ask_lake(files) as asked:
        found = asked.sql('SELECT * FROM lake_counted WHERE contact_id IS NULL ORDER BY "offset"').fetchall()
        assert found
        return [*found, *asked.sql("SELECT * FROM donations ORDER BY id").fetchall()]


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_gift_of_which_a_copy_came_after_the_command_is_somebodys_and_counts_once(
    tmp_path: Path, forgotten: bool
) -> None:
    files = LocalFiles(tmp_path)
    gift = topic_record(0, "donation.made", at=START + 2 * HOUR, contact=ADA, donation_id="ab:1")
    copy = replace(gift, offset=2, timestamp=NOW + 2)
    LakeWriter(files, TOPIC_ID).write(0, 0, 2, [gift, topic_record(1, "contact.erased", at=START, contact=ADA), copy])
    if forgotten:
        forget(files)

    with ask_lake(files) as asked:
        assert asked.sql("SELECT contact_id, net FROM donations").fetchall() == [("ada", 5000)]


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_retracted_row_stays_retracted_when_a_copy_comes_after_the_erasure_command(
    tmp_path: Path, forgotten: bool
) -> None:
    files = LocalFiles(tmp_path)
    taken_back: JSON = {"source": "digital/mailer", "id": "i0"}
    gift = topic_record(0, "donation.made", at=START - HOUR, contact=ADA, donation_id="ab:1")
    back = topic_record(1, "interaction.retracted", at=START + 2 * HOUR, contact=ADA, retracts=taken_back)
    command = topic_record(2, "contact.erased", at=START, contact=ADA)
    again = [
        topic_record(3, "form.submitted", at=START + 3 * HOUR, contact=ADA),
        replace(back, offset=4, timestamp=NOW + 4),
    ]
    LakeWriter(files, TOPIC_ID).write(0, 0, 4, [gift, back, command, *again])
    if forgotten:
        forget(files)

    with ask_lake(files) as asked:
        assert asked.sql("SELECT * FROM donations").fetchall() == []


@pytest.mark.parametrize("forgotten", ["no", "once", "before the copy and after it"])
def test_a_copy_of_the_erasure_command_takes_nothing_from_a_new_record(tmp_path: Path, forgotten: str) -> None:
    files = LocalFiles(tmp_path)
    command = topic_record(1, "contact.erased", at=START, contact=ADA)
    told = [topic_record(0, "donation.made", at=START - HOUR, contact=ADA, donation_id="ab:1"), command]
    anew = topic_record(2, "donation.made", at=START + HOUR, contact=ADA, donation_id="ab:2")
    LakeWriter(files, TOPIC_ID).write(0, 0, 1, told)
    if forgotten == "before the copy and after it":
        erase_from_lake(files, [], None)
    LakeWriter(files, TOPIC_ID).write(0, 2, 3, [anew, replace(command, offset=3, timestamp=NOW + 3)])
    if forgotten != "no":
        erase_from_lake(files, [], None)

    assert people(files) == [("ada", "i2")]
    assert pending_erasures(files) == (1 if forgotten == "no" else 0)
