"""What lies at a path, row by row: the lake, a folder, or a file of Parquet, JSON lines or CSV.

Of Parquet and CSV two columns are read: `fragment` and `event`, as the lake has them, and of Parquet `appended_at` if
it is there as the lake has it. The record's bytes say the rest.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import zstandard
from pyarrow.parquet import ParquetFile

from events.refusal import Reason, Refusal
from sinks.lake.files import Files
from sinks.lake.schema import COLUMNS
from streams.history.importing.file_parts import Unreadable
from streams.history.importing.lines import ROW_BYTES, first_line, lines_of
from streams.history.importing.opening import open_unpacked
from streams.history.importing.row_formats import csv_rows, json_rows

FRAGMENT, EVENT, APPENDED_AT = "fragment", "event", "appended_at"
_NEEDED = [FRAGMENT, EVENT]
_MAGIC = b"PAR1"
_ROWS_AT_ONCE = 5_000
_BOM = b"\xef\xbb\xbf"
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError, pa.ArrowException)
_escaped = re.compile(rb"\\x([0-9A-Fa-f]{2})")


class Row(NamedTuple):
    """`value`: an event's bytes, or why there are none in `raw`.

    `line`: where, from 1. `of_lake`: it is one of the lake's, which names its `fragment`; of JSON lines only its event
    can tell. `appended_at`: when the broker got it (ms), where that is known.
    """

    line: int
    raw: bytes
    value: bytes | Refusal | None
    fragment: str | None = None
    of_lake: bool = True
    appended_at: int | None = None

    @property
    def is_nobodys(self) -> bool:
        """Whether it is what the lake keeps of an erased person: the money, and neither fragment nor bytes."""
        return self.of_lake and self.value is None and self.fragment is None


def rows_of(files: Files, name: str) -> Iterator[Row]:
    """Every row of a file, in its order. Raises `Unreadable`, and OSError."""
    with _plainly(), files.open(name) as file:
        start = file.read(len(_MAGIC))
        file.seek(0)
        if start == _MAGIC:
            yield from _parquet(file)
            return
        first = first_line(open_unpacked(file), ROW_BYTES).strip().removeprefix(_BOM).lstrip()
        file.seek(0)
        yield from _json(open_unpacked(file)) if first[:1] == b"{" else _csv(open_unpacked(file))


def count_of(files: Files, name: str) -> int | None:
    """How many rows a file has, where that can be told without reading it. Raises as `rows_of`."""
    with _plainly(), files.open(name) as file:
        start = file.read(len(_MAGIC))
        file.seek(0)
        return int(ParquetFile(file).metadata.num_rows) if start == _MAGIC else None


@contextmanager
def _plainly() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise Unreadable("is damaged or was cut short: get it anew, and give that") from error


def _parquet(file: BinaryIO) -> Iterator[Row]:
    opened: Any = ParquetFile(file)
    _require(opened.schema_arrow.names)
    columns = [*_NEEDED, *([APPENDED_AT] if _tells_when(opened.schema_arrow) else [])]
    line = 0
    for batch in opened.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
        times = batch[APPENDED_AT].cast(pa.int64()).to_pylist() if APPENDED_AT in columns else [None] * len(batch)
        for fragment, event, came in zip(batch[FRAGMENT].to_pylist(), batch[EVENT].to_pylist(), times, strict=True):
            line += 1
            value = event.encode() if isinstance(event, str) else event
            yield Row(line, value or b"", value, fragment, appended_at=came)


def _tells_when(schema: pa.Schema) -> bool:
    return APPENDED_AT in schema.names and schema.field(APPENDED_AT).type == COLUMNS[APPENDED_AT]


def _json(file: BinaryIO) -> Iterator[Row]:
    for row in json_rows(lines_of(file, ROW_BYTES)):
        yield Row(row.line, row.raw, row.cells if isinstance(row.cells, Refusal) else row.raw, of_lake=False)


def _csv(file: BinaryIO) -> Iterator[Row]:
    columns, rows = csv_rows(lines_of(file, ROW_BYTES))
    _require(columns)
    for row in rows:
        if isinstance(row.cells, Refusal):
            yield Row(row.line, row.raw, row.cells)
            continue
        fragment, event = (str(row.cells[name]) for name in _NEEDED)
        yield Row(row.line, row.raw, _unescaped(event) if event else None, fragment or None)


def _require(columns: list[str]) -> None:
    if lacking := [name for name in _NEEDED if name not in columns]:
        raise Unreadable(
            f"must have the lake's columns; not there: {', '.join(lacking)}. `harmonia import` reads what tools export"
        )


def _unescaped(text: str) -> bytes:
    r"""DuckDB writes bytes that are no printable ASCII as `\x..`, which JSON itself never has."""
    return _escaped.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())


NOTHING = Refusal(Reason.NOT_JSON, "event: must be one JSON object")
"""Of a row without bytes."""
