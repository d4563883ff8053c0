"""Reads id and address of each contact from the bytes of an exported CSV, packed or not, as they come.

Nothing of it is written anywhere, and no more is kept than the record that is being read.
"""

import codecs
import csv
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Sequence

from streams.services.vendors.vendor_http import VendorTrouble

LONGEST_RECORD = 4 << 20
_PACKED = b"\x1f\x8b"
_GZIP = 31
"""How zlib calls it, with its sums."""
_IDS = ("contact_id", "id")
_ADDRESS = "email"
_CURE = "is it a CSV of marketing contacts?"


async def export_rows(chunks: AsyncIterable[bytes], at_once: int) -> AsyncIterator[list[tuple[str, str]]]:
    """Id and address of the contacts, so many at once; an address may be empty. Raises `VendorTrouble`."""
    columns: tuple[int, int] | None = None
    rows: list[tuple[str, str]] = []
    async for record in _records(chunks):
        fields = _fields(record)
        if columns is None:
            columns = _columns(fields)
        elif len(fields) > max(columns) and (id_ := fields[columns[0]].strip()):
            rows.append((id_, fields[columns[1]].strip()))
        if len(rows) >= at_once:
            yield rows
            rows = []
    if rows:
        yield rows


def _fields(record: str) -> Sequence[str]:
    csv.field_size_limit(LONGEST_RECORD)
    try:
        [fields] = csv.reader([record])
    except (csv.Error, ValueError):
        raise VendorTrouble(f"SendGrid: exports: a record of the file cannot be read; {_CURE}") from None
    return fields


def _columns(header: Sequence[str]) -> tuple[int, int]:
    names = [name.strip().lower() for name in header]
    id_ = next((names.index(name) for name in _IDS if name in names), None)
    if id_ is None or _ADDRESS not in names:
        raise VendorTrouble(f"SendGrid: exports: the file has no columns contact_id and email; {_CURE}")
    return id_, names.index(_ADDRESS)


async def _records(chunks: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """Records of a CSV, each with all of its lines; empty ones are left out."""
    decode = codecs.getincrementaldecoder("utf-8-sig")(errors="replace").decode
    rest, record = "", ""
    async for chunk in _unpacked(chunks):
        *lines, rest = (rest + decode(chunk)).split("\n")
        for line in lines:
            record += f"{line}\n"
            if record.count('"') % 2 == 0:
                if record.strip():
                    yield record.rstrip("\r\n")
                record = ""
        if len(record) + len(rest) > LONGEST_RECORD:
            raise VendorTrouble(f"SendGrid: exports: a record of the file does not end; {_CURE}")
    if (record := record + rest).strip():
        yield record.rstrip("\r\n")


async def _unpacked(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The bytes, unpacked where they begin as gzip does, all parts of it. Raises `VendorTrouble` where it is cut."""
    begun, packed = b"", None
    started = False
    async for chunk in chunks:
        if not started:
            begun += chunk
            if len(begun) < len(_PACKED):
                continue
            started, chunk = True, begun  # noqa: PLW2901 (the first bytes may come one by one)
            packed = zlib.decompressobj(_GZIP) if begun.startswith(_PACKED) else None
        if packed is None:
            yield chunk
            continue
        try:
            while chunk:
                packed = zlib.decompressobj(_GZIP) if packed.eof else packed
                yield packed.decompress(chunk)
                chunk = packed.unused_data  # noqa: PLW2901 (files that were packed apart and put together)
        except zlib.error:
            raise VendorTrouble(f"SendGrid: exports: the file cannot be unpacked; {_CURE}") from None
    if packed is not None and not packed.eof:
        raise VendorTrouble("SendGrid: exports: the file ends too early; run it again")
