"""A sink in memory that keeps every promise of `Sink`: for tests, and to read what a sink has to do."""

import math
import time
from collections.abc import Callable, Sequence
from copy import copy
from typing import Self

from events.identifiers import is_identity_hash
from events.topics import CONTACT_STATE
from sinks.base import Completeness, ContactChange, Position, StoredContact
from sinks.keys import partition_of


class MemoryPositions:
    """The positions of a sink in memory; a subclass adds `write` and `clear`.

    `told_whole`: the last statement for readers, by topic and partition. `stale_after`: seconds of `clock`, which may
    be any clock that does not jump.
    """

    def __init__(self, topic: str, stale_after: float, clock: Callable[[], float]) -> None:
        self._positions: dict[tuple[str, int], tuple[Position, float]] = {}
        self.told_whole: dict[tuple[str, int], Completeness] = {}
        self.topic = topic
        self._stale_after = stale_after
        self._clock = clock

    def reading(self, topic: str) -> Self:
        """See Sink."""
        other = copy(self)
        other.topic = topic
        return other

    async def position(self, partition: int) -> Position | None:
        """See Sink."""
        return None if self._stale(partition) else self._at(partition)

    async def touch(self, partition: int, position: Position) -> bool:
        """See Sink."""
        if self._at(partition) != position or self._stale(partition):
            return False
        self._move(partition, position)
        return True

    async def whole(self, partition: int, position: Position, standing: Completeness) -> bool:
        """See Sink."""
        if not await self.touch(partition, position):
            return False
        self.told_whole[self.topic, partition] = standing
        return True

    async def close(self) -> None:
        """See Sink. There is nothing to close."""

    def _forget_positions(self, partition: int) -> None:
        for place in [known for known in self._positions if known[1] == partition]:
            del self._positions[place]
            self.told_whole.pop(place, None)

    def _at(self, partition: int) -> Position | None:
        known = self._positions.get((self.topic, partition))
        return None if known is None else known[0]

    def _stale(self, partition: int) -> bool:
        known = self._positions.get((self.topic, partition))
        return known is not None and abs(self._clock() - known[1]) > self._stale_after

    def _move(self, partition: int, position: Position) -> None:
        self._positions[self.topic, partition] = position, self._clock()


class MemorySink(MemoryPositions):
    """A ContactSink in two dicts: `contacts` by contact_id, `identities` from a hashed identifier to its contact_id.

    For the parameters see `MemoryPositions`.
    """

    def __init__(self, stale_after: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(CONTACT_STATE, stale_after, clock)
        self.contacts: dict[str, StoredContact] = {}
        self.identities: dict[str, str] = {}

    async def clear(self, partition: int, partitions: int) -> None:
        """See Sink."""
        self._forget_positions(partition)
        for contact_id in [known for known in self.contacts if partition_of(known, partitions) == partition]:
            del self.contacts[contact_id]
            self.identities.pop(contact_id, None)

    async def write(
        self, partition: int, changes: Sequence[ContactChange], before: Position | None, after: Position
    ) -> bool:
        """See Sink."""
        if self._at(partition) != before or self._stale(partition):
            return False
        for change in changes:
            known = self.contacts.get(change.contact_id)
            if change.alone or change.forgotten:
                self._remove(change)
            elif known is None or change.version > known.version:
                self._take(change)
        self._move(partition, after)
        return True

    def flush(self) -> None:
        """Lose everything, as Redis does when it is flushed."""
        self.contacts.clear()
        self.identities.clear()
        self._positions.clear()
        self.told_whole.clear()

    def _remove(self, change: ContactChange) -> None:
        known = self.contacts.get(change.contact_id)
        if known is None or known.version >= change.version:
            return
        if change.forgotten or known.merged_into is not None:
            del self.contacts[change.contact_id]
            self.identities.pop(change.contact_id, None)

    def _take(self, change: ContactChange) -> None:
        erased = change.profile is None and change.merged_into is None
        merged_into = change.merged_into if change.profile is None else None
        self.contacts[change.contact_id] = StoredContact(change.version, change.profile, merged_into, erased)
        if not is_identity_hash(change.contact_id):
            return
        if erased:
            self.identities.pop(change.contact_id, None)
        else:
            self.identities[change.contact_id] = merged_into or change.contact_id
