"""What becomes of history, whatever it lies in: sent as it is, left out, or refused."""

from pathlib import Path

import duckdb
import fsspec
import orjson
import pytest
import zstandard
from pyarrow import parquet

from events.identifiers import Hasher
from events.json_types import JSON
from events.registry import topic_of
from events.topics import EMAIL_EVENTS, INTERACTIONS
from sinks.lake.erasure_list import add_erasures, erasure_of
from sinks.lake.files import LocalFiles, open_files
from sinks.lake.rows import tables_of
from sinks.lake.writer import LakeWriter
from streams.domain.contact.state import DEDUP_WINDOW_MS
from streams.history.importing.file_parts import AsItIs, Unreadable
from streams.history.importing.import_run import Report, Screen
from streams.history.lake.erasure import Told, erase_from_lake
from streams.history.lake.file_parts import meant, parts_of
from streams.history.lake.row_contacts import ERASED, NOBODYS
from streams.history.lake.selection import Selection
from streams.history.replay.history import History, pieces_of
from streams.history.replay.replay_run import show
from streams.history.replay.row_decisions import ERASURES, MARGIN, OLD
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW, event
from tests.unit.history.lake.lying import DAY, TOPIC_ID, lying, odd

ALL = Selection()
GIFT = lying(0, "donation.made", NOW - 900 * DAY, contact={"email": "ada@example.org"}, refcode="ü")


def history(path: Path, selection: Selection = ALL, *, erases: bool = False, now: int = NOW) -> History:
    return History(parts_of(str(path)), selection, "US", now, erases=erases)


def told(found: History) -> list[object]:
    judge = found.judge()
    parts = meant(found.parts, found.selection)
    return [result for part in parts for piece in pieces_of(part, judge) for result in piece.results]


def lake(folder: Path, *records: Fetched) -> Path:
    LakeWriter(LocalFiles(folder), TOPIC_ID).write(0, 0, len(records) - 1, records)
    return folder


def as_it_was(record: Fetched) -> AsItIs:
    return AsItIs(INTERACTIONS, record.key, record.value or b"", orjson.loads(record.value or b"")["type"])


def test_the_lake_goes_to_interactions_byte_for_byte(tmp_path: Path) -> None:
    assert told(history(lake(tmp_path, GIFT))) == [as_it_was(GIFT)]


def test_of_the_lake_only_what_is_meant(tmp_path: Path) -> None:
    sent, opened = lying(1, "email.sent", NOW - 2), lying(2, "email.opened", NOW - 1)
    lake(tmp_path, GIFT, sent, opened)

    assert told(history(tmp_path, Selection(since=NOW - 2, until=NOW - 1))) == [as_it_was(sent)]
    assert told(history(tmp_path, Selection(types=frozenset({"email.opened"})))) == [as_it_was(opened)]


def test_a_file_of_parquet_a_csv_and_json_lines_say_the_same(tmp_path: Path) -> None:
    [table] = tables_of([GIFT], TOPIC_ID).values()
    parquet.write_table(table, tmp_path / "gifts.parquet")
    duckdb.sql(f"COPY (FROM '{tmp_path}/gifts.parquet') TO '{tmp_path}/gifts.csv'")
    (tmp_path / "gifts.jsonl.zst").write_bytes(zstandard.compress((GIFT.value or b"") + b"\n"))

    for name in ("gifts.parquet", "gifts.csv", "gifts.jsonl.zst"):
        assert told(history(tmp_path / name)) == [as_it_was(GIFT)], name
    assert told(history(tmp_path)) == [as_it_was(GIFT)] * 3


def test_what_producers_say_goes_to_its_topic(tmp_path: Path) -> None:
    value = orjson.dumps(event("email.opened", contact={"contact_id": "c1", "phone": "+1 212 555 0100"}))
    bad = orjson.dumps(event("donation.made", amount=-1))
    (tmp_path / "said.jsonl").write_bytes(value + b"\n\n" + bad + b"\n{")

    first, *refused = told(history(tmp_path / "said.jsonl"))

    assert first == AsItIs(EMAIL_EVENTS, None, value, "email.opened")
    assert [getattr(each, "element", None) for each in refused] == [bad, b"{"]
    assert topic_of("email.opened") == EMAIL_EVENTS


def test_pairs_go_by_the_smaller_id(tmp_path: Path) -> None:
    pair: list[JSON] = ["b", Hasher([b"k"]).voter("NY:1")]
    command = lying(0, "contact.linked", NOW - DAY, contact_ids=pair, contact={"email": "ada@example.org"})
    (tmp_path / "x.jsonl").write_bytes(command.value or b"")

    assert told(history(tmp_path / "x.jsonl")) == [AsItIs(INTERACTIONS, b"b", command.value or b"", "contact.linked")]


def test_of_messages_only_the_last_week(tmp_path: Path) -> None:
    edge = NOW - DEDUP_WINDOW_MS + MARGIN
    at_it, before = lying(0, "email.sent", edge), lying(1, "email.sent", edge - 1)
    unsubscribed = lying(2, "email.unsubscribed", edge - 1)
    lake(tmp_path, at_it, before, unsubscribed)

    assert sorted(map(repr, told(history(tmp_path)))) == sorted(
        map(repr, [as_it_was(at_it), OLD, as_it_was(unsubscribed)])
    )


def test_nobody_who_was_erased_comes_back(tmp_path: Path) -> None:
    erasure = lying(0, "contact.erased", NOW - 2 * DAY)
    before = lying(1, "donation.made", NOW - 3 * DAY)
    after = lying(2, "donation.made", NOW - DAY)
    other = lying(3, "donation.made", NOW - 3 * DAY, contact={"contact_id": "c2"})
    late = lying(4, "donation.made", NOW - DAY, contact={"contact_id": "c2"})
    lake(tmp_path, erasure, before, after, other, late)
    add_erasures(LocalFiles(tmp_path), [erasure_of("c2", NOW - 2 * DAY)])

    kept_out = told(history(tmp_path))
    assert sorted(map(repr, kept_out)) == sorted(
        map(repr, [ERASURES, ERASED, ERASED, as_it_was(after), as_it_was(late)])
    )


def test_erasures_go_first_where_they_are_asked_for(tmp_path: Path) -> None:
    lake(tmp_path, lying(0, "contact.erased", NOW - 2 * DAY), lying(1, "donation.made", NOW - DAY))
    only = Selection(types=frozenset({"donation.made"}))
    report = Report(None)

    show(history(tmp_path, only, erases=True), report, Screen(lambda _: None, pytest.fail))

    assert dict(report.counts.interactions) == {"contact.erased": 1, "donation.made": 1}
    assert not report.counts.left_out


def test_a_lake_that_still_holds_erased_people_is_not_told_again(tmp_path: Path) -> None:
    command = lying(0, "contact.erased", NOW - 2 * DAY)
    lake(tmp_path, command, lying(1, "donation.made", NOW - DAY, contact={"email": "ada@example.org"}))
    files = LocalFiles(tmp_path)

    with pytest.raises(Unreadable, match=r"^1 erasures are not carried out in this lake yet.*`harmonia lake erase`"):
        show(history(tmp_path), Report(None), Screen(lambda _: None, pytest.fail))
    erase_from_lake(files, [], None)
    show(history(tmp_path), Report(None), Screen(lambda _: None, pytest.fail))

    of_another_name = Told(erasure_of("c2", NOW - DAY), "office/desk", "x")
    with pytest.raises(Unreadable, match=r"^1 erasures"):
        history(tmp_path).require_erased([of_another_name])
    erase_from_lake(files, [of_another_name], None)
    history(tmp_path).require_erased([of_another_name])


def test_who_hears_of_an_erasure_from_the_lake_goes_by_when_it_was_heard_there(tmp_path: Path) -> None:
    lake(tmp_path, lying(1, "contact.erased", NOW - 2 * DAY), lying(0, "donation.made", NOW - DAY))

    assert told(history(tmp_path, erases=True)) == [ERASED]


def test_what_the_lake_keeps_of_the_erased_is_nobodys(tmp_path: Path) -> None:
    lake(tmp_path, lying(0, "contact.erased", NOW - 2 * DAY))
    add_erasures(LocalFiles(tmp_path), [erasure_of("c1", NOW - 2 * DAY)])
    LakeWriter(LocalFiles(tmp_path), TOPIC_ID).write(0, 1, 1, [lying(1, "donation.made", NOW - 3 * DAY)])

    assert told(history(tmp_path, Selection(types=frozenset({"donation.made"})))) == [NOBODYS]


def test_what_is_no_interaction_is_refused(tmp_path: Path) -> None:
    lake(tmp_path, odd(0, b"no"), odd(1, None))
    report = Report(None)

    show(history(tmp_path), report, Screen(lambda _: None, pytest.fail))

    assert dict(report.counts.refused) == {"not_json": 2}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.csv", b"a,b\n1,2\n", "not there: fragment, event"),
        ("x.parquet", b"PAR1 and no more", "cut short"),
        ("x.jsonl.zst", zstandard.compress(b"{}\n" * 99)[:-3], "cut short"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_to_be_so(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(Unreadable, match=why):
        told(history(tmp_path / name))


def test_an_empty_folder_is_no_history(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="there is nothing"):
        parts_of(str(tmp_path))


def test_a_uri_may_name_a_lake_a_folder_or_a_file() -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/replayed/some/said.jsonl", GIFT.value)
    LakeWriter(open_files("memory://replayed/lake"), TOPIC_ID).write(0, 0, 0, [GIFT])

    for place in ("memory://replayed/some/said.jsonl", "memory://replayed/some", "memory://replayed/lake"):
        assert told(History(parts_of(place), ALL, "US", NOW)) == [as_it_was(GIFT)], place
    with pytest.raises(Unreadable, match="there is nothing"):
        parts_of("memory://replayed/some/other.jsonl")


def test_a_part_is_known_again_by_what_is_in_it_and_what_of_it_is_meant(tmp_path: Path) -> None:
    for name, content in (("a.jsonl", b"{}"), ("b.jsonl", b"{}"), ("c.jsonl", b"{ }")):
        (tmp_path / name).write_bytes(content)

    same, too, other = parts_of(str(tmp_path))

    assert same.fingerprint(ALL) == too.fingerprint(ALL) != other.fingerprint(ALL)
    assert same.fingerprint(ALL) != same.fingerprint(Selection(since=NOW))
