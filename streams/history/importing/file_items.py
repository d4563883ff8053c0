"""Splits a vendor's file into items (one row, line or array element), each with the interactions its adapter maps.

An item's number never changes for one file, so that an interrupted import goes on at an item.
"""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from events.adapters import fec
from events.adapters.feed import AdapterResult, Feed, RefusedElement
from events.adapters.mapping import MappingFile, parse_mapping
from events.adapters.rows import missing, read_row
from events.adapters.vendors import BODIES
from events.json_types import UNREADABLE
from events.limits import is_crowded
from events.refusal import Refusal
from streams.history.importing.file_lines import (
    BODY_BYTES,
    ROW_BYTES,
    first_line,
    is_parquet,
    is_too_long,
    lines_of,
    open_unpacked,
    start_of,
    too_long,
)
from streams.history.importing.row_formats import TableRow, csv_rows, json_rows, parquet_rows

TABLES = ("p2p", "van")
"""Vendors whose exports are tables, read by a mapping that comes with Harmonia."""
_BOM = b"\xef\xbb\xbf"
OWN_MAPPING = "generic"
"""The vendor of any table that a campaign's own mapping reads."""
FEC = "fec"
VENDORS = tuple(sorted({*BODIES, *TABLES, OWN_MAPPING, FEC}))


_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)
_NO_LINES = "is no JSON: expects an object a line or an array, whole"
_NO_LINES_AND_LARGE = f"is more than {BODY_BYTES >> 20} MiB of JSON over many lines: write an object a line"
MOST_ELEMENTS = 4_000_000
"""Most values and objects in one array over many lines; where each is an object of an event, 64 MiB have fewer."""
_CROWDED = f"holds more than {MOST_ELEMENTS:,} values in one array over many lines: write an object a line"
_GET_IT_ANEW = "is damaged or was cut short: get it anew, and import that"


_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Unreadable(Exception):
    """A file that cannot be imported as what it is said to be. The text says what would be right."""


@dataclass(frozen=True, slots=True)
class UnchangedEvent:
    """An event whose bytes go to a topic as they are. `key` None: to any partition."""

    topic: str
    key: bytes | None
    value: bytes
    type: str


@dataclass(frozen=True, slots=True)
class FileItem:
    """One item of a file. `number`: from 0, in order. `line`: its line in the file, from 1, for people."""

    number: int
    line: int
    results: Sequence[AdapterResult | UnchangedEvent]


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """How to read a file. `mapping`: of a table; None: the one that comes with Harmonia, if the vendor has one."""

    vendor: str
    feed: Feed
    mapping: MappingFile | None = None


def default_source(vendor: str) -> str:
    """The event source of imported interactions where none is given."""
    return fec.SOURCE if vendor == FEC else vendor


def read_items(path: Path, job: ImportFormat, watch: Callable[[BinaryIO], None]) -> Iterator[FileItem]:
    """Every item of a file. Raises `Unreadable`, or `OSError` where the file cannot be read.

    A file that was cut short or is damaged is unreadable where that begins: it is never taken for a whole one. `watch`
    is given the open file, whose position says how far reading has come.
    """
    if is_parquet(path):
        yield from _parquet(path, job)
        return
    try:
        with path.open("rb") as packed:
            watch(packed)
            yield from _unpacked(packed, job)
    except _DAMAGE as error:
        raise Unreadable(_GET_IT_ANEW) from error


def _parquet(path: Path, job: ImportFormat) -> Iterator[FileItem]:
    try:
        columns, rows = parquet_rows(path)
        yield from _table(columns, rows, _mapping_of(job), job.feed)
    except (ValueError, NotImplementedError) as error:
        raise Unreadable(_GET_IT_ANEW) from error


def _unpacked(packed: BinaryIO, job: ImportFormat) -> Iterator[FileItem]:
    if job.vendor == FEC:
        for number, row in enumerate(fec.rows(lines_of(open_unpacked(packed), ROW_BYTES), job.feed.source)):
            yield FileItem(
                number, number + 2, [RefusedElement(row.row, row.refusal) if isinstance(row, fec.RefusedRow) else row]
            )
        return
    first = first_line(open_unpacked(packed), BODY_BYTES)
    packed.seek(0)
    if first.startswith(_UTF16):
        raise Unreadable("it is UTF-16 text: save it as CSV in UTF-8")
    is_json = _without_padding(first)[:1] in (b"{", b"[")
    if is_json and job.vendor in BODIES and job.mapping is None:
        yield from _bodies(packed, first, job)
        return
    lines = lines_of(open_unpacked(packed), ROW_BYTES)
    if is_json:
        yield from _table(None, json_rows(lines), _mapping_of(job), job.feed)
    else:
        mapping = _mapping_of(job)
        columns, rows = csv_rows(lines, mapping.columns())
        yield from _table(columns, rows, mapping, job.feed)


def _mapping_of(job: ImportFormat) -> MappingFile:
    if job.mapping is not None:
        return job.mapping
    if job.vendor not in TABLES:
        raise Unreadable(
            f"{job.vendor}: expects JSON, an object a line or an array; for a table give --mapping"
            if job.vendor in BODIES
            else f"{job.vendor}: give --mapping, a file that says what the columns mean (docs/producers.md)"
        )
    name = f"{job.vendor}.toml"
    return parse_mapping(files("events.adapters").joinpath("mappings", name).read_text(encoding="utf-8"))


def _table(columns: list[str] | None, rows: Iterator[TableRow], mapping: MappingFile, feed: Feed) -> Iterator[FileItem]:
    if columns is not None and (lacking := missing(columns, mapping)):
        raise Unreadable(f"line 1: must name the columns of the mapping; not there: {', '.join(lacking)}")
    if twice := sorted(name for name in mapping.columns() if (columns or []).count(name) > 1):
        raise Unreadable(f"line 1: names a column of the mapping twice: {', '.join(twice)}")
    for number, row in enumerate(rows):
        if isinstance(row.cells, Refusal):
            results: list[AdapterResult] = [RefusedElement(row.raw, row.cells)]
        else:
            results = read_row(row.cells, row.raw, mapping, feed)
        yield FileItem(number, row.line, results)


def _without_padding(line: bytes) -> bytes:
    """A line without blanks and byte order mark around its JSON."""
    return line.strip().removeprefix(_BOM).strip()


def _bodies(packed: BinaryIO, first: bytes, job: ImportFormat) -> Iterator[FileItem]:
    """Items of a JSON file: an array over the whole file, an object over the whole file, or a body on each line."""
    read = BODIES[job.vendor]
    if not is_too_long(first, BODY_BYTES) and not _is_json(_without_padding(first)):
        whole = open_unpacked(packed).read(BODY_BYTES + 1).removeprefix(_BOM)
        packed.seek(0)
        if len(whole) <= BODY_BYTES and _is_json(whole):
            if is_crowded(whole, MOST_ELEMENTS, MOST_ELEMENTS):
                raise Unreadable(_CROWDED)
            for number, body in enumerate(_elements(whole)):
                yield FileItem(number, number + 1, read(body, job.feed))
            return
        if not _goes_on_by_line(whole):
            raise Unreadable(_NO_LINES if len(whole) <= BODY_BYTES else _NO_LINES_AND_LARGE)
    numbered = enumerate(lines_of(open_unpacked(packed), BODY_BYTES), start=1)
    lines = ((line, raw) for line, raw in numbered if _without_padding(raw))
    for number, (line, raw) in enumerate(lines):
        if is_too_long(raw, BODY_BYTES):
            yield FileItem(number, line, [RefusedElement(start_of(raw), too_long(BODY_BYTES))])
        else:
            yield FileItem(number, line, read(_without_padding(raw), job.feed))


def _goes_on_by_line(whole: bytes) -> bool:
    """Whether the second line is a body by itself, though the first is none."""
    later = islice(lines_of(io.BytesIO(whole), BODY_BYTES), 1, None)
    second = next((line.strip() for line in later if line.strip()), b"")
    return second[:1] in (b"{", b"[") and _is_json(second)


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except UNREADABLE:
        return False
    return True


def _elements(whole: bytes) -> Iterator[bytes]:
    """Each element of an array over many lines; anything but an array is one body."""
    try:
        elements = msgspec.json.decode(whole, type=list[msgspec.Raw])
    except UNREADABLE:
        yield whole
    else:
        yield from map(bytes, elements)
