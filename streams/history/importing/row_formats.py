"""Reads rows of tables from CSV, JSON lines and Parquet, each with its bytes.

A row of CSV may span lines while its quotes are open. A quote that is never closed costs only its own line: the next
line begins a new row. Columns are parted by commas, or by the semicolons that spreadsheets write in France and wherever
else a comma is that of decimals: by what line 1 tells. Text is UTF-8, and a line that is none is Windows-1252.
"""

import csv
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from events.fields import MAX_RECORD_BYTES
from events.json_types import JSON
from events.refusal import Reason, Refusal
from streams.history.importing.column_marks import mark_of
from streams.history.importing.file_lines import ROW_BYTES, is_too_long, start_of, too_long

_BOM = b"\xef\xbb\xbf"
_ROWS_AT_ONCE = 10_000
_BAD_ROW = Refusal(Reason.MALFORMED_ROW, "row: must have as many columns as line 1, with its quotes closed")
_BAD_LINE = Refusal(Reason.NOT_JSON, "line: must be one JSON object")
_TOO_LONG = too_long(ROW_BYTES)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row. `cells`: by column, or why there are none. `raw`: its bytes without the line end. `line`: from 1."""

    line: int
    raw: bytes
    cells: Mapping[str, JSON] | Refusal


def csv_rows(lines: Iterable[bytes], wanted: Collection[str] = ()) -> tuple[list[str], Iterator[TableRow]]:
    """The header's columns and the rows after it. No header: no columns, no rows.

    `wanted`: columns that it should name, which helps to tell what parts them.
    """
    numbered = enumerate(lines, start=1)
    _, first = next(numbered, (0, b""))
    header = first.removeprefix(_BOM).rstrip(b"\r\n")
    mark = mark_of(_text(header), _parted, lambda names: len({*wanted}.intersection(map(str.strip, names))))
    columns = [name.strip() for name in _cells(header, mark) or []]
    return columns, _rows(columns, mark, numbered)


def _rows(columns: list[str], mark: str, numbered: Iterator[tuple[int, bytes]]) -> Iterator[TableRow]:
    """Each row once. Where several lines make no row together, the first is refused, and the others are read again."""
    waiting: deque[tuple[int, bytes]] = deque()
    while lines := _until_closed(waiting, numbered):
        row = _row(columns, mark, lines[0][0], b"".join(part for _, part in lines).rstrip(b"\r\n"))
        if len(lines) > 1 and isinstance(row.cells, Refusal):
            waiting.extendleft(reversed(lines[1:]))
            row = TableRow(lines[0][0], lines[0][1].rstrip(b"\r\n"), _BAD_ROW)
        if row.raw.strip():
            yield row


def _until_closed(waiting: deque[tuple[int, bytes]], numbered: Iterator[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Lines until no quote is open, or until they are too long for one row; none at the end of the file."""
    lines: list[tuple[int, bytes]] = []
    quotes = size = 0
    while size < MAX_RECORD_BYTES and (line := waiting.popleft() if waiting else next(numbered, None)):
        lines.append(line)
        quotes += line[1].count(b'"')
        size += len(line[1])
        if quotes % 2 == 0 or is_too_long(line[1], ROW_BYTES):
            break
    return lines


def _row(columns: list[str], mark: str, line: int, raw: bytes) -> TableRow:
    if is_too_long(raw, ROW_BYTES):
        return TableRow(line, start_of(raw), _TOO_LONG)
    cells = _cells(raw, mark)
    if cells is None or len(cells) != len(columns):
        return TableRow(line, raw, _BAD_ROW)
    return TableRow(line, raw, dict(zip(columns, cells, strict=True)))


def _cells(raw: bytes, mark: str) -> list[str] | None:
    return _parted(_text(raw), mark)


def _text(raw: bytes) -> str:
    """The text of a line. What is no UTF-8 is as Windows writes it in Western Europe, where spreadsheets save so."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="backslashreplace")


def _parted(text: str, mark: str) -> list[str] | None:
    try:
        return next(csv.reader([text], delimiter=mark, strict=True), [])
    except csv.Error:
        return None


def json_rows(lines: Iterable[bytes]) -> Iterator[TableRow]:
    """A row for each line that is not blank."""
    for line, raw in enumerate(lines, start=1):
        if is_too_long(raw, ROW_BYTES):
            yield TableRow(line, start_of(raw), _TOO_LONG)
            continue
        if not (raw := raw.removeprefix(_BOM).strip()):
            continue
        try:
            read: JSON = orjson.loads(raw)
        except orjson.JSONDecodeError:
            read = None
        yield TableRow(line, raw, read if isinstance(read, dict) else _BAD_LINE)


def parquet_rows(path: Path) -> tuple[list[str], Iterator[TableRow]]:
    """The columns of a Parquet file and its rows, some thousands in memory at once; times become RFC 3339."""
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415 (no other file needs it, and it takes a second)

    file: Any = ParquetFile(path)
    return list(file.schema_arrow.names), _of_batches(file)


def _of_batches(file: Any) -> Iterator[TableRow]:
    line = 0
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
        for cells in batch.to_pylist():
            line += 1
            raw = orjson.dumps(cells, default=str, option=orjson.OPT_UTC_Z)
            yield TableRow(line, raw, orjson.loads(raw))
