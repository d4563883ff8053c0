"""Batches written byte by byte, as no client of Kafka would, each with what must come of its records.

A broker checks a batch's checksum and head and little of what is in its records.
"""

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import cramjam
from aiokafka import codec
from aiokafka.record.util import calc_crc32c

CODECS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "none": (0, bytes),
    "gzip": (1, gzip.compress),
    "snappy": (2, codec.snappy_encode),
    "snappy_raw": (2, lambda data: bytes(cramjam.snappy.compress_raw(data))),
    "lz4": (3, codec.lz4_encode),
    "zstd": (4, codec.zstd_encode),
}
AT_MS = 1_330_000_000_000


def varint(number: int) -> bytes:
    """Zigzag, as Kafka writes numbers in records."""
    left, out = (number << 1) ^ (number >> 63), bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes((*out, left))


def sized(data: bytes | None) -> bytes:
    return varint(-1) if data is None else varint(len(data)) + data


@dataclass
class Raw:
    """The parts of a record as bytes; those that are None are written as they should be."""

    value: bytes | None
    key: bytes | None = None
    headers: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    attributes: bytes = b"\0"
    time: bytes = b"\0"
    offset: bytes | None = None
    key_part: bytes | None = None
    value_part: bytes | None = None
    header_count: bytes | None = None
    size: int | None = None
    behind: bytes = b""

    def written(self, place: int) -> bytes:
        body = b"".join(
            (
                self.attributes,
                self.time,
                varint(place) if self.offset is None else self.offset,
                sized(self.key) if self.key_part is None else self.key_part,
                sized(self.value) if self.value_part is None else self.value_part,
                varint(len(self.headers)) if self.header_count is None else self.header_count,
                *(sized(name) + sized(text) for name, text in self.headers),
                self.behind,
            )
        )
        return varint(len(body) if self.size is None else self.size) + body


def batch(payload: bytes, count: int, base: int = 0, *, attributes: int = 0, last: int | None = None) -> bytes:
    """A batch of these bytes, its checksum right. `last`: the last offset's delta, if it is not that of the count."""
    last = count - 1 if last is None else last
    checked = struct.pack(">hiqqqhii", attributes, last, AT_MS, AT_MS, -1, -1, -1, count) + payload
    return struct.pack(">qiibI", base, len(checked) + 9, 0, 2, calc_crc32c(checked)) + checked


def of_records(records: list[Raw], name: str = "none", base: int = 0) -> bytes:
    number, close = CODECS[name]
    payload = close(b"".join(record.written(place) for place, record in enumerate(records)))
    return batch(payload, len(records), base, attributes=number)


@dataclass(frozen=True)
class Craft:
    """A batch, and the places of those of its records that must come out as they are."""

    raw: bytes
    count: int
    good: dict[int, bytes]


class Maker(Random):
    """Chance, and what the records say that are made with it."""

    def value(self, place: int) -> bytes:
        size = self.choice((2, 30, 60, 300, 3_000, 70_000 if self.random() < 0.05 else 500))
        return b'{"n":%d,"text":"%s"}' % (place, b"x" * size)


Spoil = Callable[[Raw, Random], None]
GOOD: dict[str, Spoil] = {}
BAD: dict[str, Spoil] = {}
LOST: dict[str, Spoil] = {}
"""What leaves a record good; what costs it, and it alone; what may cost those behind it too."""


def _kind(kinds: dict[str, Spoil]) -> Callable[[Spoil], Spoil]:
    def add(spoil: Spoil) -> Spoil:
        kinds[spoil.__name__] = spoil
        return spoil

    return add


def _some(rng: Random) -> int:
    return rng.choice((-1, -2, -(1 << 31), 1 << 31, (1 << 62) - 1, (1 << 63) - 1, -(1 << 63), 70_000, 1_000_000))


@_kind(GOOD)
def any_attributes(record: Raw, rng: Random) -> None:
    record.attributes = bytes((rng.choice((128, 255, rng.randrange(256))),))


@_kind(GOOD)
def header_name_that_is_no_text(record: Raw, rng: Random) -> None:
    record.headers = [(rng.choice((b"\xff", b"gr\xf6\xdfe", b"\x80" * 30)), rng.choice((b"v", None, b"")))]


@_kind(GOOD)
def header_name_that_is_no_text_beside_high_attributes(record: Raw, rng: Random) -> None:
    header_name_that_is_no_text(record, rng)
    record.attributes = bytes((rng.randrange(128, 256),))


@_kind(GOOD)
def far_time(record: Raw, rng: Random) -> None:
    record.time = varint(_some(rng))


@_kind(GOOD)
def a_thousand_headers(record: Raw, rng: Random) -> None:
    record.headers = [(b"", b"")] * 1_000


@_kind(GOOD)
def key_below_nothing(record: Raw, rng: Random) -> None:
    record.key_part = varint(rng.choice((-2, -77, -(1 << 31))))


@_kind(BAD)
def offset_of_another(record: Raw, rng: Random) -> None:
    record.offset = varint(rng.choice((-1, 100, _some(rng))))


@_kind(BAD)
def more_than_a_thousand_headers(record: Raw, rng: Random) -> None:
    record.headers = [(b"", None)] * rng.randrange(1_001, 1_200)


@_kind(BAD)
def count_of_headers_that_are_not_there(record: Raw, rng: Random) -> None:
    record.header_count = varint(rng.choice((1, 5, -1, _some(rng))))


@_kind(BAD)
def key_longer_than_the_record(record: Raw, rng: Random) -> None:
    record.key_part = varint(rng.choice((10_000, (1 << 31) - 1, (1 << 63) - 1, (1 << 63) - 100)))


@_kind(BAD)
def value_longer_than_the_record(record: Raw, rng: Random) -> None:
    record.value_part = varint(rng.choice((10_000, (1 << 31) - 1, (1 << 63) - 1, (1 << 63) - 100)))


@_kind(BAD)
def header_longer_than_the_record(record: Raw, rng: Random) -> None:
    record.header_count = varint(1)
    record.behind = varint(rng.choice((-1, 10_000, (1 << 63) - 1)))


@_kind(BAD)
def header_that_ends_in_the_next_record(record: Raw, rng: Random) -> None:
    """Whose bytes are taken for more headers by who believes the count."""
    record.header_count = varint(rng.choice((2, 40, 1_000, 1_000_000, (1 << 62) - 1)))
    record.behind = varint(0) + varint(rng.choice((1, 7, 40, rng.randrange(1, 3_000))))


@_kind(BAD)
def headers_without_number_or_end(record: Raw, rng: Random) -> None:
    record.header_count = varint(rng.choice((1_000, 1_000_000, (1 << 62) - 1)))
    record.behind = bytes(rng.randrange(100))


@_kind(BAD)
def value_that_ends_in_the_next_record(record: Raw, rng: Random) -> None:
    value = record.value or b""
    record.value_part = varint(len(value) + rng.randrange(100, 3_000)) + value


@_kind(BAD)
def number_without_an_end(record: Raw, rng: Random) -> None:
    record.time = b"\xff" * rng.randrange(10, 30)


@_kind(BAD)
def bytes_behind_the_headers(record: Raw, rng: Random) -> None:
    record.behind = rng.randbytes(rng.randrange(1, 20))


@_kind(LOST)
def size_of_something_else(record: Raw, rng: Random) -> None:
    record.size = rng.choice((0, 1, 5, rng.randrange(200), _some(rng)))


@_kind(LOST)
def nothing_but_noise(record: Raw, rng: Random) -> None:
    record.key_part = rng.randbytes(rng.randrange(40))
    record.size = rng.choice((None, rng.randrange(100)))


def _before_value(record: Raw, place: int) -> int:
    """Bytes from the record's size to its value, which is the last of it but for a count of headers."""
    return len(record.written(place)) - len(record.value or b"") - 1


def _jumping(value: bytes, headers: int, behind: Raw, place: int) -> Raw:
    """A record with a header at its end that reaches to where the value of the record behind it begins."""
    jump = varint(0) + varint(_before_value(behind, place + 1))
    return Raw(value, header_count=varint(headers), behind=jump)


def _into_a_long_one(size: int) -> list[Raw]:
    behind = Raw(bytes(size))
    return [_jumping(b"x", size // 2, behind, 0), behind]


def _into_a_long_one_without_a_jump(size: int) -> list[Raw]:
    return [Raw(b"x", header_count=varint(size // 2)), Raw(bytes(size))]


def _from_a_long_one(size: int) -> list[Raw]:
    behind = Raw(bytes(size))
    return [_jumping(bytes(3_000), 1_000, behind, 0), behind]


def _into_many_short_ones(size: int) -> list[Raw]:
    """Each is zeros and a header that jumps, as a value."""
    many = []
    for place in range(1, size // 1_700):
        jump = 1 + _before_value(Raw(bytes(1_702)), place + 1)
        many.append(Raw(bytes(1_700) + varint(0) + varint(jump)))
    return [_jumping(b"x", size // 2, many[0], 0), *many]


NEIGHBOURS_AS_HEADERS: dict[str, Callable[[int], list[Raw]]] = {
    "into_a_long_one": _into_a_long_one,
    "into_a_long_one_without_a_jump": _into_a_long_one_without_a_jump,
    "from_a_long_one": _from_a_long_one,
    "into_many_short_ones": _into_many_short_ones,
}
"""Records of about so many bytes; the zeros in them are headers without anything to who believes the first one."""


def records(rng: Maker, count: int) -> list[Raw]:
    """Ordinary ones."""
    made = []
    for place in range(count):
        value = rng.value(place)
        headers: list[tuple[bytes, bytes | None]] = [(b"own", b"1"), (b"null", None)] * rng.randrange(3)
        made.append(Raw(value, rng.choice((None, b"", b"key")), headers))
    return made


def spoilt(kind: str, name: str, rng: Maker, base: int = 0) -> Craft:
    """A batch in which one record is so."""
    made = records(rng, rng.randrange(1, 6))
    place = rng.randrange(len(made))
    (GOOD | BAD | LOST)[kind](made[place], rng)
    good = {at: record.value or b"" for at, record in enumerate(made)}
    if kind not in GOOD:
        good = {at: value for at, value in good.items() if at < place or (kind in BAD and at > place)}
    return Craft(of_records(made, name, base), len(made), good)


def packed(name: str, rng: Maker) -> tuple[list[Raw], int, bytes]:
    """Ordinary records, the number of the compression, and what it makes of them."""
    made = records(rng, rng.randrange(1, 6))
    number, close = CODECS[name]
    return made, number, close(b"".join(record.written(at) for at, record in enumerate(made)))


def trailed(name: str, rng: Maker, base: int = 0) -> Craft:
    """A compressed batch with something behind its end."""
    made, number, payload = packed(name, rng)
    behind = rng.choice((b"\0", bytes(30), b"\0\0", b"ab", rng.randbytes(rng.randrange(1, 40))))
    good = {at: record.value or b"" for at, record in enumerate(made)}
    if name == "snappy_raw":
        good = {}  # it has no end of its own
    return Craft(batch(payload + behind, len(made), base, attributes=number), len(made), good)


def broken_off(name: str, rng: Maker, base: int = 0) -> Craft:
    made, number, payload = packed(name, rng)
    return Craft(batch(payload[: rng.randrange(len(payload))], len(made), base, attributes=number), len(made), {})


def noisy(name: str, rng: Maker, base: int = 0) -> Craft:
    """A few bytes are others, in the records before they are compressed or afterwards."""
    inside = rng.random() < 0.5
    made, _, payload = packed("none" if inside else name, rng)
    flipped = bytearray(payload)
    _flip(flipped, rng)
    number, close = CODECS[name]
    raw = close(bytes(flipped)) if inside else bytes(flipped)
    return Craft(batch(raw, len(made), base, attributes=number), len(made), {})


def _flip(data: bytearray, rng: Random) -> None:
    for _ in range(rng.randrange(1, 6)):
        data[rng.randrange(min(len(data), rng.choice((40, len(data)))))] = rng.choice(
            (0, 127, 128, 255, rng.randrange(256))
        )


def miscounted(name: str, rng: Maker, base: int = 0) -> Craft:
    """The head says another number of records, or another compression."""
    made, number, payload = packed(name, rng)
    count = len(made)
    if rng.random() < 0.3:
        return Craft(batch(payload, count, base, attributes=rng.randrange(8)), count, {})
    told = rng.choice((0, -1, count + 1, count + 100, 1, 1 << 30, -(1 << 31)))
    last = rng.choice((count - 1, told - 1 if 0 < told < 1_000 else count - 1))
    return Craft(batch(payload, told, base, attributes=number, last=last), last + 1, {})


MADE: dict[str, Callable[[str, Maker, int], Craft]] = {
    "trailed": trailed,
    "broken_off": broken_off,
    "noisy": noisy,
    "miscounted": miscounted,
}
KINDS = (*GOOD, *BAD, *LOST, *MADE)


def craft(kind: str, name: str, rng: Maker, base: int = 0) -> Craft:
    """A batch of this kind, with this compression."""
    return MADE[kind](name, rng, base) if kind in MADE else spoilt(kind, name, rng, base)
