"""Which held records were sent anew, from the notes that `release` writes, and how many still wait."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from events.json_types import UNREADABLE
from events.topics import QUARANTINE

_FARTHEST = 1 << 28
"""No note is kept of an offset beyond: a byte is kept of each."""


class _Note(Struct):
    letter: str


_read = msgspec.json.Decoder(_Note).decode


class Released:
    """Notes of letters in `quarantine`; those of other topics are passed over."""

    def __init__(self) -> None:
        self._known: dict[int, bytearray] = {}

    def hear(self, note: bytes | None) -> None:
        """Take the value of a record of `dead-letters-requeued`."""
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
        """Whether the record there was sent anew."""
        known = self._known.get(partition, b"")
        return offset < len(known) and known[offset] == 1

    def waiting(self, starts: Mapping[int, int], ends: Mapping[int, int]) -> int:
        """How many wait, by where the partitions begin and end."""
        return sum(
            end - starts.get(number, 0) - self._known.get(number, bytearray()).count(1, starts.get(number, 0), end)
            for number, end in ends.items()
        )
