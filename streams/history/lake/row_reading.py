"""Reads rows of lakes and of old files (Parquet, JSON lines, CSV), and whom the harmonised event of a row names.

Of Parquet and CSV two columns are read, `fragment` and `event`, as the lake has them, and of Parquet `appended_at` if
it is there with the lake's type. Everything else is taken from the event's bytes.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import zstandard

from events.adapters.feed import SkippedElement
from events.harmonised import Opened, open_harmonised
from events.identifiers import is_identity_hash, strongest
from events.json_types import JSON
from events.refusal import Reason, Refusal
from sinks.lake.files import Files
from sinks.lake.parquet import open_parquet
from sinks.lake.schema import COLUMNS
from streams.history.importing.file_items import Unreadable
from streams.history.importing.file_lines import ROW_BYTES, first_line, lines_of, open_unpacked
from streams.history.importing.row_formats import csv_rows, json_rows

FRAGMENT, EVENT, APPENDED_AT = "fragment", "event", "appended_at"
_NEEDED = [FRAGMENT, EVENT]
_MAGIC = b"PAR1"
_ROWS_AT_ONCE = 5_000
_BOM = b"\xef\xbb\xbf"
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError, pa.ArrowException)
_escaped = re.compile(rb"\\x([0-9A-Fa-f]{2})")


class FileRow(NamedTuple):
    """A row of a file. `value`: an event's bytes, or why `raw` has none; None: it has none.

    `line`: its number in the file, from 1. `of_lake`: a row of a lake, which names its `fragment`; of JSON lines only
    the event can tell. `appended_at`: when the broker got it (ms), where known.
    """

    line: int
    raw: bytes
    value: bytes | Refusal | None
    fragment: str | None = None
    of_lake: bool = True
    appended_at: int | None = None

    @property
    def is_nobodys(self) -> bool:
        """Whether it is an anonymised donation of an erased person: neither fragment nor bytes."""
        return self.of_lake and self.value is None and self.fragment is None


def read_file_rows(files: Files, name: str) -> Iterator[FileRow]:
    """Every row of a file, in order. Raises `Unreadable`, and OSError."""
    with _plainly(), files.open(name) as file:
        start = file.read(len(_MAGIC))
        file.seek(0)
        if start == _MAGIC:
            yield from _parquet(file)
            return
        first = first_line(open_unpacked(file), ROW_BYTES).strip().removeprefix(_BOM).lstrip()
        file.seek(0)
        yield from _json(open_unpacked(file)) if first[:1] == b"{" else _csv(open_unpacked(file))


def row_count(files: Files, name: str) -> int | None:
    """Number of rows in a file, if its format tells without reading it, else None. Raises as `read_file_rows`."""
    with _plainly(), files.open(name) as file:
        start = file.read(len(_MAGIC))
        file.seek(0)
        return int(open_parquet(file).metadata.num_rows) if start == _MAGIC else None


@contextmanager
def _plainly() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise Unreadable("is damaged or was cut short: get it anew, and give that") from error


def _parquet(file: BinaryIO) -> Iterator[FileRow]:
    opened = open_parquet(file)
    _require(opened.schema_arrow.names)
    columns = [*_NEEDED, *([APPENDED_AT] if _has_append_times(opened.schema_arrow) else [])]
    line = 0
    for batch in opened.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns, use_threads=False):
        times = batch[APPENDED_AT].cast(pa.int64()).to_pylist() if APPENDED_AT in columns else [None] * len(batch)
        for fragment, event, came in zip(batch[FRAGMENT].to_pylist(), batch[EVENT].to_pylist(), times, strict=True):
            line += 1
            value = event.encode() if isinstance(event, str) else event
            yield FileRow(line, value or b"", value, fragment, appended_at=came)


def _has_append_times(schema: pa.Schema) -> bool:
    return APPENDED_AT in schema.names and schema.field(APPENDED_AT).type == COLUMNS[APPENDED_AT]


def _json(file: BinaryIO) -> Iterator[FileRow]:
    for row in json_rows(lines_of(file, ROW_BYTES)):
        yield FileRow(row.line, row.raw, row.cells if isinstance(row.cells, Refusal) else row.raw, of_lake=False)


def _csv(file: BinaryIO) -> Iterator[FileRow]:
    columns, rows = csv_rows(lines_of(file, ROW_BYTES), _NEEDED)
    _require(columns)
    for row in rows:
        if isinstance(row.cells, Refusal):
            yield FileRow(row.line, row.raw, row.cells)
            continue
        fragment, event = (str(row.cells[name]) for name in _NEEDED)
        yield FileRow(row.line, row.raw, _unescaped(event) if event else None, fragment or None)


def _require(columns: list[str]) -> None:
    if lacking := [name for name in _NEEDED if name not in columns]:
        raise Unreadable(
            f"must have the lake's columns; not there: {', '.join(lacking)}. `harmonia import` reads what tools export"
        )


def _unescaped(text: str) -> bytes:
    r"""Undo DuckDB's escapes: it writes bytes that are not printable ASCII as `\x..`, which JSON itself never has."""
    return _escaped.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())


NO_EVENT = Refusal(Reason.NOT_JSON, "event: must be one JSON object")
"""Refusal of a row without bytes."""


ERASED_TYPE = "contact.erased"
ANONYMISED = SkippedElement("of nobody: the person was erased")
BEFORE_ERASURE = SkippedElement("before the erasure of the person")


def erasure_in(row: FileRow) -> tuple[str, int, bytes] | None:
    """Fragment, time until which to erase (ms) and bytes of a harmonised erasure command; None: the row is none."""
    if not isinstance(row.value, bytes) or ERASED_TYPE.encode() not in row.value:
        return None
    opened = open_harmonised(row.value)
    if isinstance(opened, Refusal) or opened.head[2] != ERASED_TYPE:
        return None
    fragment = fragment_of(row, opened) if row.of_lake or is_harmonised(opened) else None
    return None if fragment is None else (fragment, opened.time, row.value)


def is_harmonised(opened: Opened) -> bool:
    """Whether the contact is named by a hash of ours, which no producer writes.

    A contact named by `contact_id` alone looks the same before and after.
    """
    return any(map(is_identity_hash, identifiers_in(opened)))


def fragment_of(row: FileRow, opened: Opened) -> str | None:
    """The identity fragment a harmonised event belongs to: the key of its record."""
    return row.fragment if row.of_lake else fragment_named_in(opened)


def fragment_named_in(opened: Opened) -> str | None:
    """The fragment a harmonised event's data names: of a pair the smaller id, else the strongest identifier."""
    data = opened.event.get("data")
    ids = data.get("contact_ids") if isinstance(data, dict) else None
    if isinstance(ids, list) and ids:
        return min(map(str, ids))
    named: dict[str, JSON] = {str(place): text for place, text in enumerate(identifiers_in(opened))}
    return strongest(named)


def identifiers_in(opened: Opened) -> Iterator[str]:
    """A contact's identifiers, strongest first."""
    data = opened.event.get("data")
    contact = data.get("contact") if isinstance(data, dict) else None
    if not isinstance(contact, dict):
        return
    for name in ("contact_id", "voter_id", "external", "email", "phone"):
        value = contact.get(name)
        for text in (value[system] for system in sorted(value)) if isinstance(value, dict) else (value,):
            if isinstance(text, str):
                yield text
