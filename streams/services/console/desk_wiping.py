"""Wipes names of erased people from the bytes of the desk's file, while the desk is written on.

SQLite overwrites what it deletes, but its journal has it until that is emptied; and where rows have moved from page to
page a copy may be left in a gap. So the names are looked for in the file. A copy in a gap is overwritten or stays where
it is, so what a search does not find is not there later either, whatever was written meanwhile.

Where a name is found, or which names there are is forgotten after a crash, the file's rows are copied into another file
beside it. That one is as old as when copying began; whoever writes the desk reads topics into it too until it is level,
and puts it in the place of the old one.
"""

import asyncio
import errno
import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from streams.services.console.desk import Desk, remove_desk

logger = logging.getLogger(__name__)

NAMES_SOUGHT = 100
"""So many names are looked for; with more the rows are copied without looking."""
PIECE = 1 << 20
AGAIN_S = 5.0
"""Seconds after which it is tried again where a reader was in the way."""
AGAIN_AFTER_FAILURE_S = 60.0
COPIES_EVERY_S = 600.0
"""Seconds between the beginnings of two copies, at least, however many are erased meanwhile."""


SPARE_BYTES = 256 << 20
"""So much of the disk is left free by a copy: the desk grows meanwhile."""


class _Stopped(Exception):
    """The process ends, so what was under way does too."""


@dataclass(slots=True)
class Unwiped:
    """Names of erased people that have left the desk and may be in the bytes of its file.

    `forgot`: there are others, which a crash has forgotten; None: nobody has looked yet. `copied_at`: when rows were
    copied last, by a monotonic clock.
    """

    names: set[str] = field(default_factory=set)
    forgot: bool | None = None
    copied_at: float = float("-inf")

    def become(self, other: "Unwiped") -> None:
        """The desk is another one now, in which these are to be wiped."""
        self.names.clear()
        self.names.update(other.names)
        self.forgot = other.forgot


def is_to_be_wiped(desk: Desk) -> bool:
    """Whether names of erased people have left the desk and may still be in the bytes of its file."""
    return bool(desk.meta("wipe"))


def empty_journal(desk: Desk) -> bool:
    """Write all that the journal has into the file, and empty it. False: a reader is in the way."""
    with suppress(sqlite3.OperationalError):  # locked by a reader
        return desk.one("PRAGMA wal_checkpoint(TRUNCATE)") == (0, 0, 0)
    return False


class Wiper:
    """Wipes one desk, which it takes over and closes. `tend` begins what is due and takes what has come of it.

    `copy`: the file with the rows of the desk that is to take its place, once there is one. Searching and copying run
    in a thread beside the writer.
    """

    def __init__(self, desk: Desk, unwiped: Unwiped, clock: Callable[[], float] = time.monotonic) -> None:
        self.desk = desk
        self._unwiped = unwiped
        if unwiped.forgot is None:
            unwiped.forgot = is_to_be_wiped(desk)
        self._clock = clock
        self._again_at = float("-inf")
        self._search: asyncio.Task[bool] | None = None
        self._copying: asyncio.Task[Path] | None = None
        self._sought: frozenset[str] = frozenset()
        self._is_found = False
        self._stopping = threading.Event()
        # Closed after the desk alone: closing any descriptor of a file drops this process's locks on it, also SQLite's.
        self._file: int | None = None
        self.copy: Path | None = None

    @property
    def is_pending(self) -> bool:
        """Whether any name may be in the bytes."""
        return bool(self._unwiped.names or self._sought or self._unwiped.forgot)

    @property
    def is_seeking(self) -> bool:
        """Whether names are being looked for."""
        return self._search is not None

    async def tend(self) -> None:
        """Do what takes no time, and begin what does. Raises `sqlite3.Error`."""
        try:
            if self._search is not None:
                await self._take_search(self._search)
            elif self._copying is not None:
                self._take_copy(self._copying)
            elif self.copy is None and self.is_pending and self._clock() >= self._again_at:
                await self._begin()
        except (OSError, sqlite3.Error) as error:
            logger.warning("wiping the desk: %s; trying again in %g s", error, AGAIN_AFTER_FAILURE_S)
            self._search = self._copying = None
            self._again_at = self._clock() + AGAIN_AFTER_FAILURE_S
            await asyncio.to_thread(remove_desk, beside(self.desk.path))

    async def close(self) -> None:
        """End what is under way, and close the desk."""
        self._stopping.set()
        under_way = [task for task in (self._search, self._copying) if task is not None]
        await asyncio.gather(*under_way, return_exceptions=True)
        self._unwiped.names |= self._sought
        self._sought = frozenset()
        await asyncio.to_thread(self.desk.close)
        if self._file is not None:
            os.close(self._file)

    async def _begin(self) -> None:
        if not await asyncio.to_thread(empty_journal, self.desk):
            self._again_at = self._clock() + AGAIN_S
            return
        sought = frozenset(self._unwiped.names)
        gone = {name for name in sought if self.desk.one(_KNOWN, (name,)) is None}
        if not (self._unwiped.forgot or self._is_found or len(gone) > NAMES_SOUGHT):
            # One of them that comes back and leaves again meanwhile is among the names anew.
            self._sought = sought
            self._unwiped.names -= sought
            self._search = asyncio.create_task(asyncio.to_thread(self._finds, gone))
        elif self._clock() < (soonest := self._unwiped.copied_at + COPIES_EVERY_S):
            self._again_at = soonest
        else:
            self._unwiped.copied_at = self._clock()
            self._copying = asyncio.create_task(asyncio.to_thread(self._copied))

    async def _take_search(self, search: "asyncio.Task[bool]") -> None:
        if not search.done():
            return
        self._search = None
        sought, self._sought = self._sought, frozenset()
        if search.exception() is not None or search.result():
            self._unwiped.names |= sought
        self._is_found = search.result()
        if not self._is_found and not self._unwiped.names:
            await asyncio.to_thread(is_wiped, self.desk)

    def _take_copy(self, copying: "asyncio.Task[Path]") -> None:
        if copying.done():
            self._copying = None
            self.copy = copying.result()

    def _finds(self, names: Collection[str]) -> bool:
        if not names:
            return False
        if self._file is None:
            self._file = os.open(self.desk.path, os.O_RDONLY)
        return holds_any(self._file, names, self._stopping.is_set)

    def _copied(self) -> Path:
        into = beside(self.desk.path)
        copy_rows(self.desk.path, into, self._stopping.is_set)
        return into


_KNOWN = "SELECT 1 FROM fragments WHERE name = ?"


def is_wiped(desk: Desk) -> None:
    """Note that no name of an erased person is in the bytes of the file."""
    with desk.transaction():
        desk.set_meta("wipe", 0)


def beside(path: Path) -> Path:
    """The file into which the rows of a desk are copied."""
    return path.with_name(f"{path.name}.new")


def holds_any(file: int, names: Iterable[str], is_stopping: Callable[[], bool]) -> bool:
    """Whether any of these names is in the bytes of a file, which is read piece by piece."""
    wanted = [name.encode() for name in names]
    overlap = max(map(len, wanted)) - 1
    place = 0
    while piece := os.pread(file, PIECE, place):
        if is_stopping():
            raise _Stopped
        if any(piece.find(each) >= 0 for each in wanted):
            return True
        if len(piece) < PIECE:
            return False
        place += PIECE - overlap
    return False


def copy_rows(path: Path, into: Path, is_stopping: Callable[[], bool]) -> None:
    """Make a desk of the rows of another one, as they are now; that is written on meanwhile.

    Raises OSError, `sqlite3.Error`.
    """
    remove_desk(into)
    needed, free = path.stat().st_size, shutil.disk_usage(path.parent).free
    if free < needed + SPARE_BYTES:
        raise OSError(errno.ENOSPC, f"{needed >> 20} MiB for a copy of HARMONIA_DESK, and {free >> 20} MiB are free")
    into.touch(mode=0o600)
    reader = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        reader.set_progress_handler(is_stopping, 100_000)
        reader.execute("VACUUM INTO ?", (str(into),))
    except sqlite3.OperationalError:
        if is_stopping():
            raise _Stopped from None
        raise
    finally:
        reader.close()
    copy = Desk.create(into)
    is_wiped(copy)
    copy.close()
