"""Cells that a spreadsheet would compute are made harmless; what identifies somebody stays as it is."""

import pytest

from streams.services.audience.spreadsheet_cells import harmless_row


@pytest.mark.parametrize(
    ("row", "harmless"),
    [
        (b"=1+1,a@example.org\n", b"'=1+1,a@example.org\n"),
        (b"a,@SUM(A1)\r\n", b"a,'@SUM(A1)\r\n"),
        (b'"=HYPERLINK(""http://x"",""y"")",b\n', b'"\'=HYPERLINK(""http://x"",""y"")",b\n'),
        (b"  =1,b\n", b"'  =1,b\n"),
        (b"\t=1,b\n", b"'\t=1,b\n"),
        (b"-2+3,b\n", b"'-2+3,b\n"),
        ("＝1,b\n".encode(), "'＝1,b\n".encode()),
        (b'"=1,never closed\n', b'"=1,never closed\n'),
    ],
)
def test_a_formula_becomes_text(row: bytes, harmless: bytes) -> None:
    assert harmless_row(row) == harmless


@pytest.mark.parametrize(
    ("row", "mark", "harmless"),
    [
        (b'a@x.org,Ada;=HYPERLINK("x")\n', ",", b'a@x.org,"Ada;\'=HYPERLINK(""x"")"\n'),
        (b"a@x.org;Ada, =1+1\n", ";", b"a@x.org;Ada, '=1+1\n"),
        (b"a;-12,5;0612, +33613\n", ";", b"a;-12,5;0612, +33613\n"),
    ],
)
def test_what_is_a_formula_where_the_other_mark_parts_columns_becomes_text(
    row: bytes, mark: str, harmless: bytes
) -> None:
    assert harmless_row(row, mark) == harmless


def test_a_formula_becomes_text_where_fields_are_parted_by_semicolons() -> None:
    assert harmless_row(b"a;=1+1;3,5\n", ";") == b"a;'=1+1;3,5\n"


@pytest.mark.parametrize("row", [b"+15551234567,a\n", b"-3.5,a\n", b"van.17,a@example.org\n", b'"a, b",c\n', b"\n"])
def test_what_is_no_formula_stays_as_it_was_written(row: bytes) -> None:
    assert harmless_row(row) == row
