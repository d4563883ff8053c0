"""How far a run has come: a file in Harmonia's home, from which one that was interrupted goes on.

In it are the vendor's ids and keyed hashes of those on its list; no address, name or number. It is its owner's alone,
and is deleted when the run has ended.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import orjson

from streams.domain.vendors.reconciling import ListedPerson
from streams.platform.errors import Unusable

FOLDER = "vendors"
OLDEST_S = 86_400.0
"""What was read longer ago is read anew."""
_FORMAT = "1"
_TABLES = """
CREATE TABLE IF NOT EXISTS said (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (key TEXT PRIMARY KEY, handle TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, key TEXT, names TEXT, refs TEXT, closed INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS due (act TEXT, id TEXT, PRIMARY KEY (act, id)) WITHOUT ROWID;
"""
_PERSON = "people.id, people.key, names, refs, closed"


class ReadPerson(NamedTuple):
    """A person as read, and by what the tag is taken off; None: is not held."""

    person: ListedPerson
    handle: str | None


class SyncJournal:
    """The file of one kind of run. `account`: whose list it is; of another account, or too old, it is begun anew.

    Raises `Unusable` where another run has it. To be closed by whoever opened it.
    """

    def __init__(self, home: Path, name: str, account: str, now: float) -> None:
        folder = home / FOLDER
        self._path = folder / f"{name}.sqlite"
        self._lock = folder / f"{name}.lock"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held_lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unusable(f"HARMONIA_HOME: {self._lock}: {error.strerror}") from None
        try:
            fcntl.flock(self._held_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._held_lock)
            raise Unusable(f"{name}: another run of this is at work; wait for its end") from None
        self._database = self._open(account, now)

    def _open(self, account: str, now: float) -> sqlite3.Connection:
        try:
            database = self._connect()
            begun = dict(database.execute("SELECT name, value FROM said"))
        except sqlite3.DatabaseError:  # spoilt by a full disk, or none of ours: what it had can be read again
            self._unlink()
            database, begun = self._connect(), {}
        kept = begun.get("account") == f"{_FORMAT} {account}" and 0 <= now - float(begun.get("begun", 0)) < OLDEST_S
        if not kept:
            database.close()
            self._unlink()  # not emptied: a page that is spoilt would stay
            database = self._connect()
            rows = [("account", f"{_FORMAT} {account}"), ("begun", str(now))]
            database.executemany("INSERT INTO said VALUES (?, ?)", rows)
        self.goes_on = kept and any(name.startswith(("place ", "done ")) for name in begun)
        return database

    def _connect(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        database = sqlite3.connect(self._path, isolation_level=None)
        database.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_TABLES}")
        return database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it stays for a run that goes on."""
        self._database.close()
        os.close(self._held_lock)

    def finish(self) -> None:
        """Delete the file: all is done, or it is spoilt."""
        self._database.close()
        self._unlink()

    def _unlink(self) -> None:
        for name in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + name).unlink(missing_ok=True)

    def read_anew(self) -> None:
        """Forget what was read, so that the next run reads it anew; not how much was changed."""
        self._database.executescript("BEGIN; DELETE FROM held; DELETE FROM people; DELETE FROM due; COMMIT;")
        self._database.execute("DELETE FROM said WHERE name GLOB 'place *' OR name GLOB 'done *'")

    def is_done(self, stage: str) -> bool:
        """Whether all of a stage was read."""
        return self._said(f"done {stage}") is not None

    def place(self, stage: str) -> str | None:
        """Where to read on in a stage; None: at its beginning."""
        return self._said(f"place {stage}")

    def end(self, stage: str) -> None:
        """Note that all of a stage was read."""
        self._say(f"done {stage}", "")

    def clear(self, stage: str) -> None:
        """Forget what was read in a stage that is begun anew."""
        self._database.execute("DELETE FROM held" if stage == "held" else "DELETE FROM people")

    def keep_held(self, entries: Iterable[tuple[str, str]], after: str | None = None) -> None:
        """Keep who is held, and where to read on."""
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO held VALUES (?, ?)", entries)
            self._keep_place("held", after)

    def keep_people(self, people: Iterable[ListedPerson], held: Iterable[str] = (), after: str | None = None) -> None:
        """Keep who is on the list, each once, which of them are held, and where to read on."""
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?, ?)", map(_row, people))
            self._database.executemany("INSERT OR REPLACE INTO held VALUES (?, '')", ((key,) for key in held))
            self._keep_place("people", after)

    def unseen(self) -> list[str]:
        """Keys that are held, of nobody who was among the people."""
        unseen = "SELECT key FROM held WHERE key NOT IN (SELECT key FROM people)"
        return [key for (key,) in self._database.execute(unseen)]

    def held_count(self) -> int:
        """How many of the people are held."""
        [(number,)] = self._database.execute("SELECT count(*) FROM people JOIN held USING (key)")
        return int(number)

    def people_count(self) -> int:
        """How many people there are."""
        [(number,)] = self._database.execute("SELECT count(*) FROM people")
        return int(number)

    def everybody(self, at_once: int) -> Iterator[list[ReadPerson]]:
        """All people, by id, so many at once."""
        after, page = "", [*self._page("", at_once)]
        while page:
            yield page
            after = page[-1].person.id
            page = [*self._page(after, at_once)]

    def _page(self, after: str, at_once: int) -> Iterator[ReadPerson]:
        found = "FROM people LEFT JOIN held USING (key) WHERE id > ? ORDER BY id LIMIT ?"
        rows = self._database.execute(f"SELECT {_PERSON}, handle {found}", (after, at_once))
        return (ReadPerson(_person(row), row[5]) for row in rows)

    def plan_anew(self) -> None:
        """Forget what was due."""
        self._database.execute("DELETE FROM due")

    def keep_due(self, changes: Iterable[tuple[str, str]]) -> None:
        """Keep changes that are due: act and person's id."""
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO due VALUES (?, ?)", changes)

    def due(self, act: str, at_once: int) -> list[ReadPerson]:
        """The next changes that are due."""
        found = "FROM due JOIN people USING (id) LEFT JOIN held USING (key) WHERE act = ? LIMIT ?"
        rows = self._database.execute(f"SELECT {_PERSON}, handle {found}", (act, at_once))
        return [ReadPerson(_person(row), row[5]) for row in rows]

    def settle(self, act: str, people: Sequence[ReadPerson], made: int) -> None:
        """Note that changes are made, or need not be made any more; these people are not looked at again."""
        ids = [(each.person.id,) for each in people]
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany("DELETE FROM due WHERE id = ?", ids)
            self._database.executemany("DELETE FROM people WHERE id = ?", ids)
            self._say(f"made {act}", str(self.made(act) + made))

    def made(self, act: str) -> int:
        """How many changes were made, before an interruption too."""
        return int(self._said(f"made {act}") or 0)

    def _keep_place(self, stage: str, after: str | None) -> None:
        if after is not None:
            self._say(f"place {stage}", after)

    def _said(self, name: str) -> str | None:
        row = self._database.execute("SELECT value FROM said WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _say(self, name: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO said VALUES (?, ?)", (name, value))


def _row(person: ListedPerson) -> tuple[str, str, str, str, int]:
    names, refs = orjson.dumps(person.names).decode(), orjson.dumps(person.refs).decode()
    return person.id, person.key, names, refs, int(person.is_closed)


def _person(row: tuple[str, str, str, str, int, str | None]) -> ListedPerson:
    id_, key, names, refs, closed, _ = row
    read = tuple(tuple(each) for each in orjson.loads(names))
    return ListedPerson(id_, key, read, tuple(orjson.loads(refs)), bool(closed))
