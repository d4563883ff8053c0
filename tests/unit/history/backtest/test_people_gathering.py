"""Linked fragments are one person, and counts of parts add up to those of the whole."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from sinks.lake.files import LocalFiles
from sinks.lake.rows import tables_of
from sinks.lake.snapshots import CONTACT_LINKS, SnapshotWriter
from sinks.lake.writer import LakeWriter
from streams.domain.pressure import default_policy
from streams.history.backtest.backtest_run import BacktestOptions, BacktestResult, backtest, end_of
from streams.history.backtest.person_facts import person_facts
from streams.history.backtest.tally import CellKey
from streams.history.backtest.touch_history import TimeSpan
from streams.history.refold.contact_rows import histories
from streams.history.refold.lake_source import NEEDED
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record
from tests.unit.worker.agents.contacts.interaction_records import HASHER

ORDERS = BacktestOptions(default_policy(), default_policy())


def lake(folder: Path, *records: Fetched) -> str:
    LakeWriter(LocalFiles(folder), TOPIC_ID).write(0, 0, len(records) - 1, records)
    return str(folder)


def linked(folder: Path, absorbed: str, survivor: str) -> None:
    writer = SnapshotWriter(LocalFiles(folder), "2012-02-22", NOW)
    with writer.file(CONTACT_LINKS) as add:
        add(pa.table({"contact_id": [absorbed], "version": [1], "merged_into": [survivor]}))
    assert writer.commit() is not None


def test_a_backtest_judges_linked_fragments_as_one_person(tmp_path: Path) -> None:
    gift = topic_record(0, "donation.made", NOW - 2 * DAY, contact={"email": "ada@example.org"})
    text = topic_record(1, "text.sent", NOW - DAY, contact={"phone": "+1 212 555 0100"})
    after = topic_record(2, "donation.made", NOW, contact={"email": "ada@example.org"}, donation_id="x:2")
    place = lake(tmp_path / "lake", gift, text, after)
    apart = backtest(place, ORDERS, tmp_path / "apart", 1)
    email, phone = HASHER.email("ada@example.org"), HASHER.phone("+1 212 555 0100")
    assert email is not None
    assert phone is not None

    linked(tmp_path / "lake", phone, email)
    together = backtest(place, ORDERS, tmp_path / "together", 1)

    assert (apart.linked, together.linked) == (False, True)
    assert apart.tally.cell(CellKey("new", "reason", "unknown_contact", "deny")).gave == 0
    assert together.tally.cell(CellKey("new", "reason", "unknown_address", "deny")).gave == 1


def test_a_backtest_ends_with_the_lakes_last_day_and_counts_touches_whose_window_is_open(tmp_path: Path) -> None:
    place = lake(
        tmp_path / "lake", topic_record(0, "email.sent", NOW - 9 * DAY), topic_record(1, "text.sent", NOW - DAY)
    )
    orders = BacktestOptions(default_policy(), default_policy(), TimeSpan(), end=end_of(place))

    result = backtest(place, orders, tmp_path / "spills", 1)

    assert orders.end == NOW // DAY * DAY
    assert (result.sends, result.open) == (2, 1)


def test_a_backtest_counts_the_same_with_several_processes() -> None:
    people = [
        [
            topic_record(3 * at, "email.sent", NOW - 3 * DAY, contact={"contact_id": who}, message_id=f"m{at}"),
            topic_record(3 * at + 1, "donation.made", NOW - DAY, contact={"contact_id": who}, donation_id=f"d:{at}"),
        ]
        for at, who in enumerate(("c0", "c1", "c2", "c3"))
    ]

    def counted(records: list[Fetched]) -> BacktestResult:
        result = BacktestResult()
        rows = pa.concat_tables(tables_of(records, TOPIC_ID).values()).select(list(NEEDED))
        for history in histories(rows.to_batches()):
            result.take(history.contact_id, list(person_facts(history, linked=False)), ORDERS)
        return result

    def cells(result: BacktestResult) -> dict[CellKey, tuple[object, ...]]:
        found = result.tally.cells.items()
        return {place: (cell.touches, cell.people, cell.gave, cell.gifts, list(cell.drawn)) for place, cell in found}

    whole, parts = counted([record for person in people for record in person]), BacktestResult()
    for person in people:
        parts.add(counted(person))

    assert cells(parts) == cells(whole)
    assert (parts.people, parts.sends, parts.rows) == (whole.people, whole.sends, whole.rows) == (4, 4, 8)


def test_a_backtest_of_a_folder_without_dates_has_no_end(tmp_path: Path) -> None:
    [table] = tables_of([topic_record(0, "email.sent", NOW - DAY)], TOPIC_ID).values()
    parquet.write_table(table, tmp_path / "some.parquet")

    assert end_of(str(tmp_path)) is None
