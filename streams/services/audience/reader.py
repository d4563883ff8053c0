"""Opens an audience: reads its header, and yields its rows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from events.fields import CONTACT_ID_PATTERN
from events.normalise import normalise_phone
from streams.history.importing.column_marks import COMMA, mark_of
from streams.services.audience.csv_records import LINE_BYTES, CsvRecord, fields_of, parted, records_in, with_columns
from streams.services.audience.header import (
    BOM,
    Header,
    IdentifierColumn,
    UnusableAudience,
    count_naming,
    read_header,
)

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_IDS = Header(("contact_id",), (IdentifierColumn(0, "contact_id"),))
_is_id = re.compile(CONTACT_ID_PATTERN).fullmatch
_tells_an_id = re.compile(r"[0-9:]").search


@dataclass(frozen=True, slots=True)
class Audience:
    """A file whose header has been read; `raw_header`: that row as it was written. `mark` parts its fields.

    `first`: the first row of a list of ids without a header, which was read in its place.
    """

    header: Header
    raw_header: bytes
    file: BinaryIO
    line: int
    first: bytes = b""
    mark: str = COMMA

    @property
    def names_as_written(self) -> Sequence[str]:
        """The names of the columns in the encoding of the rows; bytes that are no UTF-8 are surrogates."""
        fields = fields_of(self.raw_header.removeprefix(BOM.encode()), mark=self.mark) or ()
        return [name.strip() for name in fields]

    def header_with(self, columns: Sequence[str]) -> bytes:
        """The row of the header with columns appended."""
        return with_columns(self.raw_header, columns, self.mark)

    def records(self) -> Iterator[CsvRecord]:
        """All rows; may be called once."""
        if self.first:
            yield CsvRecord(self.line, self.first)
        yield from records_in(self.file, self.header.width, after=self.line, mark=self.mark)


@dataclass(frozen=True, slots=True)
class NoHeader(UnusableAudience):
    """A first row of one field, `text`, that is no known name of a column."""

    text: str
    raw: bytes
    line: int


def open_ids(file: BinaryIO) -> Audience | UnusableAudience:
    """Open an audience, or a list of contact_ids, one a line, without a header.

    A first line with a digit or a colon is taken for an id, a mere word for the name of a column; a phone number is
    refused as neither.
    """
    opened = open_audience(file)
    if not isinstance(opened, NoHeader) or not _may_be_an_id(opened.text):
        return opened
    if normalise_phone(opened.text, "US") is not None:
        return UnusableAudience(
            "the first line may be a phone number: name the column above it, `phone` or `contact_id`"
        )
    return Audience(_IDS, b"contact_id\n", file, opened.line, opened.raw.removeprefix(BOM.encode()))


def _may_be_an_id(text: str) -> bool:
    """Whether a first line may be a contact_id. `phone2` is more likely the name of a column."""
    if not _tells_an_id(text) or not _is_id(text):
        return False
    return isinstance(read_header([text.rstrip("0123456789")]), UnusableAudience)


def _name(field: str) -> str:
    """The name of a column. Where it is no UTF-8 it is read as Windows writes it in Western Europe: `Téléphone`."""
    raw = field.encode(errors="surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def mark_of_list(header: bytes) -> str:
    """What parts the fields of a list whose first row this is, or of a file that was made of one."""
    text = header.decode(errors="surrogateescape").rstrip("\r\n")
    return mark_of(text, parted, lambda names: count_naming([_name(name) for name in names]))


def open_audience(file: BinaryIO) -> Audience | UnusableAudience:
    """Open an audience by its header, which is its first line that is not empty."""
    line, raw = 1, file.readline(LINE_BYTES)
    while raw and not raw.strip():
        line, raw = line + 1, file.readline(LINE_BYTES)
    if not raw:
        return UnusableAudience("the audience is empty: its first row must name the columns")
    if raw.startswith(_UTF16):
        return UnusableAudience("the audience is UTF-16 text: save it as CSV in UTF-8")
    bare = raw.removeprefix(BOM.encode())
    mark = mark_of_list(bare)
    fields = fields_of(bare, mark=mark)
    if fields is None and bare.count(b'"') % 2:
        return UnusableAudience(
            "the header is malformed: a name in it has a line break, or a quote is not closed; "
            "write each name on one line, and close each quote"
        )
    if fields is None and b"\r" in bare.rstrip(b"\r\n"):
        return UnusableAudience("lines end in a carriage return alone: end them with LF or CRLF")
    if fields is None:
        return UnusableAudience("the header is malformed: a quote in it is not closed, or stands within a field")
    header = read_header([_name(field) for field in fields])
    if isinstance(header, Header):
        return Audience(header, raw, file, line, mark=mark)
    return NoHeader(header.reason, fields[0].removeprefix(BOM).strip(), raw, line) if len(fields) == 1 else header
