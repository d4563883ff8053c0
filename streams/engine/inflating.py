"""Batches that are small in transit and huge when they are opened.

A batch of a megabyte may hold gigabytes of zeros; brokers take it, and aiokafka would open it whole: every worker that
reads it, for as long as the topic keeps it. Here a batch is opened up to `MAX_INFLATED` and no further. What is beyond
is handed on as one record in the place of the batch's first, too large for any limit, so that it becomes a dead letter
with the closed batch in it. (Of snappy nothing grows beyond some 20 times its size, so it needs no look.)
"""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import zstandard
from aiokafka import codec
from aiokafka.record import default_records
from aiokafka.record._crecords import default_records as compiled
from msgspec import Struct

from events.fields import MAX_RECORD_BYTES

MAX_INFLATED = 32 << 20
"""Bytes of an opened batch: thirty times what the topics take of a closed one."""
_STEP = 1 << 20
_GZIP = 31
_LZ4_BLOCKS = {4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20}
_LZ4_STORED = 0x7FFFFFFF


class Inflated(Exception):
    """A batch holds more than `MAX_INFLATED`; `payload` is what is in it, closed."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(f"a batch that holds more than {MAX_INFLATED} bytes")
        self.payload = payload


class Oversized(Struct, frozen=True, gc=False):
    """A record in the place of all that a batch holds."""

    offset: int
    timestamp: int
    value: bytes
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_type: int | None = None
    checksum: int | None = None


def in_place_of(batch: Any, bomb: Inflated) -> Oversized:
    """What is handed on instead of the records of a batch."""
    value = bomb.payload.ljust(MAX_RECORD_BYTES + 1, b"\0")
    return Oversized(int(batch.base_offset), int(batch.max_timestamp), value)


def open_zstd(payload: bytes) -> bytes:
    """Raises `Inflated`."""
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(payload), read_across_frames=True)
    return _joined(payload, lambda: reader.read(_STEP))


def open_gzip(payload: bytes) -> bytes:
    """Raises `Inflated`."""
    inflater, rest = zlib.decompressobj(_GZIP), bytes(payload)

    def read() -> bytes:
        nonlocal inflater, rest
        if inflater.eof and inflater.unused_data:
            inflater, rest = zlib.decompressobj(_GZIP), inflater.unused_data
        part = inflater.decompress(rest, _STEP)
        rest = inflater.unconsumed_tail
        return part

    return _joined(payload, read)


def open_lz4(payload: bytes) -> bytes:
    """Raises `Inflated` when the frame has more blocks than can be small enough; they are counted, not opened."""
    if _most_in_lz4(payload) > MAX_INFLATED:
        raise Inflated(payload)
    opened: bytes = codec.lz4_decode(payload)
    return opened


def _most_in_lz4(payload: bytes) -> int:
    """By the format of LZ4 frames: so many blocks, each of the size that the frame's header allows at most."""
    flags, sizes = payload[4], payload[5]
    at, blocks = 7 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0), 0
    while at + 4 <= len(payload):
        (size,) = struct.unpack_from("<I", payload, at)
        if not size:
            break
        blocks += 1
        at += 4 + (size & _LZ4_STORED) + (4 if flags & 16 else 0)
    return blocks * _LZ4_BLOCKS.get(sizes >> 4 & 7, MAX_INFLATED + 1)


def _joined(payload: bytes, read: Callable[[], bytes]) -> bytes:
    parts, size = [], 0
    while part := read():
        size += len(part)
        if size > MAX_INFLATED:
            raise Inflated(bytes(payload))
        parts.append(part)
    return b"".join(parts)


def open_batches_with_a_limit() -> None:
    """Let aiokafka open batches so, for the whole process. Who goes through them has to expect `Inflated`."""
    for module in (compiled, default_records):
        module.zstd_decode, module.gzip_decode, module.lz4_decode = open_zstd, open_gzip, open_lz4
