"""Held records: how many of each source wait to be released, and the list of sources as it may be shown to anybody."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from events.json_types import UNREADABLE
from events.times import parse_time, render_time
from events.topics import QUARANTINE
from streams.domain.display_names import named
from streams.domain.messages import CodedMessage, Field, Instant, message
from streams.domain.quarantine.quarantines import Quarantine

_FARTHEST = 1 << 28
"""Offsets from here on are ignored, since a byte is kept for each."""


class _Note(Struct):
    letter: str


_read = msgspec.json.Decoder(_Note).decode


class ReleasedRecords:
    """Which records of `quarantine` were released, from the records of `dead-letters-requeued`."""

    def __init__(self) -> None:
        self._known: dict[int, bytearray] = {}

    def take(self, note: bytes | None) -> None:
        """Take the value of a record of `dead-letters-requeued`; those about other topics are passed over."""
        try:
            topic, _, place = _read(note or b"").letter.partition("/")
            partition, offset = map(int, place.split("/"))
        except (*UNREADABLE, ValueError):
            return
        if topic == QUARANTINE and 0 <= offset < _FARTHEST and partition >= 0:
            known = self._known.setdefault(partition, bytearray())
            known.extend(bytes(max(0, offset + 1 - len(known))))
            known[offset] = 1

    def has(self, partition: int, offset: int) -> bool:
        """Whether the record at this place was released."""
        known = self._known.get(partition, b"")
        return offset < len(known) and known[offset] == 1

    def waiting(self, starts: Mapping[int, int], ends: Mapping[int, int]) -> int:
        """How many records wait to be released, given the first offset and the end of each partition."""
        return sum(
            end - starts.get(number, 0) - self._known.get(number, bytearray()).count(1, starts.get(number, 0), end)
            for number, end in ends.items()
        )


@dataclass(frozen=True, slots=True)
class ListedSource:
    """A source that is in quarantine or of which held records wait, as it may be shown to anybody.

    `source`: its name, or `*` where that may be an address. `since` and `until`: of its quarantine, RFC 3339; None: it
    was let go. `waiting`: how many of its records are held and not released yet.
    """

    source: str
    since: str | None
    until: str | None
    held_now: bool
    waiting: int


def list_sources(known: Mapping[str, Quarantine], waiting: Mapping[str, int], now: int) -> list[ListedSource]:
    """Sources in quarantine or with records that wait: those in quarantine first, then by the most records."""
    found = []
    for source in known.keys() | waiting.keys():
        quarantine, count = known.get(source), waiting.get(source, 0)
        held_now = quarantine is not None and now < quarantine.until
        if held_now or count:
            since = None if quarantine is None else render_time(quarantine.since)
            until = None if quarantine is None else render_time(quarantine.until)
            found.append(ListedSource(named(source), since, until, held_now, count))
    return sorted(found, key=lambda each: (not each.held_now, -each.waiting, each.source))


def quarantine_message(each: ListedSource) -> CodedMessage:
    """Since when a source is in quarantine and how many records wait; without its name."""
    if each.since is None or each.until is None:
        return message("source.let_go", waiting=each.waiting)
    if each.held_now:
        return message("source.in_quarantine", since=instant_of(each.since), waiting=each.waiting)
    since, until = instant_of(each.since), instant_of(each.until)
    return message("source.was_in_quarantine", since=since, until=until, waiting=each.waiting)


def instant_of(time: str) -> Field:
    """A time of a listed source; one that cannot be read stays text."""
    at = parse_time(time)
    return time if at is None else Instant(at)
