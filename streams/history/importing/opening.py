"""A file as a stream of bytes, whatever it is packed in; told by its first bytes, since names lie."""

import gzip
import io
from pathlib import Path
from typing import BinaryIO, cast

import zstandard
from typing_extensions import Buffer

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"
_LOOK = 4
_PACKED_BYTES = 4_096


def open_unpacked(file: BinaryIO) -> BinaryIO:
    """What is in a file, unpacked as it is read. `file` must be able to seek."""
    start = file.read(_LOOK)
    file.seek(0)
    if start.startswith(_GZIP):
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    if start.startswith(_ZSTD):
        return io.BufferedReader(_Frames(file))
    return file


class _Frames(io.RawIOBase):
    """Frames of zstd, one after the other. The library's own stream ends without a word where a file was cut short."""

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
        self._unpacked = memoryview(frame.decompress(packed))  # a view: a few bytes may hold a hundred megabytes
        self._frame = None if frame.eof else frame
        if frame.eof:
            self._packed = frame.unused_data
        return True


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet."""
    with path.open("rb") as file:
        return file.read(_LOOK) == _PARQUET
