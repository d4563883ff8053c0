"""A record as a row of the lake: its columns, which rows are selected, and what stays of an erased person."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa
import pytest

from events.json_types import JSON
from events.registry import MODELS
from sinks.base import ContactChange
from sinks.lake.anonymised_rows import (
    KEPT_COLUMNS,
    KEPT_MONEY_COLUMNS,
    anonymise_interactions,
    remove_links,
    remove_profiles,
)
from sinks.lake.erasure_list import Erasures, erasure_of, trace_of
from sinks.lake.rows import Folder, fields_of, tables_of
from sinks.lake.schema import COLUMNS, FIELDS, INTERACTIONS_SCHEMA, MORE
from sinks.lake.snapshots import links_table, profiles_table
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.history.lake.input_files import Selection, parse_moment, types_named
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record, unreadable_record
from tests.unit.worker.agents.contacts.interaction_records import HASHER

NAMED_ELSEWHERE = {
    "contact": "whom it is about has columns of its own",
    "team": "of the envelope",
    "experiment": "experiment_id, variant",
    "provenance": "provenance_kind, provenance_obtained_at, provenance_file, provenance_notice",
    "retracts": "retracts_source, retracts_id",
}


def row(record: Fetched) -> dict[str, Any]:
    [(_, table)] = tables_of([record], TOPIC_ID).items()
    [found] = table.to_pylist()
    return dict(found)


def test_a_gifts_fields_are_in_the_lake_columns_that_queries_read() -> None:
    gift = topic_record(
        7, "donation.made", donation_id="ab:1", amount=2500, currency="USD", refcode="spring", team="digital"
    )

    found = row(gift)

    assert found["topic_id"] == TOPIC_ID
    assert (found["partition"], found["offset"], found["fragment"]) == (0, 7, "c1")
    assert found["appended_at"] == datetime.fromtimestamp((NOW + 7) / 1000, UTC)
    assert found["time"] == datetime.fromtimestamp(NOW / 1000, UTC)
    assert (found["id"], found["source"], found["team"]) == ("i7", "digital/mailer", "digital")
    assert (found["donation_id"], found["amount"], found["currency"]) == ("ab:1", 2500, "USD")
    assert (found["refcode"], found["message_id"], found["named_contact_id"]) == ("spring", None, "c1")
    assert found["event"] == gift.value


def test_identifiers_in_lake_rows_are_the_hashes_that_intake_made() -> None:
    contact: dict[str, JSON] = {"email": "ada@example.org", "external": {"van": "1"}, "region": "US-NY"}

    found = row(topic_record(0, "email.sent", contact=contact))

    assert found["email"] == HASHER.email("ada@example.org")
    assert found["external"] == [("van", HASHER.external("van", "1"))]
    assert found["region"] == "US-NY"
    assert found["fragment"] == HASHER.external("van", "1")


def test_nested_fields_of_an_event_are_flat_lake_columns() -> None:
    arm: JSON = {"id": "x12", "variant": "B"}
    report = row(
        topic_record(0, "canvass.reported", experiment=arm, answers={"van:1": 3}, tags_added=["a", "b"], support=2)
    )
    retraction = row(topic_record(1, "interaction.retracted", retracts={"source": "s", "id": "1"}))
    linked = row(topic_record(2, "contact.linked"))
    roll: JSON = {"kind": "voter_list", "obtained_at": "2012-01-31T00:00:00Z", "file": "rolls-2012", "notice": "n1"}
    bought = row(topic_record(3, "provenance.reported", provenance=roll))

    assert (report["experiment_id"], report["variant"], report["support"]) == ("x12", "B", 2)
    assert (report["answers"], report["tags_added"], report["tags_removed"]) == ('{"van:1":3}', ["a", "b"], None)
    assert (retraction["retracts_source"], retraction["retracts_id"]) == ("s", "1")
    assert linked["contact_ids"] == ["a", "b"]
    flat = [bought[f"provenance_{name}"] for name in ("kind", "obtained_at", "file", "notice")]
    assert flat == ["voter_list", "2012-01-31T00:00:00.000Z", "rolls-2012", "n1"]


@pytest.mark.parametrize("type_", sorted(MODELS))
def test_every_field_of_every_type_has_a_lake_column(type_: str) -> None:
    said = set(MODELS[type_].model_fields) - set(NAMED_ELSEWHERE)

    assert said <= set(fields_of(type_))


def test_lake_rows_lie_in_folders_by_day_of_the_event_and_type() -> None:
    records = [topic_record(0), topic_record(1, at=NOW - DAY), topic_record(2, "donation.made"), topic_record(3)]

    found = tables_of(records, TOPIC_ID)

    assert {folder: table["offset"].to_pylist() for folder, table in found.items()} == {
        Folder("2012-02-22", "email.opened"): [0, 3],
        Folder("2012-02-21", "email.opened"): [1],
        Folder("2012-02-22", "donation.made"): [2],
    }
    assert all(table.schema.equals(INTERACTIONS_SCHEMA) for table in found.values())


ODD: list[bytes | None] = [
    None,
    b"",
    b"\xff\xfe",
    b"[1]",
    b"{",
    b"{}",
    b'{"type": ["a"], "time": 3, "id": 7, "data": []}',
    b'{"type": "contact.exploded", "time": "2012-02-21T00:00:00Z", "data": {"contact": 3}}',
    orjson.dumps({"type": "email.sent", "data": {"contact": {"external": [1], "email": {}}, "team": 3, "machine": 1}}),
    orjson.dumps({"type": "donation.made", "data": {"amount": "5", "instalment": 1.5, "experiment": "x"}}),
    orjson.dumps({"type": "canvass.reported", "data": {"support": 2**40, "tags_added": "ab", "tags_removed": [1]}}),
]


@pytest.mark.parametrize("value", ODD)
def test_an_unreadable_record_is_a_lake_row_with_its_bytes(value: bytes | None) -> None:
    found = row(unreadable_record(3, value))

    assert (found["event"], found["offset"]) == (value, 3)
    assert not [name for name in FIELDS if found[name] is not None]


def test_an_odd_record_changes_no_other_lake_row() -> None:
    strange = unreadable_record(
        1, orjson.dumps({"type": "donation.made", "time": "2012-02-22T10:00:00Z", "data": {"amount": True}})
    )

    [table] = tables_of(
        [topic_record(0, "donation.made"), strange, topic_record(2, "donation.made")], TOPIC_ID
    ).values()

    assert table["amount"].to_pylist() == [5000, None, 5000]


def test_an_unreadable_record_lies_in_the_folder_of_its_append_day() -> None:
    assert list(tables_of([unreadable_record(0, b"\xff", key=None)], TOPIC_ID)) == [Folder("2012-02-22", "other")]


# Which part of history is selected, and which files need not be opened for it.
MARCH = parse_moment("2012-03-01") or 0


def test_a_selection_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    day = Selection(MARCH, MARCH + DAY, frozenset({"email.sent"}))

    assert [day.takes("email.sent", at) for at in (MARCH - 1, MARCH, MARCH + DAY - 1, MARCH + DAY)] == [
        *(False, True, True, False)
    ]
    assert not day.takes("email.opened", MARCH)


@pytest.mark.parametrize(
    ("date", "type_", "may"),
    [
        ("2012-02-29", "", False),
        ("2012-03-01", "", True),
        ("2012-03-02", "", False),
        ("", "", True),
        ("2012-03-01", "donation.made", False),
        ("2012-03-01", "email.sent", True),
    ],
)
def test_folders_without_selected_rows_are_passed_over(date: str, type_: str, may: bool) -> None:
    selection = Selection(MARCH + 1, MARCH + 2, frozenset({"email.sent"}))

    assert selection.may_take(date, type_) is may


def test_types_are_selected_by_name_and_by_pattern() -> None:
    assert types_named(["donation.*,form.submitted", "email.sent"]) == {
        *("donation.made", "donation.refunded", "donation.charge_failed", "donation.pledge_cancelled"),
        *("form.submitted", "email.sent"),
    }
    with pytest.raises(ValueError, match=r"email\.snet"):
        types_named(["email.sent,email.snet"])


@pytest.mark.parametrize("text", ["yesterday", "2012-13-01", "2012-02-22T00:00:00", ""])
def test_a_selection_takes_no_time_without_an_offset(text: str) -> None:
    assert parse_moment(text) is None


# Which columns of a row stay when its person is erased; and the same of snapshots.
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
