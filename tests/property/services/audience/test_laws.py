"""Laws of lists."""

import csv
import io
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from streams.services.audience import Audience, fields_of, open_audience
from streams.services.audience.csv_records import written_records
from streams.services.audience.header import nearest_by_one_letter

_WIDE_LINES = st.sampled_from(["-\na@x.org,-,-,-\n-", "-\na@x.org;-;-;-\n-"])
FIELDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12) | _WIDE_LINES
ROWS = st.lists(st.tuples(st.just("a@x.org"), FIELDS, FIELDS), max_size=12)
ENDS = st.sampled_from(["\n", "\r\n"])
GARBAGE = st.binary(min_size=1, max_size=30).filter(lambda line: not {*b"\r\n"} & {*line})


def rows_of(text: bytes) -> list[list[str] | None]:
    audience = open_audience(io.BytesIO(text))
    assert isinstance(audience, Audience)
    return [record.fields(3) for record in audience.records()]


def written(row: tuple[str, ...], end: str, mark: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, lineterminator=end).writerow(row)
    return out.getvalue().encode()


@given(ROWS, ENDS, st.sampled_from([",", ";"]))
def test_what_a_csv_writer_wrote_is_read_and_what_is_appended_as_well(
    rows: list[tuple[str, ...]], end: str, mark: str
) -> None:
    text = b"".join(written(row, end, mark) for row in [("email", "note", "more"), *rows])
    assert rows_of(text) == [list(row) for row in rows]
    audience = open_audience(io.BytesIO(text))
    assert isinstance(audience, Audience)
    wider = b"".join([audience.header_with(["u"]), *(record.with_columns(["v"]) for record in audience.records())])
    read = csv.reader(io.StringIO(wider.decode(), newline=""), delimiter=mark)
    assert [*read] == [["email", "note", "more", "u"], *([*row, "v"] for row in rows)]
    again = list(written_records(io.BytesIO(wider), mark))
    assert [record.fields(4) for record in again][1:] == [[*row, "v"] for row in rows]


@given(ROWS, ROWS, GARBAGE, ENDS)
def test_a_line_of_anything_costs_no_neighbour(
    before: list[tuple[str, ...]], after: list[tuple[str, ...]], garbage: bytes, end: str
) -> None:
    """It may be a row by accident, malformed or none at all; the others are there, in their order."""
    parts = [written(row, end) for row in [("email", "note", "more"), *before]]
    text = b"".join([*parts, garbage, end.encode(), *(written(row, end) for row in after)])
    found = rows_of(text)
    assert found[: len(before)] == [list(row) for row in before]
    assert found[len(found) - len(after) :] == [list(row) for row in after]
    assert len(found) - len(before) - len(after) in {0, 1}


LINES = st.lists(st.sampled_from([*'a,;"\r']) | st.text("ab\r", max_size=2), max_size=12).map("".join)


@given(LINES, st.sampled_from([",", ";"]))
def test_a_row_that_is_read_is_the_one_row_that_any_reader_finds_in_it(line: str, mark: str) -> None:
    fields = fields_of(f"{line}\n".encode(), mark=mark)
    if fields is not None and line.strip("\r"):
        for newline in ("", None):
            [found] = filter(None, csv.reader(io.StringIO(f"{line}\n", newline=newline), delimiter=mark))
            assert [each.replace("\r", "\n") for each in found] == [each.replace("\r", "\n") for each in fields]


@given(st.lists(st.binary(max_size=20), max_size=30), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_every_byte_of_a_file_comes_back_in_its_order(lines: list[bytes], end: bytes) -> None:
    """But for lines with nothing in them."""
    text = b"email,note,more\n" + end.join(lines)
    audience = open_audience(io.BytesIO(text))
    assert isinstance(audience, Audience)
    records = list(audience.records())
    kept = b"".join(record.raw for record in records)
    assert kept.split() == text.partition(b"\n")[2].split()
    assert [record.line for record in records] == sorted({record.line for record in records})


LETTERS = "abc"
words = st.text(LETTERS, min_size=1, max_size=6)


def one_away(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        yield from (word[:at] + letter + word[at:] for letter in LETTERS)
        yield word[:at] + word[at + 1 :]
        yield from (word[:at] + letter + word[at + 1 :] for letter in LETTERS)
        yield word[:at] + word[at : at + 2][::-1] + word[at + 2 :]


@given(words, st.data())
def test_a_word_that_is_one_letter_away_is_near_and_no_other_is(word: str, data: st.DataObject) -> None:
    other = data.draw(words | st.sampled_from([*one_away(word)]))
    near = other != word and other in one_away(word)
    assert nearest_by_one_letter(word, ["never", other]) == (other if near else None)
