"""Which columns of a row stay when its person is erased; and the same of snapshots."""

import pyarrow as pa
import pytest

from sinks.base import ContactChange
from sinks.lake.anonymised_rows import (
    KEPT_COLUMNS,
    KEPT_MONEY_COLUMNS,
    anonymise_interactions,
    remove_links,
    remove_profiles,
)
from sinks.lake.erasure_list import Erasures, erasure_of, trace_of
from sinks.lake.rows import tables_of
from sinks.lake.schema import COLUMNS, MORE
from sinks.lake.snapshots import links_table, profiles_table
from streams.domain.contact.identity.identity_assignment import trace_key
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

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
