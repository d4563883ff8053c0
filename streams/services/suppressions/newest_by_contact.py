"""The newest of each contact while a topic is read, in a temporary file, since a million of them would fill the memory.

The file has no name and is gone with the process. What is in it is what the topic has: contact_ids, no address.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from streams.services.suppressions.closed_channels import Closing

Value = TypeVar("Value", bound=tuple[object, ...])
_AT_ONCE = 20_000
_CACHE_KIB = 32_768
_CLOSING = "reason, since, until"


class Link(NamedTuple):
    """Whom an absorbed contact_id belongs to."""

    survivor: str


class Shelf:
    """Closings and links by contact_id. `put` takes the latest of each, None for no longer; `flush` before asking."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self.closings = _Latest[Closing](self._database, "closings", _CLOSING)
        self.links = _Latest[Link](self._database, "links", "survivor")

    def every(self) -> Iterator[tuple[str, Closing]]:
        """Every contact that is closed, by contact_id."""
        every = f"SELECT id, {_CLOSING} FROM closings ORDER BY id"  # nosec B608 # nothing in it is from outside
        for contact_id, *closing in self._database.execute(every):
            yield contact_id, Closing(*closing)

    def of(self, hashes: Sequence[str], at: int) -> Closing | None:
        """The latest closing that is not over of anyone whom these identifiers name; None: nobody of them is closed."""
        marks = ", ".join("?" * len(hashes))
        found = self._database.execute(
            f"SELECT {_CLOSING} FROM closings WHERE id IN ({marks})"  # nosec B608 # question marks
            f" OR id IN (SELECT survivor FROM links WHERE id IN ({marks}))",
            (*hashes, *hashes),
        )
        binding = (one for row in found if not (one := Closing(*row)).is_over(at))
        return max(binding, key=lambda one: one.since, default=None)

    def close(self) -> None:
        """Let go of the file, and so of all that is in it."""
        self._database.close()


class _Latest(Generic[Value]):
    """A table of which each key has the value that was put last."""

    def __init__(self, database: sqlite3.Connection, name: str, columns: str) -> None:
        self._database = database
        marks = ", ".join("?" * (columns.count(",") + 2))
        self._insert = f"INSERT OR REPLACE INTO {name} VALUES ({marks})"  # nosec B608 # question marks
        self._delete = f"DELETE FROM {name} WHERE id = ?"  # nosec B608 # a table of ours
        self._pending: dict[str, Value | None] = {}
        database.execute(f"CREATE TABLE {name} (id TEXT PRIMARY KEY, {columns}) WITHOUT ROWID")

    def put(self, contact_id: str, value: Value | None) -> None:
        """Take the next that is said of a contact."""
        self._pending[contact_id] = value
        if len(self._pending) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what is pending."""
        pending, self._pending = self._pending, {}
        self._database.execute("BEGIN")
        self._database.executemany(self._insert, ((id_, *value) for id_, value in pending.items() if value is not None))
        self._database.executemany(self._delete, ((id_,) for id_, value in pending.items() if value is None))
        self._database.execute("COMMIT")
