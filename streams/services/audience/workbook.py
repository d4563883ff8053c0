"""Makes CSV of the first sheet of a workbook (XLSX): `python -m streams.services.audience.workbook < list.xlsx`.

A workbook is a ZIP file: a few kilobytes may unpack to gigabytes, or name a cell so far away that the cells up to it
fill any memory. So this is a process of its own, whose memory is bounded, and a list that needs more is refused.
"""

import os
import resource
import sys
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from streams.services.audience.csv_writing import csv_row

COMMAND = (sys.executable, "-m", "streams.services.audience.workbook")
MOST_UNPACKED_BYTES = 2 << 30
MOST_MEMORY_BYTES = 4 << 30
TOO_MUCH = "the workbook needs too much memory: save it as CSV"
_ZIP = b"PK\x03\x04"


class UnusableWorkbook(Exception):
    """What cannot be read as a list, and the cure."""


def is_workbook(file: BinaryIO) -> bool:
    """Whether a file on the disk begins as a workbook does, and CSV does not. Its position stays where it is."""
    return os.pread(file.fileno(), len(_ZIP), 0) == _ZIP


def write_csv(workbook: BinaryIO, out: BinaryIO, most_bytes: int = MOST_UNPACKED_BYTES) -> None:
    """Write the rows of the first sheet. Raises UnusableWorkbook."""
    try:
        with zipfile.ZipFile(workbook) as packed:
            unpacked = sum(each.file_size for each in packed.infolist())
    except zipfile.BadZipFile as error:
        raise UnusableWorkbook("the workbook cannot be read: save it anew, or as CSV in UTF-8") from error
    if unpacked > most_bytes:
        raise UnusableWorkbook(f"the workbook unpacks to {unpacked:,} bytes, of {most_bytes:,} at most: save it as CSV")
    workbook.seek(0)
    try:
        with CalamineWorkbook.from_filelike(workbook) as opened:
            for row in opened.get_sheet_by_index(0).iter_rows():
                out.write(csv_row(cells_of(row)))
    except CalamineError as error:
        raise UnusableWorkbook("the workbook has no sheet that can be read: save it as CSV in UTF-8") from error
    out.flush()


def cells_of(row: Sequence[object]) -> list[str]:
    """The cells of a row as CSV has them. A workbook has a phone number as a fraction: `15551234567.0`."""
    return [_text(cell) for cell in row]


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}"
    return cell.isoformat() if isinstance(cell, datetime | date) else str(cell)


def main() -> None:
    """Read standard input, write standard output. Exit code 2, with the reason, where it is no list."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    try:
        write_csv(sys.stdin.buffer, sys.stdout.buffer)
    except (UnusableWorkbook, MemoryError) as error:
        told = TOO_MUCH if isinstance(error, MemoryError) else error
        sys.stderr.write(f"{told}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
