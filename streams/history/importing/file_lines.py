"""Reads files as lines of bounded length, unpacking gzip and zstd, which are recognised by their first bytes.

A packed file of a megabyte may hold a line of a gigabyte, which must not fill the memory: of a line that is too long
only its start is given.
"""

import gzip
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import zstandard
from typing_extensions import Buffer

from events.fields import MAX_RECORD_BYTES
from events.refusal import Reason, Refusal

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"
_LOOK = 4
_PACKED_BYTES = 4_096


def open_unpacked(file: BinaryIO) -> BinaryIO:
    """A file's content, unpacked as it is read. `file` must be able to seek."""
    start = file.read(_LOOK)
    file.seek(0)
    if start.startswith(_GZIP):
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    if start.startswith(_ZSTD):
        return io.BufferedReader(_ZstdFrames(file))
    return file


class _ZstdFrames(io.RawIOBase):
    """Concatenated zstd frames as a stream. The library's own ends silently where a file was cut short."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._packed = b""
        self._unpacked = memoryview(b"")
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def readable(self) -> bool:
        """See io."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """See io. Raises `EOFError` where the file ends within a frame."""
        while not self._unpacked and self._read_on():
            pass
        view = memoryview(buffer)
        size = min(len(view), len(self._unpacked))
        view[:size], self._unpacked = self._unpacked[:size], self._unpacked[size:]
        return size

    def _read_on(self) -> bool:
        packed, self._packed = self._packed or self._file.read(_PACKED_BYTES), b""
        if not packed:
            if self._frame is not None:
                raise EOFError("the file ends within a frame")
            return False
        frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
        self._unpacked = memoryview(frame.decompress(packed))  # a few packed bytes may hold 100 MB
        self._frame = None if frame.eof else frame
        if frame.eof:
            self._packed = frame.unused_data
        return True


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet."""
    with path.open("rb") as file:
        return file.read(_LOOK) == _PARQUET


ROW_BYTES = 1 << 20
"""Longest row of a table: an event of the largest size, with each of its quotes doubled and escaped."""
BODY_BYTES = 64 << 20
"""Longest line that may hold an array of thousands of objects, and longest array over many lines."""
_STEP = 1 << 20


def lines_of(file: BinaryIO, most: int) -> Iterator[bytes]:
    """Each line with its end. Of one longer than `most` bytes, so many and one more; see `is_too_long`."""
    while line := file.readline(most + 1):
        yield line
        if is_too_long(line, most):
            while (more := file.readline(_STEP)) and not more.endswith(b"\n"):
                pass


def is_too_long(line: bytes, most: int) -> bool:
    """Whether a line has more than `most` bytes before its end."""
    return len(line) > most and not (len(line) == most + 1 and line.endswith(b"\n"))


def start_of(line: bytes) -> bytes:
    """The part of a too long line that its dead letter keeps."""
    return line[:MAX_RECORD_BYTES]


def too_long(most: int) -> Refusal:
    """The refusal of a line longer than `most` bytes."""
    return Refusal(Reason.TOO_LARGE, f"line: at most {most >> 20} MiB, one row or object on each")


def first_line(file: BinaryIO, most: int) -> bytes:
    """The first line that is not blank, as `lines_of` gives it; empty if there is none."""
    return next((line for line in islice(lines_of(file, most), 1_000) if line.strip()), b"")
