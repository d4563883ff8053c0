"""Opens the payloads of compressed batches, as far as they can be opened, and up to a limit.

A batch of a megabyte may hold gigabytes of zeros; brokers take it, and aiokafka would open it whole: every worker that
reads it, for as long as the topic keeps it. Here a batch is opened up to `MAX_INFLATED` and no further. And it may be
followed by something else, or break off: what comes before that is opened all the same.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

import cramjam
import zstandard
from aiokafka import codec

MAX_INFLATED = 32 << 20
"""Bytes of an opened batch: thirty times what the topics take of a closed one."""
_STEP = 1 << 20
_FEED = 64 << 10
_GZIP = 31
_LZ4_MAGIC = b"\x04\x22\x4d\x18"
_LZ4_BLOCKS = {4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20}
_LZ4_HEAD = 7
_LZ4_SIZE = 0x7FFFFFFF
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEAD = 16
_XERIAL_SIZE = struct.Struct(">I")


class InflatedTooMuch(Exception):
    """Raised where a batch holds more than `MAX_INFLATED` when it is opened."""


def opened(compression: int, payload: bytes) -> list[bytes]:
    """What is in a batch's payload, in parts; `compression` as its head names it. Raises `InflatedTooMuch`.

    Where not all of the payload is as its format wants it, what comes before that; nothing of a format that Kafka does
    not have.
    """
    open_ = _OPENERS.get(compression)
    return open_(payload) if open_ else []


def open_zstd(payload: bytes) -> list[bytes]:
    """Raises `InflatedTooMuch`."""
    parts: list[bytes] = []
    try:
        _gather(_zstd(payload, read_across_frames=True), parts)
    except zstandard.ZstdError:
        parts.clear()  # what was opened last is lost with the error
        with suppress(zstandard.ZstdError):
            _gather(_zstd(payload, read_across_frames=False), parts)
    return parts


def _zstd(payload: bytes, *, read_across_frames: bool) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(payload), read_across_frames=read_across_frames)
    return iter(lambda: reader.read(_STEP), b"")


def open_gzip(payload: bytes) -> list[bytes]:
    """Raises `InflatedTooMuch`."""
    parts: list[bytes] = []
    with suppress(zlib.error):
        _gather(_gzip(payload), parts)
    return parts


def _gzip(payload: bytes) -> Iterator[bytes]:
    """One member after the other. Fed in pieces: what is behind a member is copied each time."""
    at = 0
    while at < len(payload):
        inflater = zlib.decompressobj(_GZIP)
        while not inflater.eof:
            piece = payload[at : at + _FEED]
            part = inflater.decompress(piece, _STEP)
            taken = len(piece) - len(inflater.unconsumed_tail) - len(inflater.unused_data)
            if not part and not taken:
                return
            at += taken
            yield part


def open_snappy(payload: bytes) -> list[bytes]:
    """As one block, or as several in the framing of the library xerial. Raises `InflatedTooMuch`."""
    parts: list[bytes] = []
    with suppress(cramjam.DecompressionError, struct.error):
        _gather(_snappy(_xerial(payload) if payload.startswith(_XERIAL) else [payload]), parts)
    return parts


def _snappy(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        if cramjam.snappy.decompress_raw_len(block) > MAX_INFLATED:  # which it says itself, and gets memory for
            raise InflatedTooMuch
        yield bytes(cramjam.snappy.decompress_raw(block))


def _xerial(payload: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(payload):
        if payload.startswith(_XERIAL, at):
            at += _XERIAL_HEAD
            continue
        (size,) = _XERIAL_SIZE.unpack_from(payload, at)
        at += _XERIAL_SIZE.size
        yield payload[at : at + size]
        at += size


def open_lz4(payload: bytes) -> list[bytes]:
    """The first frame; to brokers what follows is nothing. Raises `InflatedTooMuch` where it may hold too much."""
    frame = _Frame.of(payload)
    if frame is None:
        return []
    if len(frame.blocks) * frame.most > MAX_INFLATED:
        raise InflatedTooMuch
    try:
        return [codec.lz4_decode(payload[: frame.end])]
    except (cramjam.DecompressionError, OSError):
        parts: list[bytes] = []
        with suppress(cramjam.DecompressionError):
            parts.extend(frame.opened(payload))
        return parts


class _Frame(NamedTuple):
    """A frame of LZ4: where its blocks stand, what each may hold at most when opened, and where the frame ends."""

    blocks: list[tuple[int, int, bool]]
    most: int
    end: int

    @classmethod
    def of(cls, payload: bytes) -> "_Frame | None":
        """Up to its end mark, or to where it breaks off; None where no frame begins."""
        if not payload.startswith(_LZ4_MAGIC) or len(payload) < _LZ4_HEAD:
            return None
        flags, most = payload[4], _LZ4_BLOCKS.get(payload[5] >> 4 & 7, MAX_INFLATED + 1)
        at = _LZ4_HEAD + (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
        blocks: list[tuple[int, int, bool]] = []
        while at + 4 <= len(payload):
            size = int.from_bytes(payload[at : at + 4], "little")
            at += 4
            if not size:
                return cls(blocks, most, at + (4 if flags & 4 else 0))
            blocks.append((at, size & _LZ4_SIZE, size > _LZ4_SIZE))
            at += (size & _LZ4_SIZE) + (4 if flags & 16 else 0)
        return cls(blocks, most, len(payload))

    def opened(self, payload: bytes) -> Iterator[bytes]:
        """Block by block, which asks for no sum and no end mark."""
        room = bytearray(self.most)
        for at, size, is_stored in self.blocks:
            block = payload[at : at + size]
            yield block if is_stored else bytes(room[: cramjam.lz4.decompress_block_into(block, room)])


def _gather(opening: Iterable[bytes], parts: list[bytes]) -> None:
    size = 0
    for part in opening:
        size += len(part)
        if size > MAX_INFLATED:
            raise InflatedTooMuch
        parts.append(part)


_OPENERS: dict[int, Callable[[bytes], list[bytes]]] = {
    0: lambda payload: [payload],
    1: open_gzip,
    2: open_snappy,
    3: open_lz4,
    4: open_zstd,
}
"""By the numbers of Kafka's format."""
