"""Dead letters: records that were refused or held, read with all that their headers tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from zlib import crc32

import orjson

from events.cloudevents import is_binary
from events.dead_letters import DeadLetter, Headers, Origin
from events.fields import MAX_RECORD_BYTES
from events.refusal import Refusal
from events.requeued import Requeued, history_of, own_headers
from events.times import parse_time


class RecordPosition(NamedTuple):
    """The topic, partition and offset of a record."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class DeclaredType(NamedTuple):
    """The source and type that a record declares, as far as they can be read."""

    source: str | None
    type: str | None


@dataclass(frozen=True)
class Letter:
    """One record of `dead-letters` or `quarantine`.

    `place`: of the letter itself; `origin`: of the refused record. `time`: when it was refused, ms. `record_time`: the
    timestamp of the record when it was first refused, ms. `headers`: those of its producer. `history`: each time that
    it was sent anew before.
    """

    place: RecordPosition
    origin: Origin
    refusal: Refusal
    time: int
    record_time: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    history: tuple[Requeued, ...] = ()

    @cached_property
    def declared(self) -> DeclaredType:
        """The source and type that the record declares."""
        return read_declared_type(self.value, self.headers)

    @property
    def origin_place(self) -> RecordPosition:
        """The position of the record that was refused."""
        return RecordPosition(self.origin.topic, self.origin.partition, self.origin.offset)

    @property
    def name(self) -> str:
        """An identifier of the refused record, the same for each of its letters.

        The checksum tells it from a record of a recreated topic, whose offsets begin at 0 again; it is too short to
        tell anything of the value.
        """
        return f"{self.origin_place}/{crc32(self.value or b''):08x}"

    @property
    def first_refused(self) -> int:
        """When the record was refused for the first time, ms."""
        told = parse_time(self.history[0].refused) if self.history else None
        return self.time if told is None else told


def read_letter(place: RecordPosition, key: bytes | None, value: bytes | None, headers: Headers) -> Letter | None:
    """The dead letter in a record; None: the headers are not those of one."""
    found = DeadLetter.of(headers)
    if found is None:
        return None
    own, history = own_headers(headers), history_of(headers)
    return Letter(place, found.origin, found.refusal, found.time, found.record_time, key, value, own, history)


def read_declared_type(value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> DeclaredType:
    """Source and type of a record in binary or structured mode, whatever else is wrong; too large ones stay unread."""
    if headers and is_binary(headers):
        named = {name: text.decode(errors="replace") for name, text in headers if text is not None}
        return DeclaredType(named.get("ce_source") or None, named.get("ce_type") or None)
    if value is None or len(value) > MAX_RECORD_BYTES:
        return DeclaredType(None, None)
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return DeclaredType(None, None)
    if not isinstance(event, dict):
        return DeclaredType(None, None)
    return DeclaredType(_text(event.get("source")), _text(event.get("type")))


def _text(found: object) -> str | None:
    return found if isinstance(found, str) and found else None
