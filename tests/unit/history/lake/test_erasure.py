"""Erasure in the lake."""

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import orjson
import pyarrow as pa
import pytest

from events.json_types import JSON
from events.times import render_time
from sinks.base import ContactChange
from sinks.lake.anonymised_rows import (
    KEPT_COLUMNS,
    KEPT_MONEY_COLUMNS,
    anonymise_interactions,
    remove_links,
    remove_profiles,
)
from sinks.lake.duckdb_views import ask_lake
from sinks.lake.erasure import commands_received_at, erase, erasure_commands, traces_active_after
from sinks.lake.erasure_list import Erasures, add_erasures, erasure_of, read_erasures, trace_of
from sinks.lake.files import Files, LocalFiles
from sinks.lake.manifests import INTERACTIONS
from sinks.lake.rows import tables_of
from sinks.lake.schema import COLUMNS, MORE
from sinks.lake.snapshots import links_table, profiles_table
from sinks.lake.unfinished_writes import settle_unfinished_writes
from sinks.lake.writer import LakeWriter
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.history.lake.erasure import AnnouncedErasure, erase_from_lake, erasure_in_closing, pending_erasures
from streams.operations.backup.erasure_ledger import LedgerEntry, add_to_ledger
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, crash
from tests.unit.history.lake.lake_rows import rows_in_folders
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

OTHER = "c1"
MOVING = 4
"""The call of a writer of one file before which its manifest is there, and the file not in its place."""
COMMAND = 1
"""The offset of the command, which is said under `c9` and says a time of yesterday."""


@pytest.fixture
def lake(tmp_path: Path) -> Files:
    files = LocalFiles(tmp_path / "lake")
    gifts = [topic_record(at, "donation.made", contact={"contact_id": OTHER}) for at in (0, 2)]
    command = topic_record(COMMAND, "contact.erased", at=NOW - DAY, contact={"contact_id": "c9"})
    LakeWriter(files, TOPIC_ID).write(0, 0, 2, [gifts[0], command, gifts[1]])
    return files


def test_rows_that_came_before_the_erasure_command_are_erased_under_other_identifiers_too(lake: Files) -> None:
    [(source, id_)] = commands_received_at(lake)
    assert forgotten(lake) == []

    erase_from_lake(lake, [AnnouncedErasure(erasure_of(OTHER, NOW - DAY), source, id_)], None)

    assert forgotten(lake) == [0, COMMAND]
    assert read_erasures(lake).received_until(OTHER) == NOW + COMMAND
    assert commands_received_at(lake) == {}


def test_a_person_known_to_a_ledger_by_hash_alone_is_erased_under_other_identifiers_too(
    lake: Files, tmp_path: Path
) -> None:
    [(source, id_)] = commands_received_at(lake)
    add_to_ledger(tmp_path / "erasures.jsonl", [LedgerEntry(f"/{trace_of(OTHER)}", NOW - DAY, source, id_)])

    erase_from_lake(lake, [], tmp_path / "erasures.jsonl")

    assert forgotten(lake) == [0, COMMAND]


def test_a_command_the_lake_does_not_hold_erases_up_to_the_time_it_names(lake: Files) -> None:
    erase_from_lake(lake, [AnnouncedErasure(erasure_of(OTHER, NOW - DAY), "elsewhere", "x")], None)

    assert forgotten(lake) == [COMMAND]
    assert read_erasures(lake).received_until(OTHER) == NOW - DAY


def test_an_erasure_command_taken_out_of_the_lake_is_dated_by_the_erasure_list_under_another_identifier(
    lake: Files,
) -> None:
    [(source, id_)] = commands_received_at(lake)
    erase_from_lake(lake, [], None)
    assert commands_received_at(lake) == {}

    names = [AnnouncedErasure(erasure_of(name, NOW - DAY), source, id_) for name in (OTHER, "c9")]
    erase_from_lake(lake, names, None)

    assert forgotten(lake) == [0, COMMAND]
    assert read_erasures(lake).received_until(OTHER) == NOW + COMMAND


def test_an_erasure_is_pending_while_later_rows_are_stored_and_its_hearing_time_is_unknown(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    gift = topic_record(0, "donation.made", at=NOW - DAY + 1, contact={"contact_id": OTHER})
    LakeWriter(files, TOPIC_ID).write(0, 0, 0, [gift])
    told = [AnnouncedErasure(erasure_of(OTHER, NOW - DAY), "digital/mailer", "i1")]
    erase_from_lake(files, told, None)
    assert (forgotten(files), pending_erasures(files, told)) == ([], 1)
    assert traces_active_after(files, [erasure_of(OTHER, NOW - DAY + 1), erasure_of("c9", NOW - DAY)]) == set()

    command = topic_record(COMMAND, "contact.erased", at=NOW - DAY, contact={"contact_id": "c9"})
    LakeWriter(files, TOPIC_ID).write(0, 1, 1, [command])
    erase_from_lake(files, told, None)

    assert (forgotten(files), pending_erasures(files, told)) == ([0, COMMAND], 0)


def test_an_erasure_for_doing_nothing_counts_where_the_links_agent_tells_of_it_alone(tmp_path: Path) -> None:
    """Whether it was in vain does not stand in the lake. It takes what had come, also what happened after its time."""
    files, since = LocalFiles(tmp_path / "lake"), NOW - 3 * DAY
    letter = topic_record(0, "email.sent", at=NOW - DAY, contact={"contact_id": OTHER})
    command = topic_record(COMMAND, "contact.erased_if_inactive", inactive_since=render_time(since))
    gift = topic_record(2, "donation.made", at=NOW - 2 * DAY, contact={"contact_id": OTHER})
    LakeWriter(files, TOPIC_ID).write(0, 0, 2, [letter, command, gift])
    assert pending_erasures(files) == 0
    erase_from_lake(files, [], None)
    assert (forgotten(files), list(read_erasures(files))) == ([], [])

    [(source, id_)] = commands_received_at(files, in_vain=True)
    told = [AnnouncedErasure(erasure_of(OTHER, since), source, id_)]
    assert pending_erasures(files, told) == 1
    erase_from_lake(files, told, None)

    assert (forgotten(files), pending_erasures(files, told)) == ([0, COMMAND], 0)


def test_an_erasure_for_doing_nothing_is_carried_out_long_after_the_links_agent_has_forgotten_it(
    tmp_path: Path,
) -> None:
    """Channels of the person stay closed, and tell by which command; what had come in the years since goes too."""
    files, since = LocalFiles(tmp_path / "lake"), NOW - 3 * DAY
    letter = topic_record(0, "email.sent", at=NOW - DAY, contact={"contact_id": OTHER})
    command = topic_record(COMMAND, "contact.erased_if_inactive", inactive_since=render_time(since))
    LakeWriter(files, TOPIC_ID).write(0, 0, 1, [letter, command])
    [(source, id_)] = commands_received_at(files, in_vain=True)
    closed = {"reason": "erased", "since": render_time(since), "source": source, "id": id_}
    told = erasure_in_closing(OTHER.encode(), orjson.dumps({"email": closed, "text": closed}))
    assert told == AnnouncedErasure(erasure_of(OTHER, since), source, id_)

    erase_from_lake(files, [told], None)

    assert forgotten(files) == [0, COMMAND]


@pytest.mark.parametrize(
    "value", [None, orjson.dumps({"email": {"reason": "unsubscribed", "since": "", "source": "", "id": ""}})]
)
def test_whose_channel_is_closed_for_another_reason_was_not_erased(value: bytes | None) -> None:
    assert erasure_in_closing(b"c1", value) is None


def test_an_erasure_command_in_an_unfinished_file_is_heard(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    with pytest.raises(Crash):
        LakeWriter(Interrupted(files, MOVING, crash), TOPIC_ID).write(0, 0, 0, [topic_record(0, "contact.erased")])
    assert not files.below(INTERACTIONS)

    assert list(commands_received_at(files).values()) == [NOW]
    assert [each.trace for each in erasure_commands(files)] == [trace_of(OTHER)]
    assert pending_erasures(files) == 1


def test_an_erasure_command_in_a_file_that_is_moved_while_it_is_read_is_heard(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    with pytest.raises(Crash):
        LakeWriter(Interrupted(files, MOVING, crash), TOPIC_ID).write(0, 0, 0, [topic_record(0, "contact.erased")])

    assert list(commands_received_at(Moved(files)).values()) == [NOW]


class Moved(Interrupted):
    """What is on its way comes to its place just before it is opened."""

    def __init__(self, files: Files) -> None:
        super().__init__(files, 0, crash)
        self._lake = files

    def open(self, name: str) -> BinaryIO:
        settle_unfinished_writes(self._lake)
        return super().open(name)


def forgotten(files: Files) -> list[int]:
    return [offset for _, offset, value in rows_in_folders(files) if value is None]


HOUR = 3_600_000
START = NOW - 9 * HOUR
ADA: JSON = {"contact_id": "ada"}
BOB: JSON = {"contact_id": "bob"}


@pytest.fixture(params=["commanded", "forgotten"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> LocalFiles:
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


def test_lake_views_do_not_show_erased_people(story: LocalFiles) -> None:
    assert people(story) == [("bob", "i7")]


def test_views_show_an_erased_persons_new_record_from_its_beginning(story: LocalFiles) -> None:
    anew = [
        topic_record(8, "form.submitted", at=START + 3 * HOUR, contact=ADA),
        topic_record(9, "email.opened", at=START + 2 * HOUR, contact=ADA),
        topic_record(10, "donation.made", at=START, contact=ADA),
    ]
    LakeWriter(story, TOPIC_ID).write(0, 8, 10, anew)

    assert people(story) == [("ada", "i8"), ("ada", "i9"), ("bob", "i7")]


def test_in_views_only_a_yes_to_a_whole_channel_begins_a_record(story: LocalFiles) -> None:
    yes: dict[str, JSON] = {"channel": "email", "granted": True}
    parts: list[dict[str, JSON]] = [{"purpose": "news"}, {"list_id": "weekly"}, {"sender": "example.org"}, {}]
    records = [
        topic_record(8 + at, "consent.changed", at=START + 3 * HOUR, contact=ADA, **yes, **part)
        for at, part in enumerate(parts)
    ]
    LakeWriter(story, TOPIC_ID).write(0, 8, 11, records)

    assert people(story) == [("ada", "i11"), ("bob", "i7")]


def test_donations_of_an_erased_person_stay_once_without_the_person(story: LocalFiles) -> None:
    with ask_lake(story) as asked:
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


ERASED = Erasures([erasure_of("c1", NOW)])
GOES = {
    *("fragment", "named_contact_id", "voter_id", "external", "email", "phone", "event"),
    *("region", "postal_code", "time_zone", "language", "household", "mailbox", "voter_state"),
    *("universe", "turf", "cluster", "message_id", "user_agent", "url", "reason", "pledge_id", "report_id"),
    *("support", "answers", "tags_added", "tags_removed", "keyword", "starts_at", "basis", "contact_ids", "until"),
    *("provenance_kind", "provenance_obtained_at", "provenance_file", "provenance_notice"),
}


def table_of(record: Fetched) -> pa.Table:
    [table] = tables_of([record], TOPIC_ID).values()
    return table


def test_every_lake_column_is_declared_to_stay_or_go_when_a_row_is_anonymised() -> None:
    assert not KEPT_COLUMNS & KEPT_MONEY_COLUMNS
    assert not (KEPT_COLUMNS | KEPT_MONEY_COLUMNS) & GOES
    assert set(COLUMNS) - set(MORE) == KEPT_COLUMNS | KEPT_MONEY_COLUMNS | GOES
    assert not set(MORE) & (KEPT_COLUMNS | KEPT_MONEY_COLUMNS)


def test_the_lakes_erasure_list_hashes_identifiers_as_states_do() -> None:
    assert trace_key("email:ab").decode() == "/" + trace_of("email:ab")


def test_an_anonymised_gift_keeps_its_money() -> None:
    left = anonymise_interactions(
        table_of(topic_record(0, "donation.made", refcode="r", pledge_id="p")), "donation.made", ERASED
    )

    assert left is not None
    [row] = left.table.to_pylist()
    assert (row["amount"], row["currency"], row["refcode"], row["donation_id"]) == (5000, "USD", "r", "fec:1")
    assert not [name for name in GOES if row[name] is not None]


def test_an_anonymised_message_keeps_no_id() -> None:
    left = anonymise_interactions(
        table_of(topic_record(0, "email.clicked", url="https://x.example/?who=ada")), "email.clicked", ERASED
    )

    assert left is not None
    [row] = left.table.to_pylist()
    assert (row["id"], row["message_id"], row["url"], row["source"]) == (None, None, None, "digital/mailer")


@pytest.mark.parametrize(
    ("record", "theirs"),
    [
        (topic_record(0, at=NOW), True),
        (topic_record(DAY, at=NOW + 1), False),
        (topic_record(0, at=NOW + 1), True),  # of later, and the broker had it before
        (topic_record(0, contact={"contact_id": "c2"}), False),
        (topic_record(0, "contact.linked", contact_ids=["a", "c1"]), True),
    ],
)
def test_rows_that_happened_or_came_before_an_erasure_are_anonymised(record: Fetched, theirs: bool) -> None:
    type_ = "contact.linked" if b"contact.linked" in (record.value or b"") else "email.opened"

    assert (anonymise_interactions(table_of(record), type_, ERASED) is not None) is theirs


def test_snapshot_profiles_from_before_an_erasure_go_and_those_begun_anew_stay() -> None:
    def profile(contact_id: str, first_seen: str) -> ContactChange:
        return ContactChange(contact_id, 1, b'{"first_seen": "%s"}' % first_seen.encode(), None, None)

    before, after = "2012-02-22T10:00:00.000Z", "2012-02-22T10:00:00.001Z"
    left = remove_profiles(profiles_table([profile("c1", before), profile("c2", before)]), ERASED)

    assert left is not None
    assert left.table["contact_id"].to_pylist() == ["c2"]
    assert remove_profiles(profiles_table([profile("c1", after)]), ERASED) is None
    assert remove_profiles(profiles_table([ContactChange("c1", 1, b"{", None, None)]), ERASED) is not None


def test_snapshot_links_from_before_an_erasure_go() -> None:
    links = links_table(
        [
            ContactChange("c1", 1, None, None, "x"),
            ContactChange("y", 1, None, None, "c1"),
            ContactChange("z", 1, None, None, "x"),
        ]
    )

    left = remove_links(links, NOW - DAY, ERASED)

    assert left is not None
    assert left.table["contact_id"].to_pylist() == ["z"]
    assert remove_links(links, NOW + DAY, ERASED) is None
