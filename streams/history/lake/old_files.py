"""Imports old files into the lake, each as a log of its own, so that an import that was killed stores each row once.

Nothing is sent to Kafka. The running system learns of it by a rebuild, which folds each row at the time it happened.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import normpath
from typing import NamedTuple

from events.adapters.feed import RefusedElement, SkippedElement
from events.identifiers import Hasher
from events.purpose_wall import OPEN, Wall
from events.topics import INTERACTIONS
from sinks.lake.erasure import commands_received_at
from sinks.lake.erasure_list import Erasure, Erasures, add_erasures, read_erasures
from sinks.lake.files import Files
from sinks.lake.manifests import begin, imported_log_id
from sinks.lake.writer import LakeWriter, RangeConflict
from streams.history.importing.file_items import FileItem, UnchangedEvent, Unreadable
from streams.history.importing.import_run import ImportReport, ProgressDisplay
from streams.history.lake.admission import AdmittedRow, RowAdmission
from streams.history.lake.buffers import ROW_BYTES, FlushLimits
from streams.history.lake.input_files import InputFile, Selection, selected_files
from streams.history.lake.row_reading import ERASED_TYPE, FileRow, read_file_rows
from streams.platform.errors import LakeStopped

_PARTITION = 0
_ERASURES_ALONE = Selection(types=frozenset({ERASED_TYPE}))


@dataclass(frozen=True, slots=True)
class OldFiles:
    """The files to import. `parts`: all of them, also those without selected rows. `now`: ms since 1970.

    `wall`: what nothing is taken of.
    """

    parts: list[InputFile]
    selection: Selection
    hasher: Hasher
    now: int
    wall: Wall = OPEN

    def admission(self, *erased: Erasures) -> RowAdmission:
        """The admission rules for every row, with these erasure lists."""
        return RowAdmission(self.selection, self.hasher, self.now, erased, wall=self.wall)

    def lakes(self) -> list[Files]:
        """The other lakes among the files."""
        return list({part.files.address(""): part.files for part in self.parts if part.immutable}.values())

    def erasures(self) -> Iterator[Erasure]:
        """Every erasure that the files command, selected or not; of another lake also those on its own list."""
        for lake in self.lakes():
            yield from read_erasures(lake)
        admission = self.admission()
        for part in selected_files(self.parts, _ERASURES_ALONE):
            for row in _rows(part):
                yield from admission.erasures(row)


def preview_import(files: Files, old: OldFiles, report: ImportReport, screen: ProgressDisplay) -> None:
    """Judge every selected row and write nothing. Raises `Unreadable`, OSError, `Damaged` and `LakeStopped`."""
    _require_ready(files, old)
    admission = old.admission(read_erasures(files), Erasures(old.erasures()))
    for part in selected_files(old.parts, old.selection):
        for number, row in enumerate(_rows(part)):
            report.add(part.name, _item(number, row, admission.judge(row)))
            screen.advance(1)


def import_old_files(
    files: Files, old: OldFiles, limits: FlushLimits, report: ImportReport, screen: ProgressDisplay
) -> None:
    """Write what the lake does not have yet. Raises as `preview_import`: the next run goes on from there.

    The erasures of all files go onto the lake's list first, so nobody erased comes back from any of them.
    """
    _require_ready(files, old)
    begin(files)
    add_erasures(files, read_erasures(files).new(old.erasures()))
    admission, before = old.admission(read_erasures(files)), 0
    for part in selected_files(old.parts, old.selection):
        writer = LakeWriter(files, imported_log_id(part.fingerprint(old.selection)))
        file_import = _FileImport(part, writer, admission, limits, old.now)
        before += file_import.begin(screen)
        while not file_import.ends(report, screen):
            file_import.begin(screen)
    if before:
        screen.say(f"{before:,} rows were brought in before")


def _rows(part: InputFile) -> Iterator[FileRow]:
    """The rows of a file; an error names the file."""
    try:
        yield from read_file_rows(part.files, part.place)
    except Unreadable as error:
        raise Unreadable(f"{part.name}: {error}") from error


def _require_ready(files: Files, old: OldFiles) -> None:
    _require_another(files, old)
    for lake in old.lakes():
        if waiting := len(commands_received_at(lake)):
            raise LakeStopped(
                f"{waiting} erasures are not carried out in the lake at {lake.address('')}, and people would come "
                "back: run `harmonia lake erase` there first"
            )


def _require_another(files: Files, old: OldFiles) -> None:
    """Raise `LakeStopped` where an input file lies in the lake itself, whatever its path is called."""
    lake = _resolved(files.address(""))
    if any(f"{_resolved(part.files.address(part.place))}/".startswith(f"{lake}/") for part in old.parts):
        raise LakeStopped("what lies in the lake is in the lake: give other files")


def _resolved(address: str) -> str:
    """An address without links, `..` and a slash at its end."""
    scheme, mark, path = address.rpartition("://")
    return f"{scheme}{mark}{normpath(path)}" if mark else Path(path).resolve().as_posix()


class _TopicRecord(NamedTuple):
    """A row in the shape of a record of the topic."""

    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes


@dataclass(slots=True)
class _FileImport:
    """The import of one file. `next`: number of its first row that is not in the lake."""

    part: InputFile
    writer: LakeWriter
    admission: RowAdmission
    limits: FlushLimits
    now: int
    next: int = 0
    _records: list[_TopicRecord] = field(default_factory=list)
    _items: list[FileItem] = field(default_factory=list)
    _bytes: int = 0

    def begin(self, screen: ProgressDisplay) -> int:
        """Take up at the lake's end; returns how many rows others have imported since."""
        before, self.next = self.next, self.writer.position(_PARTITION) or 0
        self._forget()
        screen.advance(self.next - before)
        return self.next - before

    def ends(self, report: ImportReport, screen: ProgressDisplay) -> bool:
        """Import the rest. False: another process is at the same file, so begin again."""
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

    def _take(self, number: int, row: FileRow) -> None:
        judged = self.admission.judge(row)
        if judged is None:
            return
        self._items.append(_item(number, row, judged))
        self._bytes += len(row.raw) + ROW_BYTES
        if isinstance(judged, AdmittedRow):
            at = min(judged.time, self.now)
            self._records.append(_TopicRecord(_PARTITION, number, at, judged.fragment.encode(), judged.value))

    def _is_full(self) -> bool:
        return len(self._items) >= self.limits.rows or self._bytes >= self.limits.bytes

    def _write(self, last: int, report: ImportReport, screen: ProgressDisplay) -> None:
        if last < self.next:
            return
        self.writer.write(_PARTITION, self.next, last, self._records)
        for item in self._items:
            report.add(self.part.name, item)
        screen.advance(last + 1 - self.next)
        self.next = last + 1
        self._forget()

    def _forget(self) -> None:
        self._records, self._items, self._bytes = [], [], 0


def _item(number: int, row: FileRow, judged: AdmittedRow | RefusedElement | SkippedElement | None) -> FileItem:
    if isinstance(judged, AdmittedRow):
        return FileItem(
            number, row.line, [UnchangedEvent(INTERACTIONS, judged.fragment.encode(), judged.value, judged.type)]
        )
    return FileItem(number, row.line, [] if judged is None else [judged])
