"""A record as a row of the lake: every field in its column, and its bytes unchanged."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from events.json_types import JSON
from events.registry import MODELS
from sinks.lake.rows import Folder, fields_of, tables_of
from sinks.lake.schema import FIELDS, INTERACTIONS_SCHEMA
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
