"""Splits CSV into rows so that a malformed one costs no neighbour, and appends columns to rows as they were written.

To the csv module a quote that is never closed swallows the rest of the file. Here a row continues over line ends only
while that can be right: for a few lines, none of which is a whole row by itself, and if the result has the width of the
header. Else its first line alone is malformed, and the next line begins a row.

Fields are parted by commas or, as spreadsheets do where the comma is in numbers, by semicolons: by what the header
tells. What is appended is parted by the same.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from streams.history.importing.column_marks import COMMA
from streams.services.audience.csv_writing import csv_field, csv_row, harmless_cell

MOST_LINES = 20
"""Lines that one row may span: an address has four, a note a few more."""
LINE_BYTES = 1 << 20
"""A longer line is malformed: it must not fill the memory."""
MOST_LIST_BYTES = 512 << 20
"""The longest list that a server takes, as CSV."""
MOST_JUDGED_BYTES = 1 << 30
"""What a server writes of a list at most: its rows, each with what is said of it."""


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """One CSV row as it was written, with its line end, and the number of its first line, from 1.

    `broken`: no end of the row can be told, or a line of it is too long. `mark` parts its fields.
    """

    line: int
    raw: bytes
    broken: bool = False
    mark: str = COMMA

    def fields(self, width: int) -> list[str] | None:
        """Its fields; None when it is malformed, or has not `width`."""
        return None if self.broken else fields_of(self.raw, width, self.mark)

    def with_columns(self, columns: Sequence[str]) -> bytes:
        """The row with columns appended."""
        return with_columns(self.raw, columns, self.mark)

    def malformed_with_columns(self, width: int, columns: Sequence[str] = ()) -> bytes:
        """A malformed row with columns appended: all its text is one harmless cell, the first of `width`."""
        body, end = split_line_end(self.raw)
        text = harmless_cell(body.decode(errors="surrogateescape"))
        return csv_row([text, *[""] * (width - 1), *columns], self.mark, end)

    def harmless(self, width: int) -> bytes:
        """The row with harmless cells, for whoever opens it in a spreadsheet."""
        fields = self.fields(width)
        if fields is None:
            return self.malformed_with_columns(width)
        return csv_row(map(harmless_cell, fields), self.mark, split_line_end(self.raw)[1])


def records_in(file: BinaryIO, width: int, after: int = 0, mark: str = COMMA) -> Iterator[CsvRecord]:
    """The rows of a file from its position, which is behind line `after`. Empty lines are skipped.

    `width`: how many fields a row that spans several lines must have.
    """
    lines = _Lines(file, after)
    while (line := lines.next()) is not None:
        number, raw, broken = line
        if broken:
            yield CsvRecord(number, raw, broken=True, mark=mark)
        elif raw.count(b'"') % 2:
            whole = _gathered(lines, raw, width, mark)
            yield CsvRecord(number, whole or raw, broken=whole is None, mark=mark)
        elif raw.strip():
            yield CsvRecord(number, raw, mark=mark)


def written_records(file: BinaryIO, mark: str = COMMA) -> Iterator[CsvRecord]:
    """The rows of a file that was written here, each of them well-formed, from its position.

    A quote alone tells where a row ends. A line within a cell may be as wide as the rows, with the columns appended.
    """
    row, raw = 0, b""
    for number, line in enumerate(file, 1):
        row, raw = (row, raw + line) if raw else (number, line)
        if raw.count(b'"') % 2 == 0:
            yield CsvRecord(row, raw, mark=mark)
            raw = b""
    if raw:
        yield CsvRecord(row, raw, broken=True, mark=mark)


def in_chunks(records: Iterable[CsvRecord], most: int) -> Iterator[list[CsvRecord]]:
    """The rows, so many at once."""
    rest = iter(records)
    while chunk := list(islice(rest, most)):
        yield chunk


def fields_of(raw: bytes, width: int | None = None, mark: str = COMMA) -> list[str] | None:
    """The fields of a row; None when it is malformed, or has not `width`. Bytes that are no UTF-8 become surrogates."""
    fields = parted(raw.decode(errors="surrogateescape").rstrip("\r\n"), mark)
    return fields if fields is None or width is None or len(fields) == width else None


def parted(text: str, mark: str) -> list[str] | None:
    """The fields of a row without its line end; None when it is malformed.

    A carriage return outside quotes is malformed too: some readers begin a row there, of which nobody was judged.
    """
    if '"' not in text:
        return None if "\r" in text else text.split(mark)
    try:
        return next(csv.reader([text], delimiter=mark, strict=True), [])
    except csv.Error:
        return None


def split_line_end(raw: bytes) -> tuple[bytes, bytes]:
    """A row without its line end, and the line end: CRLF, or LF also where the last line has none."""
    return raw.rstrip(b"\r\n"), b"\r\n" if raw.endswith(b"\r\n") else b"\n"


class _Lines:
    """Reads numbered lines of a file, with push-back."""

    def __init__(self, file: BinaryIO, after: int) -> None:
        self._file = file
        self._number = after
        self._back: deque[tuple[int, bytes, bool]] = deque()

    def next(self) -> tuple[int, bytes, bool] | None:
        """Number, line, and whether it was cut off for its length; None at the end of the file."""
        if self._back:
            return self._back.popleft()
        line = self._file.readline(LINE_BYTES)
        if not line:
            return None
        self._number += 1
        cut = len(line) == LINE_BYTES and not line.endswith(b"\n")
        while cut and (more := self._file.readline(LINE_BYTES)) and not more.endswith(b"\n"):
            pass
        return self._number, line, cut

    def put_back(self, lines: list[tuple[int, bytes, bool]]) -> None:
        self._back.extendleft(reversed(lines))


def _gathered(lines: _Lines, first: bytes, width: int, mark: str) -> bytes | None:
    """A row that spans several lines; None, with the lines put back, when no end of it can be told."""
    taken: list[tuple[int, bytes, bool]] = []
    while len(taken) < MOST_LINES - 1 and (line := lines.next()) is not None:
        taken.append(line)
        _, raw, broken = line
        if broken:
            break
        if raw.count(b'"') % 2:
            whole = first + b"".join(one[1] for one in taken)
            if fields_of(whole, width, mark) is not None:
                return whole
            break
        if width > 1 and fields_of(raw, width, mark) is not None:
            break
    lines.put_back(taken)
    return None


def with_columns(raw: bytes, columns: Sequence[str], mark: str = COMMA) -> bytes:
    """A row with columns appended."""
    body, end = split_line_end(raw)
    return body + mark.join(["", *(csv_field(each, mark) for each in columns)]).encode() + end
