"""Files of records: length-prefixed blocks of MessagePack, compressed with zstd.

A file has another name until it is whole, and only its owner may read it. Its hash goes into the manifest, so that a
corrupt file is noticed before anything is made of it.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard
from msgspec import Struct

from events.json_types import UNREADABLE


class BackupError(Exception):
    """A backup cannot be taken or restored; nothing that counts was written."""


RECORDS_AT_ONCE = 500
_LENGTH_BYTES = 4
_LEVEL = 3
_PART = ".part"

Headers = tuple[tuple[str, bytes | None], ...]


class Record(Struct, frozen=True, array_like=True, gc=False):
    """One record, with its partition."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class FileEntry(Struct, frozen=True):
    """A file in the manifest. `bytes`: its size on disk."""

    name: str
    records: int
    bytes: int
    sha256: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Record]).decode


def open_new(path: Path) -> BinaryIO:
    """Open a new file that only its owner may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


class RecordWriter:
    """Writes a file of records, which appears under its name, replacing any other, once it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + _PART)
        self._file = open_new(self._part)
        self._out = zstandard.ZstdCompressor(level=_LEVEL).stream_writer(self._file, closefd=False)
        self._count = 0

    def add(self, records: Sequence[Record]) -> None:
        """Write records as one block."""
        packed = _encode(records)
        self._out.write(len(packed).to_bytes(_LENGTH_BYTES) + packed)
        self._count += len(records)

    def done(self) -> FileEntry:
        """Finish the file."""
        self._out.close()  # type: ignore[no-untyped-call]  # its stub forgets what it returns
        with self._file as file:
            file.flush()
            os.fsync(file.fileno())
        self._part.replace(self._path)
        return FileEntry(self._path.name, self._count, self._path.stat().st_size, sha256_of(self._path))

    def drop(self) -> None:
        """Delete the unfinished file."""
        self._file.close()
        self._part.unlink()


def write_records(path: Path, records: Iterable[Record]) -> FileEntry:
    """Write a file of records."""
    out = RecordWriter(path)
    for block in _blocks(records):
        out.add(block)
    return out.done()


def read_records(path: Path) -> Iterator[Record]:
    """The records of a file. Raises `BackupError` for one that is damaged or something else."""
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as source:
            while head := _exactly(source, _LENGTH_BYTES):
                yield from _decode(_exactly(source, int.from_bytes(head)))
    except (OSError, EOFError, zstandard.ZstdError, *UNREADABLE) as error:
        raise BackupError(f"{path}: not a whole file of records: take another backup") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _blocks(records: Iterable[Record]) -> Iterator[list[Record]]:
    block: list[Record] = []
    for record in records:
        block.append(record)
        if len(block) == RECORDS_AT_ONCE:
            yield block
            block = []
    if block:
        yield block


def _exactly(source: zstandard.ZstdDecompressionReader, count: int) -> bytes:
    """So many bytes; none at the end. Raises `EOFError` where the file ends before."""
    found = b""
    while len(found) < count:
        more = source.read(count - len(found))
        if not more:
            break
        found += more
    if found and len(found) < count:
        raise EOFError
    return found
