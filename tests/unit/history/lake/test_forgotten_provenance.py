"""What is of one source or purpose is taken out of the lake, and nothing else is."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from events.json_types import JSON
from events.provenance_rules import ForgettingRule, ProvenanceRule, PurposeRule
from sinks.lake.files import Files, LocalFiles
from sinks.lake.forgotten_provenance import count_of_provenance, forget_provenance
from sinks.lake.snapshots import CONTACT_STATE, CONTACT_STATE_SCHEMA, SnapshotWriter
from sinks.lake.writer import LakeWriter
from tests.unit.events.records import NOW
from tests.unit.history.lake.lake_rows import rows_in_folders, rows_of
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

ROLL: JSON = {"kind": "voter_list", "file": "rolls-2012"}
OTHER_ROLL: JSON = {"kind": "voter_list", "file": "rolls-2008"}
THEN = NOW - DAY
UNTIL = ProvenanceRule("voter_list", "rolls-2012", THEN)


@pytest.fixture
def lake(tmp_path: Path) -> Files:
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


def forgotten(files: Files) -> list[int]:
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
    lake: Files, rule: ProvenanceRule, gone: list[int]
) -> None:
    before = count_of_provenance(lake, rule)
    assert forgotten(lake) == []
    done = forget_provenance(lake, rule)
    assert forgotten(lake) == gone
    assert (before, done.rows) == (done, len(gone))
    assert forget_provenance(lake, rule).rows == 0


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

    assert forgotten(files) == [0, 4, 8]
    assert (before, done.rows) == (done, 3)
    assert forget_provenance(files, rule).rows == 0
    assert forget_provenance(files, PurposeRule("fundraising", NOW)).rows == 0


@pytest.mark.parametrize("how", ["missing", "null"])
def test_rows_that_a_version_without_the_columns_wrote_go_by_their_event(lake: Files, how: str, tmp_path: Path) -> None:
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

    assert count_of_provenance(lake, UNTIL).rows == 4
    forget_provenance(lake, UNTIL)
    assert forgotten(lake) == [0, 3, 6, 8]
    assert count_of_provenance(lake, UNTIL._replace(file=None)).rows == 1


def test_of_a_gift_the_money_stays(lake: Files) -> None:
    forget_provenance(lake, UNTIL)
    rows = [row for name in lake.below("interactions") if "donation.made" in name for row in rows_of(lake, name)]
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
