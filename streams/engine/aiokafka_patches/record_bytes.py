r"""Reads one record of a batch from its bytes by Kafka's format: every length is held against what is there.

A record is its size, an attributes byte, how far its time and its offset are from the batch's, key, value, and headers;
all numbers are zigzag varints. A header's name is bytes to Kafka; what is no UTF-8 in it is shown as `\xff`.
"""

from typing import NamedTuple

Headers = list[tuple[str, bytes | None]]

SLACK = bytes(64)
"""To be put behind a buffer: aiokafka's compiled reader may look some 20 bytes past the end before it notices."""
MAX_HEADERS = 1_000
"""Of one record. Kafka has no limit, and ten million empty ones fit into 30 KB of gzip."""
LEAST = 6
"""Bytes of the shortest record, without its size."""
_LONG = 2 * MAX_HEADERS
"""Bytes of a record; a shorter one has no room for more headers, each of which takes two, though it may say so."""
TOGETHER = 32
"""Records that the compiled reader gets at a time; as many short ones can be taken for 32,000 headers, not for more."""
_MOST_LOOKED_AT = 10_000
"""Records of a batch whose first bytes do not tell enough; with more of them it is read with care, bit by bit."""
_MORE = 0x80
_LONGEST_VARINT = 10
_WORD = 1 << 64


class RecordSegment(NamedTuple):
    """Bytes of records that stand one behind the other."""

    begin: int
    end: int
    records: int


class MalformedRecord(Exception):
    """Raised where bytes are not those of a record."""


class RecordBody(NamedTuple):
    """A record without its headers, of which there are `headers` from `at` on."""

    timestamp_delta: int
    offset_delta: int
    key: bytes | None
    value: bytes | None
    headers: int
    at: int


def sound_segments(buffer: bytes, at: int, end: int, count: int) -> list[RecordSegment]:
    """The records from `at` to `end`, in the pieces in which the compiled reader can be trusted with them.

    Empty where there are not exactly so many records, or one is not to be trusted. It runs for every record, so it
    looks at no more than it must: the sizes lead from record to record to the end, no attributes byte is one that
    aiokafka would take for a longer number, and nothing long has too many headers. How many headers a short record says
    it has is not looked at. The compiled reader believes it and reads on behind the record, but not behind the piece,
    which holds `TOGETHER` records at most, and nothing long behind a short one. `buffer` goes on for at least `SLACK`
    behind `end`.
    """
    segments: list[RecordSegment] = []
    begin, first, place, looked_at, looked = at, 0, 0, -1, 0
    while first < count:
        for place in range(first, min(first + TOGETHER, count)):
            step = _STEPS[buffer[at] << 8 | buffer[at + 1]]
            if not step or buffer[at + 2] >= _MORE:
                looked += 1
                step = _step(buffer, at, end) if looked <= _MOST_LOOKED_AT else 0
                if not step:
                    return []
                if place > max(first, looked_at + 1):
                    segments.append(RecordSegment(begin, at, place - first))
                    begin, first = at, place
                looked_at = place
            at += step
            if at > end:
                return []
        segments.append(RecordSegment(begin, at, place + 1 - first))
        begin, first = at, place + 1
    return segments if at == end else []


def behind(buffer: bytes, at: int, end: int, count: int) -> int:
    """Where so many records end that are sound."""
    for _ in range(count):
        at = at + step if (step := _STEPS[buffer[at] << 8 | buffer[at + 1]]) else read_size(buffer, at, end)[1]
    return at


def _steps() -> list[int]:
    """By the two bytes that a record begins with, how far it is to the next, where they alone say so."""
    steps = [0] * (1 << 16)
    for size in range(2 * LEAST, _MORE, 2):
        for attributes in range(_MORE):
            steps[size << 8 | attributes] = 1 + (size >> 1)
    for low in range(_MORE, 2 * _MORE, 2):
        for high in range(1, _LONG >> 6):
            steps[low << 8 | high] = 2 + ((low & 0x7F | high << 7) >> 1)
    return steps


_STEPS = _steps()


def _step(buffer: bytes, at: int, end: int) -> int:
    """The same for any record; 0 where it is not to be trusted."""
    try:
        begin, after = read_size(buffer, at, end)
        if buffer[begin] >= _MORE or not 0 <= _headers(buffer, begin, after) <= MAX_HEADERS:
            return 0
    except MalformedRecord:
        return 0
    return after - at


def _headers(buffer: bytes, at: int, end: int) -> int:
    """How many of them a record says it has, without a copy of what stands before that. Raises `MalformedRecord`."""
    _, at = _varint(buffer, at + 1, end)
    _, at = _varint(buffer, at, end)
    for _ in ("key", "value"):
        length, at = _length(buffer, at, end)
        at += max(0, length)
    return _varint(buffer, at, end)[0]


def read_size(buffer: bytes, at: int, end: int) -> tuple[int, int]:
    """Where a record begins behind its size, and where it ends. Raises `MalformedRecord` where no record can begin."""
    size, at = _varint(buffer, at, end)
    if size < LEAST or size > end - at:
        raise MalformedRecord
    return at, at + size


def read_body(buffer: bytes, at: int, end: int) -> RecordBody:
    """What is between a record's size and its headers. Raises `MalformedRecord`."""
    timestamp_delta, at = _varint(buffer, at + 1, end)
    offset_delta, at = _varint(buffer, at, end)
    key, at = _bytes(buffer, at, end)
    value, at = _bytes(buffer, at, end)
    headers, at = _varint(buffer, at, end)
    if headers < 0:
        raise MalformedRecord
    return RecordBody(timestamp_delta, offset_delta, key, value, headers, at)


def read_headers(buffer: bytes, body: RecordBody, end: int) -> Headers:
    """The headers, which end where the record does. Raises `MalformedRecord`."""
    at, headers = body.at, []
    for _ in range(body.headers):
        name, at = _bytes(buffer, at, end)
        value, at = _bytes(buffer, at, end)
        if name is None:
            raise MalformedRecord
        headers.append((name.decode(errors="backslashreplace"), value))
    if at != end:
        raise MalformedRecord
    return headers


def signed(number: int) -> int:
    """A sum as a computer's words of 64 bits hold it."""
    return (number + _WORD // 2) % _WORD - _WORD // 2


def _bytes(buffer: bytes, at: int, end: int) -> tuple[bytes | None, int]:
    """What a length leads; None where the length is below zero."""
    length, at = _length(buffer, at, end)
    return (None, at) if length < 0 else (buffer[at : at + length], at + length)


def _length(buffer: bytes, at: int, end: int) -> tuple[int, int]:
    """A length, and where begins what is so long. Raises `MalformedRecord` where it does not end in time."""
    length, at = _varint(buffer, at, end)
    if length > end - at:
        raise MalformedRecord
    return length, at


def _varint(buffer: bytes, at: int, end: int) -> tuple[int, int]:
    number = 0
    for place in range(_LONGEST_VARINT):
        if at >= end:
            break
        byte = buffer[at]
        at += 1
        number |= (byte & 0x7F) << 7 * place
        if byte < _MORE:
            number %= _WORD
            return number >> 1 ^ -(number & 1), at
    raise MalformedRecord
