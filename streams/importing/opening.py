"""A file as a stream of bytes, whatever it is packed in; told by its first bytes, since names lie."""

import gzip
import io
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"
_LOOK = 4


def open_unpacked(file: BinaryIO) -> BinaryIO:
    """What is in a file, unpacked as it is read. `file` must be able to seek."""
    start = file.read(_LOOK)
    file.seek(0)
    if start.startswith(_GZIP):
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    if start.startswith(_ZSTD):
        return io.BufferedReader(
            zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=False)
        )
    return file


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet."""
    with path.open("rb") as file:
        return file.read(_LOOK) == _PARQUET
