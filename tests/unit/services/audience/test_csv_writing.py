"""The writer of CSV: a cell makes no row of its own, and a spreadsheet computes none of its lines."""

import re
from pathlib import Path

import pytest

from streams.services.audience import CsvRecord
from streams.services.audience.csv_writing import csv_row

ROOT = Path(__file__).parents[4]
_writes_csv = re.compile(r"\bcsv\.(writer|DictWriter)\b|from csv import").search


def harmless(row: bytes, width: int, mark: str = ",") -> bytes:
    return CsvRecord(2, row, mark=mark).harmless(width)


def test_a_row_of_one_empty_cell_is_not_an_empty_line() -> None:
    assert csv_row([""]) == b'""\n'


def test_bytes_that_are_no_utf8_are_written_as_they_were() -> None:
    assert csv_row(["Ren\udce9", "x"]) == b"Ren\xe9,x\n"


def test_a_denied_address_in_the_second_line_of_a_note_stays_in_the_note() -> None:
    assert harmless(b'a@example.org,"-\nper5@example.org"\n', 2) == b'a@example.org,"\'-\nper5@example.org"\n'


@pytest.mark.parametrize(
    ("row", "made"),
    [
        (b"=1+1,a@example.org\n", b"'=1+1,a@example.org\n"),
        (b"a,@SUM(A1)\r\n", b"a,'@SUM(A1)\r\n"),
        (b'"=HYPERLINK(""http://x"",""y"")",b\n', b'"\'=HYPERLINK(""http://x"",""y"")",b\n'),
        (b"  =1,b\n", b"'  =1,b\n"),
        (b"\t=1,b\n", b"'\t'=1,b\n"),
        (b'"""\t=1",b\n', b'"\'""\t\'=1",b\n'),
        (b"-2+3,b\n", b"'-2+3,b\n"),
        ("＝1,b\n".encode(), "'＝1,b\n".encode()),
        (b'a,"x\n=1+1"\n', b'a,"x\n\'=1+1"\n'),
        (b'a,"x\r@SUM(A1)\r\n-1"\n', b'a,"x\r\'@SUM(A1)\r\n-1"\n'),
        (b'a,"\n=1+1"\n', b"a,\"'\n'=1+1\"\n"),
        ("a,x\u2028=1+1\n".encode(), 'a,"x\u2028\'=1+1"\n'.encode()),
    ],
)
def test_a_formula_in_any_line_of_a_cell_becomes_text(row: bytes, made: bytes) -> None:
    assert harmless(row, 2) == made


@pytest.mark.parametrize(
    ("row", "mark", "made"),
    [
        (b'a@x.org,Ada;=HYPERLINK("x")\n', ",", b'a@x.org,"Ada;\'=HYPERLINK(""x"")"\n'),
        (b'a@x.org,"Ada;""=1+1"\n', ",", b'a@x.org,"Ada;""\'=1+1"\n'),
        (b"a@x.org,Ada;-2+3\n", ",", b"a@x.org,Ada;'-2+3\n"),
        (b"a@x.org,Ada;\t=1\n", ",", b"a@x.org,Ada;'\t'=1\n"),
        (b'a@x.org,"Ada;-2,5+3"\n', ",", b'a@x.org,"Ada;\'-2,5+3"\n'),
        (b"a@x.org;Ada, =1+1\n", ";", b"a@x.org;Ada, '=1+1\n"),
        (b"-12,5;0612, +33613\n", ";", b"-12,5;0612, +33613\n"),
        (b"a;=1+1\n", ";", b"a;'=1+1\n"),
        (b"a@x.org,Ada\t=1+1\n", ",", b"a@x.org,Ada\t'=1+1\n"),
        (b"a@x.org,Ada\t-5\n", ",", b"a@x.org,Ada\t-5\n"),
    ],
)
def test_a_part_of_a_cell_is_harmless_where_another_mark_parts_columns(row: bytes, mark: str, made: bytes) -> None:
    assert harmless(row, 2, mark) == made


@pytest.mark.parametrize("row", [b"+15551234567,a\n", b"-3.5,a\n", b"van.17,a@example.org\n", b'"a, b",c\n'])
def test_a_row_without_a_formula_stays_as_it_was_written(row: bytes) -> None:
    assert harmless(row, 2) == row


def test_a_row_that_cannot_be_read_is_one_harmless_cell() -> None:
    assert harmless(b'"=1,never closed\n', 2) == b'"\'""=1,never closed",\n'
    assert CsvRecord(2, b"=1\rper5@x.org,1,2\n").malformed_with_columns(2, ["deny"]) == (
        b'"\'=1\rper5@x.org,1,2",,deny\n'
    )


def test_every_row_of_csv_is_written_by_the_one_writer() -> None:
    """The csv module leaves a bare carriage return without quotes."""
    sources = [path for room in ("events", "sinks", "streams") for path in (ROOT / room).rglob("*.py")]
    assert len(sources) > 500
    assert [str(path.relative_to(ROOT)) for path in sources if _writes_csv(path.read_text())] == []
