"""Opens an audience: reads its header, and leaves the rows to be read one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from streams.audience.header import Header, Unusable, read_header
from streams.audience.records import LINE_BYTES, Record, fields_of, records_in

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Audience:
    """A file whose header has been read; `raw_header` is that row as it was written."""

    header: Header
    raw_header: bytes
    file: BinaryIO
    line: int

    def records(self) -> Iterator[Record]:
        """Every row, once."""
        return records_in(self.file, self.header.width, after=self.line)


def open_audience(file: BinaryIO) -> Audience | Unusable:
    """Read the header, which is the first line with anything in it."""
    line, raw = 1, file.readline(LINE_BYTES)
    while raw and not raw.strip():
        line, raw = line + 1, file.readline(LINE_BYTES)
    if not raw:
        return Unusable("the audience is empty: its first row must name the columns")
    if raw.startswith(_UTF16):
        return Unusable("the audience is UTF-16 text: save it as CSV in UTF-8")
    fields = fields_of(raw)
    if fields is None:
        return Unusable("the header is malformed: a quote in it is not closed, or stands within a field")
    header = read_header(fields)
    return header if isinstance(header, Unusable) else Audience(header, raw, file, line)
