"""Erasures in the lake act when they are heard, and what is of one source is taken out."""

from pathlib import Path
from typing import BinaryIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from events.json_types import JSON
from events.provenance_rules import ForgettingRule, ProvenanceRule, PurposeRule
from events.times import render_time
from sinks.lake.erasure import commands_received_at, erasure_commands, traces_active_after
from sinks.lake.erasure_list import erasure_of, read_erasures, trace_of
from sinks.lake.files import Files, LocalFiles
from sinks.lake.forgotten_provenance import count_of_provenance, forget_provenance
from sinks.lake.manifests import INTERACTIONS
from sinks.lake.snapshots import CONTACT_STATE, CONTACT_STATE_SCHEMA, SnapshotWriter
from sinks.lake.unfinished_writes import settle_unfinished_writes
from sinks.lake.writer import LakeWriter
from streams.history.lake.erasure import AnnouncedErasure, erase_from_lake, erasure_in_closing, pending_erasures
from streams.operations.backup.erasure_ledger import LedgerEntry, add_to_ledger
from tests.unit.events.records import NOW
from tests.unit.history.lake.interrupted import Crash, Interrupted, crash
from tests.unit.history.lake.lake_rows import rows_in_folders, rows_of
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


# What is of one source or purpose is taken out of the lake, and nothing else is.
ROLL: JSON = {"kind": "voter_list", "file": "rolls-2012"}
OTHER_ROLL: JSON = {"kind": "voter_list", "file": "rolls-2008"}
THEN = NOW - DAY
UNTIL = ProvenanceRule("voter_list", "rolls-2012", THEN)


@pytest.fixture
def lake_of_sources(tmp_path: Path) -> Files:
    files = LocalFiles(tmp_path / "lake")
    said = [
        topic_record(0, "provenance.reported", THEN, provenance=ROLL),
        topic_record(1, "provenance.reported", THEN, provenance=OTHER_ROLL),
        topic_record(2, "provenance.reported", NOW, provenance=ROLL),
        topic_record(3, "donation.made", THEN, provenance=ROLL),
        topic_record(4, "donation.made", THEN),
        topic_record(5, "consent.changed", THEN, granted=False, provenance=ROLL),
        topic_record(6, "consent.changed", THEN, granted=True, provenance=ROLL),
        topic_record(7, "canvass.reported", THEN, outcome="do_not_contact", provenance=ROLL),
        topic_record(8, "canvass.reported", THEN, outcome="contacted", provenance=ROLL),
        topic_record(9, "email.opened", THEN),
        topic_record(10, "canvass.reported", THEN, outcome="wrong_number", provenance=ROLL),
    ]
    LakeWriter(files, TOPIC_ID).write(0, 0, 10, said)
    return files


def forgotten_of_source(files: Files) -> list[int]:
    return [offset for _, offset, event in rows_in_folders(files) if event is None]


@pytest.mark.parametrize(
    ("rule", "gone"),
    [
        (UNTIL, [0, 3, 6, 8]),
        (UNTIL._replace(file=None), [0, 1, 3, 6, 8]),
        (UNTIL._replace(until=NOW), [0, 2, 3, 6, 8]),
        (UNTIL._replace(until=THEN - 1), []),
        (UNTIL._replace(kind="rented"), []),
    ],
)
def test_rows_of_the_source_lose_their_person_but_those_that_bind(
    lake_of_sources: Files, rule: ProvenanceRule, gone: list[int]
) -> None:
    before = count_of_provenance(lake_of_sources, rule)
    assert forgotten_of_source(lake_of_sources) == []
    done = forget_provenance(lake_of_sources, rule)
    assert forgotten_of_source(lake_of_sources) == gone
    assert (before, done.rows) == (done, len(gone))
    assert forget_provenance(lake_of_sources, rule).rows == 0


def test_rows_of_a_purpose_go_by_what_their_events_say_and_a_no_for_it_stays(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    signed: JSON = {"kind": "self", "purpose": "Petition-Water"}
    said = [
        topic_record(0, "form.submitted", THEN, provenance=signed),
        topic_record(1, "form.submitted", THEN, provenance={"kind": "self", "purpose": "newsletter"}),
        topic_record(2, "form.submitted", THEN, provenance={"kind": "self"}),
        topic_record(3, "form.submitted", NOW, provenance=signed),
        topic_record(4, "consent.changed", THEN, granted=True, purpose="petition-water"),
        topic_record(5, "consent.changed", THEN, granted=False, purpose="petition-water"),
        topic_record(6, "consent.changed", THEN, granted=False, provenance=signed),
        topic_record(7, "consent.changed", THEN, granted=True, purpose="newsletter"),
        topic_record(8, "donation.made", THEN, provenance=signed),
        topic_record(9, "email.sent", THEN, purpose="fundraising"),
    ]
    LakeWriter(files, TOPIC_ID).write(0, 0, 9, said)
    rule = PurposeRule("petition-WATER", THEN)

    before, done = count_of_provenance(files, rule), forget_provenance(files, rule)

    assert forgotten_of_source(files) == [0, 4, 8]
    assert (before, done.rows) == (done, 3)
    assert forget_provenance(files, rule).rows == 0
    assert forget_provenance(files, PurposeRule("fundraising", NOW)).rows == 0


@pytest.mark.parametrize("how", ["missing", "null"])
def test_rows_that_a_version_without_the_columns_wrote_go_by_their_event(
    lake_of_sources: Files, how: str, tmp_path: Path
) -> None:
    """Null they are where such rows were put together with others."""
    for place in (tmp_path / "lake" / "interactions").rglob("*.parquet"):
        table = pq.read_table(place, partitioning=None)
        for name in [name for name in table.column_names if name.startswith("provenance_")]:
            at = table.column_names.index(name)
            if how == "missing":
                table = table.remove_column(at)
            else:
                table = table.set_column(at, name, pa.nulls(len(table), table.schema.field(name).type))
        pq.write_table(table, place)

    assert count_of_provenance(lake_of_sources, UNTIL).rows == 4
    forget_provenance(lake_of_sources, UNTIL)
    assert forgotten_of_source(lake_of_sources) == [0, 3, 6, 8]
    assert count_of_provenance(lake_of_sources, UNTIL._replace(file=None)).rows == 1


def test_of_a_gift_the_money_stays(lake_of_sources: Files) -> None:
    forget_provenance(lake_of_sources, UNTIL)
    rows = [
        row
        for name in lake_of_sources.below("interactions")
        if "donation.made" in name
        for row in rows_of(lake_of_sources, name)
    ]
    [gift] = [row for row in rows if row["offset"] == 3]
    assert (gift["amount"], gift["fragment"], gift["provenance_file"], gift["named_contact_id"]) == (
        5000,
        None,
        None,
        None,
    )


WORD = '{"consent_ledger":[{"purpose":"Petition-Water","granted":%s,"at":"%s-01-01T00:00:00.000Z"}]}'
ENTRY = '{"provenance":[{"kind":"self","purpose":"%s","first_at":"2012-01-01T00:00:00.000Z"}]}'
FILE = '{"provenance":[{"kind":"voter_list","file":"%s","first_at":"2012-01-01T00:00:00.000Z"}]}'


@pytest.mark.parametrize(
    ("rule", "going", "staying"),
    [
        (
            PurposeRule("petition-water", THEN),
            [ENTRY % "petition-water", WORD % ("true", "2012")],
            [ENTRY % "newsletter", WORD % ("false", "2012"), WORD % ("true", "2013"), '{"tags":["purpose"]}'],
        ),
        (UNTIL, [FILE % "rolls-2012"], [FILE % "rolls-2008", '{"tags":["voter_list"]}', None]),
    ],
)
def test_profiles_of_past_days_that_show_it_go(
    tmp_path: Path, rule: ForgettingRule, going: list[str | None], staying: list[str | None]
) -> None:
    files = LocalFiles(tmp_path / "lake")
    shown_in_snapshot(files, [*going, *staying])
    assert count_of_provenance(files, rule).rows == forget_provenance(files, rule).rows == len(going)
    left = [row["profile"] for name in files.below(CONTACT_STATE) for row in rows_of(files, name)]
    assert left == staying


def shown_in_snapshot(files: Files, profiles: list[str | None]) -> None:
    """A snapshot of a past day has these profiles, of `a`, `b` and so on."""
    many = len(profiles)
    rows = {"contact_id": [*"abcdef"[:many]], "version": [1] * many, "profile": profiles}
    table = pa.table(
        [pa.array(rows.get(field.name, [None] * many), field.type) for field in CONTACT_STATE_SCHEMA],
        schema=CONTACT_STATE_SCHEMA,
    )
    writer = SnapshotWriter(files, "2012-02-22", NOW)
    with writer.file(CONTACT_STATE) as add:
        add(table)
    writer.commit()
