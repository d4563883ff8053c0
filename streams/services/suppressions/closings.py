"""Closed channels by contact: reads `contact-suppressions` and `contact-links`, and keeps the newest."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import orjson

from events.interactions.base import Channel
from events.times import parse_time


class Closing(NamedTuple):
    """A channel that is closed to everyone: why, since when, and until when if not for ever; times in ms since 1970."""

    reason: str
    since: int
    until: int | None = None

    def is_over(self, at: int) -> bool:
        """Whether the closing has ended by a time."""
        return self.until is not None and self.until <= at


def closing_of(value: bytes | None, channel: Channel) -> Closing | None:
    """The closing of a channel in a value of `contact-suppressions`; None: it is open."""
    said = None if value is None else orjson.loads(value).get(channel)
    if said is None:
        return None
    until = said.get("until")
    return Closing(said["reason"], parse_time(said["since"]) or 0, None if until is None else parse_time(until))


Value = TypeVar("Value", bound=tuple[object, ...])
_AT_ONCE = 20_000
_CACHE_KIB = 32_768
_CLOSING = "reason, since, until"


class ContactLink(NamedTuple):
    """The canonical id of a contact_id that was merged into another."""

    survivor: str


class ClosingStore:
    """Closings and links by contact_id, in a temporary file: a million of them would fill the memory.

    `put` takes the latest of each, None for one that is no more; call `flush` before reading. The file has no name, is
    gone with the process, and holds what the topics hold: contact_ids, no address.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self.closings = _Latest[Closing](self._database, "closings", _CLOSING)
        self.links = _Latest[ContactLink](self._database, "links", "survivor")

    def every(self) -> Iterator[tuple[str, Closing]]:
        """All contacts with a closing, ordered by contact_id."""
        every = f"SELECT id, {_CLOSING} FROM closings ORDER BY id"  # nosec B608 # nothing in it is from outside
        for contact_id, *closing in self._database.execute(every):
            yield contact_id, Closing(*closing)

    def of(self, hashes: Sequence[str], at: int) -> Closing | None:
        """The latest closing, not over at `at`, of anyone whom these identifiers name; None: none of them is closed."""
        marks = ", ".join("?" * len(hashes))
        found = self._database.execute(
            f"SELECT {_CLOSING} FROM closings WHERE id IN ({marks})"  # nosec B608 # question marks
            f" OR id IN (SELECT survivor FROM links WHERE id IN ({marks}))",
            (*hashes, *hashes),
        )
        binding = (one for row in found if not (one := Closing(*row)).is_over(at))
        return max(binding, key=lambda one: one.since, default=None)

    def close(self) -> None:
        """Delete the file."""
        self._database.close()


class _Latest(Generic[Value]):
    """A table with the value last put for each key."""

    def __init__(self, database: sqlite3.Connection, name: str, columns: str) -> None:
        self._database = database
        marks = ", ".join("?" * (columns.count(",") + 2))
        self._insert = f"INSERT OR REPLACE INTO {name} VALUES ({marks})"  # nosec B608 # question marks
        self._delete = f"DELETE FROM {name} WHERE id = ?"  # nosec B608 # a table of ours
        self._pending: dict[str, Value | None] = {}
        database.execute(f"CREATE TABLE {name} (id TEXT PRIMARY KEY, {columns}) WITHOUT ROWID")

    def put(self, contact_id: str, value: Value | None) -> None:
        """Replace the value of a contact; None removes it."""
        self._pending[contact_id] = value
        if len(self._pending) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write pending values into the file."""
        pending, self._pending = self._pending, {}
        self._database.execute("BEGIN")
        self._database.executemany(self._insert, ((id_, *value) for id_, value in pending.items() if value is not None))
        self._database.executemany(self._delete, ((id_,) for id_, value in pending.items() if value is None))
        self._database.execute("COMMIT")


def read_closings(records: Iterable[Any], channel: Channel, store: ClosingStore) -> None:
    """Read records of `contact-suppressions`, in order, into the store."""
    for record in records:
        store.closings.put(record.key.decode(), closing_of(record.value, channel))
    store.closings.flush()


def read_links(records: Iterable[Any], store: ClosingStore) -> None:
    """Read records of `contact-links`, in order, into the store."""
    for record in records:
        link = None if record.value is None else ContactLink(orjson.loads(record.value)["merged_into"])
        store.links.put(record.key.decode(), link)
    store.links.flush()
