"""Files of before."""

from pathlib import Path
from typing import Any

import fsspec
import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import zstandard
from pyarrow import parquet

from events.harmonised import harmonise
from events.json_types import JSON
from events.provenance_rules import ForgettingRule, ProvenanceRule, PurposeRule
from events.purpose_wall import Wall
from events.times import render_time
from sinks.lake.duckdb_views import ask_lake
from sinks.lake.erasure_list import add_erasures, erasure_of, read_erasures
from sinks.lake.files import Files, LocalFiles, RemoteFiles, new_name
from sinks.lake.forgotten_provenance import count_of_provenance, forget_provenance
from sinks.lake.manifests import INTERACTIONS
from sinks.lake.rows import tables_of
from sinks.lake.snapshots import CONTACT_STATE, CONTACT_STATE_SCHEMA, SnapshotWriter
from sinks.lake.writer import LakeWriter
from streams.history.importing.import_run import ImportReport
from streams.history.lake.input_files import Selection, input_files_at
from streams.history.lake.old_files import OldFiles, import_old_files
from streams.history.lake.row_reading import BEFORE_ERASURE
from streams.history.refold.buckets import sort_history
from streams.history.refold.fold_files import fold_history
from streams.platform.errors import LakeStopped
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW, accepted
from tests.unit.history.lake.lake_rows import rows_in_folders, rows_of
from tests.unit.history.lake.old_files import ADDRESS, ALL, EMAIL, MANY, SILENT, imported, json_lines, old_event
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record
from tests.unit.worker.agents.contacts.interaction_records import HASHER

THEN = NOW - 200 * DAY
MAIL = old_event("1", "email.sent", THEN)
GIFT = old_event("2", "donation.made", THEN + DAY)
RAW = b"example.org"


def in_lake(files: LocalFiles) -> list[dict[str, Any]]:
    return sorted(
        (row for name in files.below(INTERACTIONS) for row in rows_of(files, name)), key=lambda row: str(row["time"])
    )


def harmonised(said: dict[str, JSON], at: int, offset: int = 0) -> Fetched:
    """As it is in the topic once intake has had it."""
    key, value = harmonise(accepted(said), HASHER)
    return Fetched(offset, value, key.encode(), timestamp=at, partition=0)


def folded(files: LocalFiles, folder: Path) -> dict[str, Any]:
    gathered = sort_history(files.address(""), folder / "sorted")
    fold_history(files.address(""), gathered, folder / "folded")
    rows = parquet.read_table(folder / "folded" / "contact_state").to_pylist()
    return {row["contact_id"]: orjson.loads(row["profile"]) for row in rows}


def test_raw_events_are_hashed_on_import_and_appended_at_the_time_they_happened(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    told = imported(files, json_lines(tmp_path / "old.jsonl", [MAIL, GIFT]))

    assert dict(told.counts.interactions) == {"email.sent": 1, "donation.made": 1}
    mail, gift = in_lake(files)
    assert (mail["fragment"], mail["email"], mail["message_id"]) == (EMAIL, EMAIL, "m1")
    assert mail["appended_at"] == mail["time"]
    assert mail["event"] == harmonised(MAIL, THEN).value, "what intake would have written"
    assert (gift["offset"], gift["topic_id"].startswith("imported-")) == (1, True)
    assert not any(RAW in files.read(name) or ADDRESS.encode() in files.read(name) for name in files.below(""))


def test_parquet_csv_and_harmonised_files_import_the_same_rows(tmp_path: Path) -> None:
    [table] = tables_of([harmonised(MAIL, THEN)], TOPIC_ID).values()
    for name in ("parquet", "csv", "jsonl.zst", "raw.jsonl"):
        (tmp_path / name).mkdir()
    parquet.write_table(table, tmp_path / "parquet" / "x.parquet")
    pa_csv.write_csv(table.select(["fragment", "event"]), tmp_path / "csv" / "x.csv")
    (tmp_path / "jsonl.zst" / "x").write_bytes(zstandard.compress(harmonised(MAIL, THEN).value or b""))
    json_lines(tmp_path / "raw.jsonl" / "x", [MAIL])

    for name in ("parquet", "csv", "jsonl.zst", "raw.jsonl"):
        files = LocalFiles(tmp_path / f"lake-{name}")
        imported(files, tmp_path / name)
        [row] = in_lake(files)
        assert (row["event"], row["fragment"]) == (harmonised(MAIL, THEN).value, EMAIL), name


def test_rows_that_intake_would_refuse_are_not_imported(tmp_path: Path) -> None:
    kept = orjson.loads(harmonised(MAIL, THEN).value or b"")
    named = {**kept["data"]["contact"], "name": "Ada Lovelace"}
    half = {**kept, "data": {**kept["data"], "contact": {**named, "phone": "212 555 0199"}}}
    noisy = {**kept, "subject": ADDRESS, "data": {**kept["data"], "contact": named}}
    ahead = old_event("3", "email.sent", NOW + DAY)
    files = LocalFiles(tmp_path / "lake")

    told = imported(
        files,
        json_lines(tmp_path / "old.jsonl", [half, noisy, ahead, old_event("4", "donation.made", THEN, amount=-1)]),
    )

    assert dict(told.counts.refused) == {"invalid_data": 2, "time_in_future": 1}
    [row] = in_lake(files)
    assert row["event"] == harmonised(MAIL, THEN).value


def test_an_imported_copy_that_is_earlier_dates_no_interaction_of_the_topic(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    LakeWriter(files, TOPIC_ID).write(0, 0, 0, [harmonised(old_event("2", "donation.made", THEN), THEN)])
    imported(files, json_lines(tmp_path / "old.jsonl", [old_event("2", "donation.made", THEN - DAY)]))

    with ask_lake(files) as lake:
        [(time,)] = lake.sql("SELECT epoch_ms(time) FROM interactions_counted").fetchall()
    [profile] = folded(files, tmp_path).values()
    assert (time, profile["last_seen"]) == (THEN, render_time(THEN)), "as the workers have it"


def test_a_person_erased_by_a_command_in_one_old_file_is_imported_from_none(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    forgotten = old_event("3", "contact.erased", THEN + 2 * DAY, {"contact_id": "crm.ada", "email": ADDRESS})
    after = old_event("4", "donation.made", THEN + 3 * DAY, donation_id="fec:2")
    told = imported(files, json_lines(tmp_path / "b.jsonl", [forgotten, MAIL, GIFT, after]))
    imported(files, json_lines(tmp_path / "a.jsonl", [old_event("5", "email.sent", THEN, {"contact_id": "crm.ada"})]))

    assert told.counts.left_out[BEFORE_ERASURE.why] == 1
    assert [(row["id"], row["fragment"], row["amount"]) for row in in_lake(files)] == [
        ("2", None, 5000),
        ("4", EMAIL, 5000),
    ]
    assert {name: each["counts"] for name, each in folded(files, tmp_path).items()} == {EMAIL: {"donation.made": 1}}


def test_a_lake_is_not_imported_into_itself(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    imported(files, json_lines(tmp_path / "old.jsonl", [MAIL]))

    (tmp_path / "link").symlink_to(tmp_path / "lake")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file.parquet").symlink_to(tmp_path / "lake" / files.below(INTERACTIONS)[0])
    for name in (
        "lake",
        "link",
        "folder/../lake",
        "lake/interactions",
        "folder",
        f"lake/{files.below(INTERACTIONS)[0]}",
    ):
        with pytest.raises(LakeStopped, match="give other files"):
            imported(files, tmp_path / name)
    with pytest.raises(LakeStopped, match="give other files"):
        imported(LocalFiles(tmp_path / "link"), tmp_path / "lake")
    other = LocalFiles(tmp_path / "other")
    imported(other, tmp_path / "lake")
    assert [row["event"] for row in in_lake(other)] == [row["event"] for row in in_lake(files)]


def test_a_person_on_an_imported_lakes_erasure_list_is_imported_from_no_other_file(tmp_path: Path) -> None:
    files, another = LocalFiles(tmp_path / "lake"), LocalFiles(tmp_path / "another")
    imported(another, json_lines(tmp_path / "b.jsonl", [old_event("9", "email.sent", THEN, {"contact_id": "bob"})]))
    add_erasures(another, [erasure_of(EMAIL, THEN + 2 * DAY, THEN + 3 * DAY)])

    told = imported(files, tmp_path / "another", json_lines(tmp_path / "old.jsonl", [MAIL]))

    assert told.counts.left_out[BEFORE_ERASURE.why] == 1
    assert [row["id"] for row in in_lake(files)] == ["9"]
    assert read_erasures(files).received_until(EMAIL) == THEN + 3 * DAY


def test_a_lake_with_pending_erasures_is_not_imported(tmp_path: Path) -> None:
    files, another = LocalFiles(tmp_path / "lake"), LocalFiles(tmp_path / "another")
    forgotten = old_event("3", "contact.erased", THEN + 2 * DAY, {"contact_id": "crm.ada"})
    LakeWriter(another, TOPIC_ID).write(0, 0, 1, [harmonised(MAIL, THEN), harmonised(forgotten, NOW, 1)])

    with pytest.raises(LakeStopped, match=r"1 erasures are not carried out .* run `harmonia lake erase` there"):
        imported(files, tmp_path / "another")
    assert files.below("") == []


def test_an_imported_erasure_acts_when_the_broker_got_its_command_where_the_file_tells_it(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    forgotten = old_event("3", "contact.erased", THEN + 2 * DAY)
    [table] = tables_of([harmonised(forgotten, THEN + 5 * DAY)], TOPIC_ID).values()
    parquet.write_table(table, tmp_path / "x.parquet")
    meanwhile = old_event("5", "email.sent", THEN + 4 * DAY)

    told = imported(files, tmp_path / "x.parquet", json_lines(tmp_path / "old.jsonl", [meanwhile]))

    assert told.counts.left_out[BEFORE_ERASURE.why] == 1
    assert in_lake(files) == []


def test_a_lake_on_a_store_is_not_imported_into_itself(tmp_path: Path) -> None:
    system, root = fsspec.filesystem("memory"), f"/lake-{new_name()}"
    files, beside = RemoteFiles(system, root), RemoteFiles(system, f"{root}-2")
    imported(files, json_lines(tmp_path / "old.jsonl", [MAIL]))

    parts = [part for name in (root, f"{root}/interactions") for part in input_files_at(f"memory:/{name}")]
    for part in parts:
        with pytest.raises(LakeStopped, match="give other files"):
            import_old_files(files, OldFiles([part], ALL, HASHER, NOW), MANY, ImportReport(None), SILENT)
    import_old_files(beside, OldFiles(parts[:1], ALL, HASHER, NOW), MANY, ImportReport(None), SILENT)
    assert len(beside.below(INTERACTIONS)) == 1


def test_an_import_goes_by_the_same_purpose_wall_as_intake(tmp_path: Path) -> None:
    """Of what may say where it comes from; to any other type the word is an unknown field. Noes pass."""
    petition: dict[str, JSON] = {"provenance": {"kind": "petition"}}
    about: dict[str, JSON] = {"contact_id": "c1"}
    said = [
        old_event("gift", "donation.made", THEN, about, **petition),
        old_event("no", "consent.changed", THEN, about, channel="email", granted=False, **petition),
        old_event("stop", "email.unsubscribed", THEN, about, **petition),
        old_event("odd", "text.replied", THEN, about, provenance={"kind": ["petition"]}),
    ]
    files, report = LocalFiles(tmp_path / "lake"), ImportReport(None)
    again = [orjson.loads(harmonised({**each, "id": f"{each['id']} again"}, NOW).value or b"") for each in said]
    parts = input_files_at(str(json_lines(tmp_path / "old.jsonl", [*said, *again])))
    import_old_files(files, OldFiles(parts, ALL, HASHER, NOW, Wall({"petition"})), MANY, report, SILENT)
    assert dict(report.counts.refused) == {"refused_source": 2}
    names = {"no", "stop", "odd"}
    assert {row["id"] for row in in_lake(files)} == names | {f"{name} again" for name in names}


def test_rows_that_intake_took_before_fields_on_descent_were_refused_are_imported_without_them(tmp_path: Path) -> None:
    """A raw row is judged as intake would judge it today, and can be sent without the field."""
    gift = old_event("gift", "donation.made", THEN, lieu_de_naissance="Oran", remark="x")
    taken = orjson.loads(harmonised({**gift, "id": "taken"}, NOW).value or b"")
    files, report = LocalFiles(tmp_path / "lake"), ImportReport(None)
    parts = input_files_at(str(json_lines(tmp_path / "old.jsonl", [gift, taken])))
    wall = Wall(takes_descent=False)
    import_old_files(files, OldFiles(parts, ALL, HASHER, NOW, wall), MANY, report, SILENT)
    assert dict(report.counts.refused) == {"invalid_data": 1}
    [row] = in_lake(files)
    del taken["data"]["lieu_de_naissance"]
    assert orjson.loads(row["event"]) == taken


def test_imported_rows_are_never_appended_ahead_of_the_clock(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    imported(files, json_lines(tmp_path / "old.jsonl", [old_event("1", "email.sent", NOW + 1_000)]))

    [row] = in_lake(files)
    assert (row["time"] - row["appended_at"]).total_seconds() == 1


def test_only_selected_rows_are_imported(tmp_path: Path) -> None:
    files, file = LocalFiles(tmp_path / "lake"), json_lines(tmp_path / "old.jsonl", [MAIL, GIFT])
    imported(files, file, selection=Selection(types=frozenset({"donation.made"})))
    assert [row["id"] for row in in_lake(files)] == ["2"]

    imported(files, file, selection=Selection(until=THEN + 1))
    assert [row["id"] for row in in_lake(files)] == ["1", "2"]


ROLL: JSON = {"kind": "voter_list", "file": "rolls-2012"}
OTHER_ROLL: JSON = {"kind": "voter_list", "file": "rolls-2008"}
YESTERDAY = NOW - DAY
UNTIL = ProvenanceRule("voter_list", "rolls-2012", YESTERDAY)


@pytest.fixture
def lake(tmp_path: Path) -> Files:
    files = LocalFiles(tmp_path / "lake")
    said = [
        topic_record(0, "provenance.reported", YESTERDAY, provenance=ROLL),
        topic_record(1, "provenance.reported", YESTERDAY, provenance=OTHER_ROLL),
        topic_record(2, "provenance.reported", NOW, provenance=ROLL),
        topic_record(3, "donation.made", YESTERDAY, provenance=ROLL),
        topic_record(4, "donation.made", YESTERDAY),
        topic_record(5, "consent.changed", YESTERDAY, granted=False, provenance=ROLL),
        topic_record(6, "consent.changed", YESTERDAY, granted=True, provenance=ROLL),
        topic_record(7, "canvass.reported", YESTERDAY, outcome="do_not_contact", provenance=ROLL),
        topic_record(8, "canvass.reported", YESTERDAY, outcome="contacted", provenance=ROLL),
        topic_record(9, "email.opened", YESTERDAY),
        topic_record(10, "canvass.reported", YESTERDAY, outcome="wrong_number", provenance=ROLL),
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
        (UNTIL._replace(until=YESTERDAY - 1), []),
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
        topic_record(0, "form.submitted", YESTERDAY, provenance=signed),
        topic_record(1, "form.submitted", YESTERDAY, provenance={"kind": "self", "purpose": "newsletter"}),
        topic_record(2, "form.submitted", YESTERDAY, provenance={"kind": "self"}),
        topic_record(3, "form.submitted", NOW, provenance=signed),
        topic_record(4, "consent.changed", YESTERDAY, granted=True, purpose="petition-water"),
        topic_record(5, "consent.changed", YESTERDAY, granted=False, purpose="petition-water"),
        topic_record(6, "consent.changed", YESTERDAY, granted=False, provenance=signed),
        topic_record(7, "consent.changed", YESTERDAY, granted=True, purpose="newsletter"),
        topic_record(8, "donation.made", YESTERDAY, provenance=signed),
        topic_record(9, "email.sent", YESTERDAY, purpose="fundraising"),
    ]
    LakeWriter(files, TOPIC_ID).write(0, 0, 9, said)
    rule = PurposeRule("petition-WATER", YESTERDAY)

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
            PurposeRule("petition-water", YESTERDAY),
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
