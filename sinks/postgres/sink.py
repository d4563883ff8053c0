"""The sinks on PostgreSQL: contacts with typed columns, and other topics by key. Positions move with their rows.

Readers must never see fewer rows. So `clear` deletes nothing that they see: it forgets the positions and begins a new
epoch, into which the partition is read again; views show the one before until the sink is told that all is there.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import Generic, Self, TypeVar

from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import Completeness, ContactChange, Position
from sinks.batch import ROW_BYTES, cut_to_size, newest_changes, weight_of
from sinks.postgres.database import PostgresDatabase, RefusedValue
from sinks.postgres.rows import (
    CONTACT_COLUMNS,
    RecordChange,
    StoredJson,
    as_columns,
    contact_row,
    newest_records,
    stored_json,
)

logger = logging.getLogger(__name__)

CONTACTS = "contacts"
"""The store of contacts, which two topics fill; that of another topic bears its name."""
CONTACT_TOPICS = (CONTACT_STATE, CONTACT_LINKS)
CALL_BYTES = 4 << 20
SWEPT_AT_ONCE = 5_000
"""Rows that no view shows and that one call deletes, at most."""

ChangeT = TypeVar("ChangeT", ContactChange, RecordChange)


def _calling(function: str, arguments: int) -> str:
    return f"SELECT harmonia.{function}({', '.join(f'${number}' for number in range(1, arguments + 1))})"


WRITE_CONTACTS = _calling("write_contacts", 12 + CONTACT_COLUMNS)
WRITE_RECORDS = _calling("write_records", 12)


class PostgresSink(ABC, Generic[ChangeT]):
    """What both sinks have in common; a subclass says how changes are stored.

    `store`: whose rows and epochs they are. `topics`: that fill it; all of them must be whole for an epoch to be shown.
    `stale_after`: seconds of the server's clock that a position may be old.
    """

    def __init__(self, database: PostgresDatabase, store: str, topics: Sequence[str], *, stale_after: float) -> None:
        self._database = database
        self._store = store
        self._topics = tuple(topics)
        self._stale_after = stale_after
        self.topic = topics[0]

    def reading(self, topic: str) -> Self:
        """See Sink."""
        if topic not in self._topics:
            raise ValueError(topic)
        other = copy(self)
        other.topic = topic
        return other

    async def position(self, partition: int) -> Position | None:
        """See Sink."""
        found = await self._database.call(
            "SELECT ARRAY[topic_id, next_offset::text] FROM harmonia.positions "
            "WHERE topic = $1 AND part = $2 AND harmonia.is_young(written_at, $3)",
            self.topic,
            partition,
            self._stale_after,
        )
        return None if found is None else Position(found[0], int(found[1]))

    async def touch(self, partition: int, position: Position) -> bool:
        """See Sink."""
        moved = await self._database.call(
            "SELECT harmonia.move($1, $2, $3, $4, $5, $6, $7, $8)", *self._move(partition, position, position)
        )
        return moved is not None

    async def whole(self, partition: int, position: Position, standing: Completeness) -> bool:
        """See Sink. What no view shows any more is deleted then."""
        told = await self._database.call(
            "SELECT harmonia.tell_whole($1, $2, $3, $4, $5, $6, $7, $8)",
            self._store,
            self._topics,
            self.topic,
            partition,
            self._stale_after,
            *position,
            float(standing.age_ms),
        )
        if told:
            await self._sweep(partition)
        return bool(told)

    async def clear(self, partition: int, partitions: int) -> None:
        """See Sink. Readers keep what they see; of epochs that were given up nothing is left."""
        await self._database.call("SELECT harmonia.begin_epoch($1, $2)", self._store, partition)
        await self._sweep(partition)

    async def write(self, partition: int, changes: Sequence[ChangeT], before: Position | None, after: Position) -> bool:
        """See Sink. Parts of a long run are calls of their own, and only the last moves the position."""
        parts = self._parts(changes)
        stay, stands = before or Position(after.topic_id, 0), before
        for number, part in enumerate(parts, start=1):
            to = after if number == len(parts) else stay
            if not await self._write_part(partition, part, stands, to):
                return False
            stands = to
        return True

    async def close(self) -> None:
        """See Sink."""
        await self._database.close()

    async def _write_part(self, partition: int, part: Sequence[ChangeT], before: Position | None, to: Position) -> bool:
        """Store a part and move the position; where PostgreSQL refuses a value the part is halved until it is found."""
        move = self._move(partition, before, to)
        try:
            return await self._store_part(part, move)
        except RefusedValue as refused:
            why = str(refused)
        if len(part) > 1:
            half, stay = len(part) // 2, before or Position(to.topic_id, 0)
            first = await self._write_part(partition, part[:half], before, stay)
            return first and await self._write_part(partition, part[half:], stay, to)
        logger.warning("%s, partition %d: a value is not taken as it is (%s)", self.topic, partition, why)
        try:
            return await self._store_part(part, move, is_refused=True)
        except RefusedValue:  # its key is no text that PostgreSQL takes, so the record is none of Harmonia's making
            return await self._store_part((), move)

    @abstractmethod
    def _parts(self, changes: Sequence[ChangeT]) -> list[Sequence[ChangeT]]:
        """The changes in parts that one statement takes, the newest of each key."""

    @abstractmethod
    async def _store_part(self, part: Sequence[ChangeT], move: Sequence[object], *, is_refused: bool = False) -> bool:
        """Write a part and move the position in one statement; False: another owner has moved it."""

    async def _sweep(self, partition: int) -> None:
        call = "SELECT harmonia.sweep($1, $2, $3)"
        while await self._database.call(call, self._store, partition, SWEPT_AT_ONCE):
            pass

    def _move(self, partition: int, before: Position | None, after: Position) -> list[object]:
        found: tuple[str | None, int | None] = (None, None) if before is None else before
        return [self._store, self.topic, partition, self._stale_after, *found, *after]


class PostgresContacts(PostgresSink[ContactChange]):
    """The ContactSink on PostgreSQL: views `contacts` and `contact_links`, and those made of them."""

    def __init__(self, database: PostgresDatabase, *, stale_after: float) -> None:
        super().__init__(database, CONTACTS, CONTACT_TOPICS, stale_after=stale_after)

    def _parts(self, changes: Sequence[ContactChange]) -> list[Sequence[ContactChange]]:
        return [*cut_to_size(newest_changes(changes), CALL_BYTES, weight_of)]

    async def _store_part(
        self, part: Sequence[ContactChange], move: Sequence[object], *, is_refused: bool = False
    ) -> bool:
        alone = [(each.contact_id, str(each.version)) for each in part if each.alone]
        forgotten = [(each.contact_id, str(each.version)) for each in part if not each.alone and each.forgotten]
        rows = [contact_row(each, is_refused=is_refused) for each in part if not each.alone and not each.forgotten]
        columns = [*as_columns(alone, 2), *as_columns(forgotten, 2), *as_columns(rows, CONTACT_COLUMNS)]
        return bool(await self._database.call(WRITE_CONTACTS, *move, *columns))


class PostgresRecords(PostgresSink[RecordChange]):
    """The sink of one topic other than those of contacts, by key."""

    def __init__(self, database: PostgresDatabase, topic: str, *, stale_after: float) -> None:
        super().__init__(database, topic, (topic,), stale_after=stale_after)

    def _parts(self, changes: Sequence[RecordChange]) -> list[Sequence[RecordChange]]:
        return [*cut_to_size(newest_records(changes), CALL_BYTES, lambda each: ROW_BYTES + len(each.value or b""))]

    async def _store_part(
        self, part: Sequence[RecordChange], move: Sequence[object], *, is_refused: bool = False
    ) -> bool:
        gone = [each.key for each in part if each.value is None]
        kept = [(each.key, each.value) for each in part if each.value is not None]
        rows = [(key, *(StoredJson(None, value) if is_refused else stored_json(value))) for key, value in kept]
        return bool(await self._database.call(WRITE_RECORDS, *move, gone, *as_columns(rows, 3)))
