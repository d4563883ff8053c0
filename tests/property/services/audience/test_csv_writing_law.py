"""A row stays one row, and no line of it begins a formula, to readers that know quotes and to those that do not."""

import csv
import io
import re

from hypothesis import given
from hypothesis import strategies as st

from streams.services.audience.csv_records import fields_of
from streams.services.audience.csv_writing import FORMULA, LINE_ENDS, csv_row, harmless_cell

_TRICKS = ["=1+1", "-", "@SUM(A1)", "+", "\t", '"', ",", ";", "-5", "+15551234567", "per5@example.org", " ", *LINE_ENDS]
CELLS = st.lists(st.sampled_from(_TRICKS) | st.text(max_size=4), max_size=6).map("".join).filter(str.isprintable) | (
    st.lists(st.sampled_from(_TRICKS), max_size=6).map("".join)
)
ROWS = st.lists(CELLS, min_size=1, max_size=4)
MARKS = st.sampled_from([",", ";"])
_is_number = re.compile(r" *[+-]?[0-9]+([.,][0-9]+)? *").fullmatch


def begins_formula(text: str) -> bool:
    bare = text.strip(' "')
    return bare.startswith((*FORMULA, "\t")) and _is_number(bare) is None


@given(st.lists(ROWS, min_size=1, max_size=4), MARKS)
def test_rows_are_read_back_by_the_csv_module_and_by_ours(rows: list[list[str]], mark: str) -> None:
    written = [csv_row(row, mark) for row in rows]
    text = b"".join(written).decode(errors="surrogateescape")
    assert [*csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)] == rows
    assert [*csv.reader(text.splitlines(keepends=True), delimiter=mark, strict=True)] == rows
    assert [fields_of(row, mark=mark) for row in written] == rows


@given(ROWS, MARKS)
def test_no_line_of_a_harmless_row_begins_a_formula_to_a_reader_that_knows_no_quotes(row: list[str], mark: str) -> None:
    written = csv_row(map(harmless_cell, row), mark).decode(errors="surrogateescape")
    assert not any(begins_formula(part.rstrip()) for line in written.splitlines() for part in line.split(mark))


@given(CELLS)
def test_no_part_of_a_harmless_cell_begins_a_formula_where_another_mark_parts_columns(cell: str) -> None:
    lines = harmless_cell(cell).splitlines()
    assert not any(begins_formula(part) for line in lines for mark in ",;" for part in [line, *line.split(mark)[1:]])


@given(CELLS)
def test_a_harmless_cell_is_the_cell_with_quotes_before_some_of_its_parts(cell: str) -> None:
    made = harmless_cell(cell)
    assert made.replace("'", "") == cell.replace("'", "")
    assert harmless_cell(made) == made
