"""Files that are imported."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from events.adapters.feed import Feed, RefusedElement
from events.adapters.mapping import parse_mapping
from events.envelope import Interaction
from events.interactions.base import Provenance
from events.refusal import Reason, Refusal
from streams.history.importing import file_items as made
from streams.history.importing import import_run, row_formats
from streams.history.importing.file_items import FileItem, ImportFormat, Unreadable, read_items
from streams.history.importing.import_run import (
    IMPORTS_FOLDER,
    ImportJournal,
    ImportProgress,
    RepeatedIds,
    fingerprint_of,
)
from streams.history.importing.row_formats import csv_rows
from tests.unit.events.adapters import fixtures_sendgrid
from tests.unit.events.adapters.test_rows import GIFTS
from tests.unit.packaging.dockerfile import ROOT

FEED = Feed("digital/tool", 1_764_100_000_000)
MAPPING = parse_mapping(
    """
name = "mail"
[[interactions]]
type = "email.opened"
time = { column = "at" }
act = ["id"]
[interactions.contact]
email = { column = "who" }
[interactions.data]
message_id = { column = "id" }
"""
)
ROWS = [{"id": f"m{number}", "at": "2025-11-24T16:00:00Z", "who": "ada@example.org"} for number in range(5)]
CSV = b"id,at,who\n" + b"".join(f"{row['id']},{row['at']},{row['who']}\n".encode() for row in ROWS)
JSONL = b"\n".join(orjson.dumps(row) for row in ROWS)
EVENTS = [fixture.body for name, fixture in fixtures_sendgrid.FIXTURES.items() if fixture.expected]


def read(path: Path, vendor: str, *, own: bool = True) -> list[FileItem]:
    return list(read_items(path, ImportFormat(vendor, FEED, MAPPING if own else None), lambda _: None))


def ids(found: list[FileItem]) -> list[str]:
    return [one.id for piece in found for one in piece.results if isinstance(one, Interaction)]


@pytest.mark.parametrize(
    "content",
    [
        *(CSV, b"\xef\xbb\xbf" + CSV, CSV.replace(b"\n", b"\r\n"), CSV.replace(b",", b";"), JSONL, JSONL + b"\n\n"),
        CSV.replace(b"who\n", b"who,Which? (housing; transport; schools; jobs)\n").replace(
            b".org\n", b".org,housing\n"
        ),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress])
def test_an_imported_table_in_any_format_gives_the_same_interactions(
    tmp_path: Path, content: bytes, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "plain").write_bytes(CSV)
    (tmp_path / "other").write_bytes(pack(content))

    found = read(tmp_path / "other", "generic")

    assert len(set(ids(found))) == len(ROWS)
    assert ids(found) == ids(read(tmp_path / "plain", "generic"))
    assert [piece.number for piece in found] == [*range(len(ROWS))]


def test_parquet_gives_the_same_interactions_as_csv(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(CSV)
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")

    assert ids(read(tmp_path / "rows.parquet", "generic")) == ids(read(tmp_path / "plain", "generic"))


@pytest.mark.parametrize(
    "content",
    [
        orjson.dumps(EVENTS),
        orjson.dumps(EVENTS, option=orjson.OPT_INDENT_2),
        b"\n".join(orjson.dumps(event) for event in EVENTS),
        orjson.dumps(EVENTS[:3]) + b"\n" + orjson.dumps(EVENTS[3:]),
        b"\xef\xbb\xbf" + b"\n".join(orjson.dumps(event) for event in EVENTS),
    ],
)
def test_stored_webhooks_in_any_form_give_the_same_interactions(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "events").write_bytes(content)

    assert len(ids(read(tmp_path / "events", "sendgrid", own=False))) == len(EVENTS)


def test_a_bad_first_line_of_an_imported_file_loses_no_other_line(tmp_path: Path) -> None:
    (tmp_path / "events").write_bytes(b"\n".join([b'{"event":', *(orjson.dumps(event) for event in EVENTS)]))

    found = read(tmp_path / "events", "sendgrid", own=False)

    assert len(ids(found)) == len(EVENTS)
    assert [one.element for piece in found for one in piece.results if isinstance(one, RefusedElement)] == [
        b'{"event":'
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_file_that_was_cut_short_is_not_taken_for_a_whole_one(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    whole = pack(orjson.dumps(EVENTS * 50, option=orjson.OPT_INDENT_2))
    (tmp_path / "events").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(Unreadable):
        read(tmp_path / "events", "sendgrid", own=False)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_table_that_was_cut_short_is_not_taken_for_a_whole_one(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    rows = "".join(f"m{number},2025-11-24T16:00:00Z,ada{number * 7919}@example.org\n" for number in range(5_000))
    whole = pack(b"id,at,who\n" + rows.encode())
    (tmp_path / "rows").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "twice").write_bytes(pack(CSV) + pack(b"m9,2025-11-24T16:00:00Z,ada@example.org\n"))

    with pytest.raises(Unreadable, match="cut short"):
        read(tmp_path / "rows", "generic")
    assert len(ids(read(tmp_path / "twice", "generic"))) == len(ROWS) + 1


@pytest.mark.parametrize(
    ("header", "wanted", "columns"),
    [
        ('email,"Which? (homes; trains; schools)"', [], ["email", "Which? (homes; trains; schools)"]),
        ('email,"Which? (homes; trains; schools)"', ["email"], ["email", "Which? (homes; trains; schools)"]),
        ("email,Which? (homes; trains; schools)", ["email"], ["email", "Which? (homes; trains; schools)"]),
        ('email;"Lesquels (logement, train, école)"', [], ["email", "Lesquels (logement, train, école)"]),
        ("email;Lesquels (logement, train, école)", ["email"], ["email", "Lesquels (logement, train, école)"]),
        ('"email";"gift, ""in"" euros, by month"', [], ["email", 'gift, "in" euros, by month']),
        ("id,a;b", ["a;b"], ["id", "a;b"]),
        ("id;a,b", ["a,b"], ["id", "a,b"]),
    ],
)
def test_what_parts_columns_is_not_told_by_what_stands_in_a_question(
    header: str, wanted: list[str], columns: list[str]
) -> None:
    """Forms call a column after its question, and quote there only what parts columns in their file."""
    found, _ = csv_rows([f"{header}\r\n".encode()], wanted)

    assert found == columns


def test_a_table_may_be_as_a_spreadsheet_on_windows_saves_it_in_france() -> None:
    """Column names and cells that are no UTF-8; a line that is UTF-8 stays so."""
    lines = ["Téléphone;Étiquette".encode("cp1252"), "06;bénévole".encode("cp1252"), "07;bénévole".encode(), b"08;\x81"]
    columns, rows = csv_rows([line + b"\r\n" for line in lines])
    assert columns == ["Téléphone", "Étiquette"]
    read = [row.cells for row in rows]
    assert read[:2] == [{"Téléphone": number, "Étiquette": "bénévole"} for number in ("06", "07")]
    assert read[2] == {"Téléphone": "08", "Étiquette": "\\x81"}


def test_a_stray_quote_takes_no_row_over_lines_with_it() -> None:
    lines = [b"a,b\n", b"5'11\",1\n", b"x,2\n", b'"over\n', b'lines",3\n', b"y,4\n"]

    _, rows = csv_rows(lines)

    assert [row.cells if isinstance(row.cells, Refusal) else row.cells["b"] for row in rows][1:] == ["2", "3", "4"]


def test_quotes_in_every_line_are_read_in_one_go() -> None:
    """Each line is looked at a few times, however many there are: counted, since a clock would lie."""
    looked = 0

    class Line(bytes):
        def count(self, *_: object) -> int:
            nonlocal looked
            looked += 1
            return bytes(self).count(b'"')

    many = 3_000
    _, rows = csv_rows([b"a,b\n", *(Line(b'x,5"\n' if number % 100 == 0 else b"x,5\n") for number in range(many))])

    assert sum(1 for _ in rows) == many
    assert looked <= 4 * many


def test_an_imported_json_object_may_span_many_lines(tmp_path: Path) -> None:
    (tmp_path / "event").write_bytes(orjson.dumps(EVENTS[0], option=orjson.OPT_INDENT_2))

    assert len(ids(read(tmp_path / "event", "sendgrid", own=False))) == 1


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        (b"m9,2025\n", 3),
        (b'm9,"2025-11-24T16:00:00Z,ada@example.org\n', 3),
        (b'm9,"a"b,ada@example.org\n', 3),
        (b"m9,\xff\xfe,ada@example.org\n", 3),
    ],
)
def test_a_bad_row_loses_no_other_row(tmp_path: Path, bad: bytes, line: int) -> None:
    lines = CSV.splitlines(keepends=True)
    (tmp_path / "rows").write_bytes(b"".join([*lines[:2], bad, *lines[2:]]))
    (tmp_path / "good").write_bytes(CSV)

    found = read(tmp_path / "rows", "generic")

    assert ids(found) == ids(read(tmp_path / "good", "generic"))
    [(at, refused)] = [(p.line, one) for p in found for one in p.results if isinstance(one, RefusedElement)]
    assert (at, refused.element) == (line, bad.rstrip(b"\n"))


@pytest.mark.parametrize(
    ("content", "vendor", "own", "word"),
    [
        (CSV, "sendgrid", False, "--mapping"),
        (CSV, "generic", False, "--mapping"),
        (CSV, "van", False, "Voter File VANID"),
        (b"", "generic", True, "at, id, who"),
        (b"id,at\n", "generic", True, "who"),
        (b"PAR1" + b"x" * 100, "generic", True, "damaged"),
        (CSV.replace(b"id,at,who", b"id,at,who,who"), "generic", True, "twice: who"),
        ("Courriel;Date\n".encode("utf-16"), "everyaction", False, "UTF-16 text: save it as CSV in UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_is_expected(
    tmp_path: Path, content: bytes, vendor: str, own: bool, word: str
) -> None:
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(Unreadable, match=word):
        read(tmp_path / "file", vendor, own=own)


@given(st.binary(max_size=200))
def test_any_bytes_become_csv_rows_and_no_byte_is_lost(content: bytes) -> None:
    lines = [b"a,b\n", *(line + b"\n" for line in content.split(b"\n"))]

    _, rows = csv_rows(lines)
    found = list(rows)

    kept = b"\n".join(row.raw for row in found)
    assert sorted(kept.replace(b"\r", b"").split()) == sorted(content.replace(b"\r", b"").split())
    assert all(isinstance(row.cells, Refusal) or len(row.cells) == 2 for row in found)


def limited(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Lines that may be no longer, so that no test needs a gigabyte."""
    for module, name in ((row_formats, "ROW_BYTES"), (made, "ROW_BYTES"), (made, "BODY_BYTES")):
        monkeypatch.setattr(module, name, most)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress])
@pytest.mark.parametrize("long", [b"x" * 1_000, b'"' * 1_001, b"m9,2025-11-24T16:00:00Z," + b" " * 900])
def test_a_too_long_row_loses_no_other_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: bytes, pack: Callable[[bytes], bytes]
) -> None:
    limited(monkeypatch, 300)
    lines = CSV.splitlines(keepends=True)
    (tmp_path / "rows").write_bytes(pack(b"".join([*lines[:2], long + b"\n", *lines[2:]])))
    (tmp_path / "good").write_bytes(CSV)

    found = read(tmp_path / "rows", "generic")

    assert ids(found) == ids(read(tmp_path / "good", "generic"))
    [(line, refused)] = [(p.line, one) for p in found for one in p.results if isinstance(one, RefusedElement)]
    assert (line, refused.refusal.reason, refused.element) == (3, Reason.TOO_LARGE, long[:301])


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("own", [True, False])
def test_a_too_long_object_loses_no_other_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool, place: int
) -> None:
    lines = [orjson.dumps(row) for row in (ROWS if own else EVENTS)]
    most = max(map(len, lines)) + 3  # of the mark at the start
    limited(monkeypatch, most)
    (tmp_path / "good").write_bytes(b"\n".join(lines))
    lines.insert(place, b'{"id":"' + b" " * most + b'"}')
    (tmp_path / "lines").write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines))
    vendor = "generic" if own else "sendgrid"

    found = read(tmp_path / "lines", vendor, own=own)

    assert ids(found) == ids(read(tmp_path / "good", vendor, own=own))
    [(line, refused)] = [(p.line, one) for p in found for one in p.results if isinstance(one, RefusedElement)]
    assert (line, refused.refusal.reason) == (place + 1, Reason.TOO_LARGE)


def test_an_array_over_many_lines_that_is_too_large_says_how_to_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, 300)
    (tmp_path / "events").write_bytes(orjson.dumps(EVENTS, option=orjson.OPT_INDENT_2))

    with pytest.raises(Unreadable, match="an object a line"):
        read(tmp_path / "events", "sendgrid", own=False)


@pytest.mark.parametrize(
    ("vendor", "pack"),
    [("generic", gzip.compress), ("sendgrid", zstandard.ZstdCompressor().compress)],
)
def test_a_line_of_300_megabytes_in_a_small_file_takes_little_memory(
    tmp_path: Path, vendor: str, pack: Callable[[bytes], bytes]
) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.write(pack(b'{"event":"'))
        for _ in range(300):
            file.write(pack(b" " * (1 << 20)))
        file.write(pack(b"\n" + b"\n".join(map(orjson.dumps, EVENTS)) + b"\n"))
    said = (
        "from tests.unit.history.importing.test_file_items import *\n"
        f"found = read(Path({str(tmp_path / 'file')!r}), {vendor!r}, own={vendor == 'generic'})\n"
        "[peak] = [line for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "print(len(found), int(peak.split()[1]) >> 10)"  # of this process alone: `ru_maxrss` begins with its parent's
    )

    ended = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, cwd=ROOT)

    count, peak_mb = map(int, ended.stdout.split())
    assert count >= len(EVENTS)
    assert peak_mb < 400


@pytest.mark.parametrize("element", [b"1", b"{}", b"[]"])
def test_an_array_of_more_elements_than_memory_should_hold_is_refused_with_the_cure(
    tmp_path: Path, element: bytes
) -> None:
    crowd = b"[\n" + b",".join([element] * (made.MOST_ELEMENTS + 2)) + b"]"
    (tmp_path / "crowd.json.gz").write_bytes(gzip.compress(crowd, 1))

    with pytest.raises(Unreadable, match="an object a line"):
        read(tmp_path / "crowd.json.gz", "sendgrid", own=False)


def journal(home: Path, content: bytes, name: str = "a.csv", vendor: str = "van", **how: str) -> ImportJournal:
    (home / name).write_bytes(content)
    mapping = parse_mapping(GIFTS.replace("gifts", how.get("mapping", "gifts")))
    said = Provenance.model_validate({"kind": how["provenance"]}) if "provenance" in how else None
    feed = Feed(how.get("source", "field/van"), 0, time_zone=how.get("time_zone", "UTC"), provenance=said)
    return ImportJournal(home, fingerprint_of(home / name, ImportFormat(vendor, feed, mapping)))


def test_an_imported_file_is_recognised_under_another_name(tmp_path: Path) -> None:
    journal(tmp_path, b"rows").write(ImportProgress(2_000))

    assert journal(tmp_path, b"rows", "b.csv").read() == ImportProgress(2_000)


AROUND = b"row\n" * 50_000


@pytest.mark.parametrize(
    "other",
    [
        {"content": AROUND + b"2" + AROUND},
        {"vendor": "p2p"},
        {"source": "digital/van"},
        {"mapping": "mended"},
        {"time_zone": "America/New_York"},
        {"provenance": "self"},
    ],
)
def test_a_file_that_is_corrected_or_read_otherwise_is_another_import(tmp_path: Path, other: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"content": AROUND + b"1" + AROUND}
    journal(tmp_path, **whole).write(ImportProgress(2_000, finished=True))

    assert journal(tmp_path, **whole | other).read() == ImportProgress()


def test_a_broken_import_journal_is_ignored(tmp_path: Path) -> None:
    one = journal(tmp_path, b"rows")
    one.write(ImportProgress(1))
    [record] = (tmp_path / IMPORTS_FOLDER).iterdir()
    record.write_bytes(b'{"done":')

    assert one.read() == ImportProgress()


def test_a_repeated_id_with_other_content_is_named_with_both_lines() -> None:
    repeated = RepeatedIds()
    for line, source, id_, content in (
        (1, "bank", "g-1", b"25"),
        (2, "bank", "g-1", b"250"),
        (3, "bank", "g-1", b"25"),
        (4, "shop", "g-1", b"250"),
        (5, "bank", "g-2", b"250"),
    ):
        repeated.see(line, source, id_, content)
    assert repeated.remarks() == ["line 2 repeats the id of line 1 with other content: only the first counts"]
    assert repeated.count == 1


def test_the_first_repeated_ids_are_named_and_all_are_counted() -> None:
    repeated = RepeatedIds()
    for line in range(1, import_run.MOST_SHOWN + 7):
        repeated.see(line, "bank", "g", str(line).encode())
    assert repeated.count == import_run.MOST_SHOWN + 5
    assert repeated.remarks()[-1] == "and 5 more lines that repeat an id with other content"
