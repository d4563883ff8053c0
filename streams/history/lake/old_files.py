"""Old files into the lake: each a log of its own, so that whoever is killed, each row of it is there once in the end.

Nothing is sent to anybody. The running system hears of it by a rebuild, which folds it at the time at which it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import normpath
from typing import NamedTuple

from events.adapters.feed import RefusedElement, SkippedElement
from events.identifiers import Hasher
from events.topics import INTERACTIONS
from sinks.lake.erasure import commands_received_at
from sinks.lake.erasure_list import Erasure, Erasures, add_erasures, read_erasures
from sinks.lake.files import Files
from sinks.lake.manifests import begin, imported_log_id
from sinks.lake.writer import LakeWriter, RangeConflict
from streams.history.importing.file_parts import AsItIs, Piece, Unreadable
from streams.history.importing.import_run import Report, Screen
from streams.history.lake.admission import Door, Taken
from streams.history.lake.buffers import ROW_BYTES, Limits
from streams.history.lake.file_parts import Part, meant
from streams.history.lake.row_contacts import ERASED_TYPE
from streams.history.lake.row_reading import Row, rows_of
from streams.history.lake.selection import Selection
from streams.platform.errors import LakeStopped

_PARTITION = 0
_ERASURES_ALONE = Selection(types=frozenset({ERASED_TYPE}))


@dataclass(frozen=True, slots=True)
class Old:
    """What is to be brought in. `parts`: all that there are, also those in which nothing is meant. `now`: ms."""

    parts: list[Part]
    selection: Selection
    hasher: Hasher
    now: int

    def door(self, *erased: Erasures) -> Door:
        """Through which all of it comes."""
        return Door(self.selection, self.hasher, self.now, erased)

    def lakes(self) -> list[Files]:
        """Other lakes that are to be brought in."""
        return list({part.files.address(""): part.files for part in self.parts if part.immutable}.values())

    def erasures(self) -> Iterator[Erasure]:
        """Whom it tells to forget, whatever else is meant: of another lake also whom its own list has."""
        for lake in self.lakes():
            yield from read_erasures(lake)
        door = self.door()
        for part in meant(self.parts, _ERASURES_ALONE):
            for row in _rows(part):
                yield from door.erasures(row)


def show(files: Files, old: Old, report: Report, screen: Screen) -> None:
    """Read all and write nothing. Raises `Unreadable`, OSError, `Damaged` and `LakeStopped`."""
    _require_ready(files, old)
    door = old.door(read_erasures(files), Erasures(old.erasures()))
    for part in meant(old.parts, old.selection):
        for number, row in enumerate(_rows(part)):
            report.add(part.name, _piece(number, row, door.judge(row)))
            screen.advance(1)


def bring_in(files: Files, old: Old, limits: Limits, report: Report, screen: Screen) -> None:
    """Write what the lake does not have yet. Raises as `show`: the next run goes on then.

    First it is remembered whom the files tell to forget: so nobody comes back, in whichever file they are.
    """
    _require_ready(files, old)
    begin(files)
    add_erasures(files, read_erasures(files).new(old.erasures()))
    door, before = old.door(read_erasures(files)), 0
    for part in meant(old.parts, old.selection):
        writer = LakeWriter(files, imported_log_id(part.fingerprint(old.selection)))
        bringing = _Bringing(part, writer, door, limits, old.now)
        before += bringing.begin(screen)
        while not bringing.ends(report, screen):
            bringing.begin(screen)
    if before:
        screen.say(f"{before:,} rows were brought in before")


def _rows(part: Part) -> Iterator[Row]:
    """Of a file; what is wrong with it is said with its name."""
    try:
        yield from rows_of(part.files, part.place)
    except Unreadable as error:
        raise Unreadable(f"{part.name}: {error}") from error


def _require_ready(files: Files, old: Old) -> None:
    _require_another(files, old)
    for lake in old.lakes():
        if waiting := len(commands_received_at(lake)):
            raise LakeStopped(
                f"{waiting} erasures are not carried out in the lake at {lake.address('')}, and people would come "
                "back: run `harmonia lake erase` there first"
            )


def _require_another(files: Files, old: Old) -> None:
    """Wherever in the lake it lies, and by whatever name it is called."""
    lake = _resolved(files.address(""))
    if any(f"{_resolved(part.files.address(part.place))}/".startswith(f"{lake}/") for part in old.parts):
        raise LakeStopped("what lies in the lake is in the lake: give other files")


def _resolved(address: str) -> str:
    """Without links, `..` and a slash at its end."""
    scheme, mark, path = address.rpartition("://")
    return f"{scheme}{mark}{normpath(path)}" if mark else Path(path).resolve().as_posix()


class _Record(NamedTuple):
    """A row as if it had stood in the topic."""

    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes


@dataclass(slots=True)
class _Bringing:
    """One file. `next`: the first of its rows that is not in the lake."""

    part: Part
    writer: LakeWriter
    door: Door
    limits: Limits
    now: int
    next: int = 0
    _records: list[_Record] = field(default_factory=list)
    _pieces: list[Piece] = field(default_factory=list)
    _bytes: int = 0

    def begin(self, screen: Screen) -> int:
        """Where the lake ends; returns how many rows others have brought in since."""
        before, self.next = self.next, self.writer.position(_PARTITION) or 0
        self._forget()
        screen.advance(self.next - before)
        return self.next - before

    def ends(self, report: Report, screen: Screen) -> bool:
        """Bring in the rest. False: somebody else is at the same file, so begin again."""
        number = self.next - 1
        try:
            for number, row in enumerate(_rows(self.part)):
                if number >= self.next:
                    self._take(number, row)
                    if self._is_full():
                        self._write(number, report, screen)
            self._write(number, report, screen)
        except RangeConflict:
            return False
        return True

    def _take(self, number: int, row: Row) -> None:
        judged = self.door.judge(row)
        if judged is None:
            return
        self._pieces.append(_piece(number, row, judged))
        self._bytes += len(row.raw) + ROW_BYTES
        if isinstance(judged, Taken):
            at = min(judged.time, self.now)
            self._records.append(_Record(_PARTITION, number, at, judged.fragment.encode(), judged.value))

    def _is_full(self) -> bool:
        return len(self._pieces) >= self.limits.rows or self._bytes >= self.limits.bytes

    def _write(self, last: int, report: Report, screen: Screen) -> None:
        if last < self.next:
            return
        self.writer.write(_PARTITION, self.next, last, self._records)
        for piece in self._pieces:
            report.add(self.part.name, piece)
        screen.advance(last + 1 - self.next)
        self.next = last + 1
        self._forget()

    def _forget(self) -> None:
        self._records, self._pieces, self._bytes = [], [], 0


def _piece(number: int, row: Row, judged: Taken | RefusedElement | SkippedElement | None) -> Piece:
    if isinstance(judged, Taken):
        return Piece(number, row.line, [AsItIs(INTERACTIONS, judged.fragment.encode(), judged.value, judged.type)])
    return Piece(number, row.line, [] if judged is None else [judged])
