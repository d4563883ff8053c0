"""Makes CSV of the first sheet of a workbook (XLSX): `python -m streams.services.audience.workbook < list.xlsx`.

A workbook is a ZIP file: a few kilobytes may unpack to gigabytes, repeat one long text in every cell, or name a cell so
far away that the cells up to it fill any memory or disk. So this is a process of its own, whose memory, time and output
are bounded, and a list that needs more is refused.
"""

import os
import resource
import signal
import sys
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from streams.services.audience.csv_records import LINE_BYTES, MOST_LIST_BYTES
from streams.services.audience.csv_writing import csv_row

COMMAND = (sys.executable, "-m", "streams.services.audience.workbook")
MOST_UNPACKED_BYTES = 2 << 30
MOST_MEMORY_BYTES = 4 << 30
MOST_CPU_S = 300
MOST_S = 900
TOO_MUCH = "the workbook needs too much memory or time: save it as CSV"
_ROWS, _COLUMNS = 1 << 20, 1 << 14
"""The size of a sheet: its last cell is XFD1048576."""
_ZIP = b"PK\x03\x04"


class UnusableWorkbook(Exception):
    """What cannot be read as a list, and the cure."""


def is_workbook(file: BinaryIO) -> bool:
    """Whether a file on the disk begins as a workbook does, and CSV does not. Its position stays where it is."""
    return os.pread(file.fileno(), len(_ZIP), 0) == _ZIP


def write_csv(
    workbook: BinaryIO, out: BinaryIO, most_bytes: int = MOST_UNPACKED_BYTES, most_written: int = MOST_LIST_BYTES
) -> None:
    """Write the rows of the first sheet, no more bytes than `most_written`. Raises UnusableWorkbook."""
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
            _write_rows(opened.get_sheet_by_index(0), out, most_written)
    except CalamineError as error:
        raise UnusableWorkbook("the workbook has no sheet that can be read: save it as CSV in UTF-8") from error
    except BaseException as error:
        if not _is_of_a_cell(error):
            raise
        raise UnusableWorkbook(
            "the workbook has a cell that cannot be read, such as a date beyond the calendar: save it as CSV in UTF-8"
        ) from None
    out.flush()


def _is_of_a_cell(error: BaseException) -> bool:
    """Whether a cell has a value that the reader's types cannot hold. A panic of Rust's is no Exception."""
    return isinstance(error, OverflowError) or type(error).__module__ == "pyo3_runtime"


def _write_rows(sheet: CalamineSheet, out: BinaryIO, most: int) -> None:
    """Write the rows of a sheet, in which each cell up to the last one takes a byte at least."""
    rows, columns = (place + 1 for place in sheet.end or (-1, -1))
    if rows > _ROWS or columns > _COLUMNS:
        raise UnusableWorkbook("the workbook has cells beyond XFD1048576, where a sheet ends: save it anew, or as CSV")
    written = rows * columns
    if written <= most:
        written = 0
        for row in sheet.iter_rows():
            written += out.write(csv_row(cells_of(row)))
            if written > most:
                break
    if written > most:
        raise UnusableWorkbook(f"the workbook is longer than {most:,} bytes as CSV: take out what nobody needs")


def cells_of(row: Sequence[object]) -> list[str]:
    """The cells of a row as CSV has them. A workbook has a phone number as a fraction: `15551234567.0`."""
    return [_text(cell) for cell in row]


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}"
    return cell.isoformat() if isinstance(cell, datetime | date) else str(cell)


def bound_this_process() -> None:
    """Bound the memory, the time and the files of this process; it is killed where it takes more, without a core."""
    for kind, most in (
        (resource.RLIMIT_AS, MOST_MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, MOST_LIST_BYTES + LINE_BYTES),
        (resource.RLIMIT_CPU, MOST_CPU_S),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))
    signal.alarm(MOST_S)


def main() -> None:
    """Read standard input, write standard output. Exit code 2, with the reason, where it is no list."""
    bound_this_process()
    try:
        write_csv(sys.stdin.buffer, sys.stdout.buffer)
    except (UnusableWorkbook, MemoryError) as error:
        told = TOO_MUCH if isinstance(error, MemoryError) else error
        sys.stderr.write(f"{told}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
