"""The desk: one SQLite file with the figures of the console. This module opens it.

`harmonia console follow` is the one writer; any number of processes of the same machine read it meanwhile (WAL). All of
it follows from topics, so a desk that is damaged, or of a schema that this version does not know, is thrown away
and filled again. Times are milliseconds since 1970, money is minor units of a currency, and what was not said is '' in
a series and NULL elsewhere.
Only its owner may read the file (0600): it has what interactions say of people, though no address and no name.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import orjson

from streams.services.console.desk_schema import FROM_NOTHING, SCHEMA

STEPS_BETWEEN = 200_000
"""Steps of SQLite's machine, some ten milliseconds of them, after which a query is asked whether it is to end.

More often would cost more than the query: each time the thread has to wait for its turn with all others of Python's.
"""
Row = tuple[Any, ...]


class DeskMissing(Exception):
    """There is no desk that can be read: nobody follows yet, or another version of Harmonia has written it."""


class Desk:
    """One connection to a desk. Not for several threads at once.

    `Desk.open(path)` reads; `Desk.create(path)` is for the one writer, and makes the file where there is none.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, *, packs: bool = False) -> None:
        self._connection = connection
        self._packs = packs
        self._packed: dict[str, str] = {}
        self.path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a desk for reading. Raises `DeskMissing`."""
        try:
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA busy_timeout = 2000")
            connection.execute("PRAGMA mmap_size = 1073741824")
            desk = cls(connection, path, packs=True)
            number = desk.one("PRAGMA user_version")
        except sqlite3.Error as error:
            raise DeskMissing(f"HARMONIA_DESK: there is no desk at {path}: run `harmonia console follow`") from error
        if number != (SCHEMA,):
            connection.close()
            raise DeskMissing(f"HARMONIA_DESK: {path} is of another version: run `harmonia console follow` of this one")
        return desk

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open a desk for writing; one of another schema, or what is no desk, is replaced by an empty one.

        Raises OSError, and `sqlite3.OperationalError` where another process writes to it.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        desk = cls._opened(path)
        if desk is None:
            remove_desk(path)
            desk = cls._opened(path)
        if desk is None:
            raise sqlite3.OperationalError(f"{path} cannot be made a desk")
        return desk

    @classmethod
    def _opened(cls, path: Path) -> Self | None:
        path.touch(mode=0o600)
        path.chmod(0o600)
        desk = cls(sqlite3.connect(path, isolation_level=None, check_same_thread=False), path)
        try:
            for setting in _OF_THE_WRITER:
                desk.run(f"PRAGMA {setting}")
            if desk.one("PRAGMA user_version") == (0,) and desk.one("SELECT count(*) FROM sqlite_schema") == (0,):
                desk._make_tables()
            if desk.one("PRAGMA user_version") == (SCHEMA,):
                return desk
        except sqlite3.OperationalError:
            desk.close()
            raise
        except sqlite3.DatabaseError:  # damaged, or no SQLite file
            pass
        desk.close()
        return None

    def _make_tables(self) -> None:
        """Give an empty desk the present schema."""
        with self.transaction():
            for statement in FROM_NOTHING:
                self.run(statement)
            self.run(f"PRAGMA user_version = {SCHEMA}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that the block writes, or nothing of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that the block reads is of one moment."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def interrupted_when(self, is_over: Callable[[], bool]) -> Iterator[None]:
        """A query of the block ends with `sqlite3.OperationalError` once `is_over`, asked all along, says so."""
        self._connection.set_progress_handler(is_over, STEPS_BETWEEN)
        try:
            yield
        finally:
            self._connection.set_progress_handler(None, STEPS_BETWEEN)

    def rows(self, sql: str, args: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """All rows of a query. Those of a desk that is read have no bytes in them.

        There they come packed into one, as JSON: a thread gives its turn away with each row and waits for the next one,
        up to five milliseconds while pages are made beside it, so a thousand rows would take seconds.
        """
        if not self._packs:
            return self._connection.execute(sql, args).fetchall()
        packed = self._packed.get(sql)
        if packed is None:
            packed = self._packed[sql] = self._packing(sql, args)
        [text] = self._connection.execute(packed, args).fetchone()
        return [tuple(row) for row in orjson.loads(text)]

    def _packing(self, sql: str, args: Sequence[object] | Mapping[str, object]) -> str:
        """A query that has all rows of another one as an array of arrays."""
        found = self._connection.execute(f"SELECT * FROM ({sql}) LIMIT 0", args).description  # nosec B608 # a query of ours
        columns = ", ".join(f"c{number}" for number in range(len(found)))
        return f"WITH packed ({columns}) AS ({sql}) SELECT json_group_array(json_array({columns})) FROM packed"  # nosec B608 # the same

    def one(self, sql: str, args: Sequence[object] | Mapping[str, object] = ()) -> Row | None:
        """The first row of a query."""
        found: Row | None = self._connection.execute(sql, args).fetchone()
        return found

    def run(self, sql: str, args: Sequence[object] | Mapping[str, object] = ()) -> int:
        """Run a statement. Returns how many rows it changed."""
        return self._connection.execute(sql, args).rowcount

    def run_many(self, sql: str, args: Sequence[Sequence[object]]) -> int:
        """Run a statement once for each of many arguments. Returns how many rows were changed."""
        return self._connection.executemany(sql, args).rowcount

    def meta(self, name: str) -> Any:
        """A value that the desk keeps about itself; None where there is none."""
        found = self.one("SELECT value FROM meta WHERE name = ?", (name,))
        return None if found is None else found[0]

    def set_meta(self, name: str, value: object) -> None:
        """Keep a value about the desk itself."""
        self.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value))


_OF_THE_WRITER = (
    "secure_delete = ON",
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "temp_store = MEMORY",
    "cache_size = -131072",
    "busy_timeout = 2000",
    "wal_autocheckpoint = 4000",
)


def remove_desk(path: Path) -> None:
    """Delete the file of a desk, and what SQLite keeps beside it."""
    for beside in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + beside).unlink(missing_ok=True)


def replace_desk(path: Path, new: Path) -> None:
    """Put a desk in the place of another one. Nobody may write to either; both journals must be empty.

    Who reads the old one goes on with it until opening it again.
    """
    for beside in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
