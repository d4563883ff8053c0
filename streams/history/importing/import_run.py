"""Imports one export file after the other: previews it, or sends it and remembers how far it has come."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import orjson

from events.adapters.feed import AdapterResult, RefusedElement, SkippedElement
from events.envelope import Interaction, encode_structured
from events.json_types import JSON
from events.unknown_fields import UnknownField, has_unknown_fields, unknown_fields
from streams.history.importing.file_items import FileItem, ImportFormat, UnchangedEvent, read_items
from streams.history.importing.journal import ImportJournal, ImportProgress
from streams.history.importing.publisher import FilePublisher, PublishOptions, ResultCounts
from streams.history.importing.repeated_ids import RepeatedIds

_MOST_SHOWN = 20


class ProgressBar(Protocol):
    """Shows how far an import has come in a file."""

    def watch(self, file: BinaryIO) -> None:
        """Show the position of this open file."""

    def advance(self, more: int) -> None:
        """This many more items are done."""


class ProgressDisplay(NamedTuple):
    """Callbacks for progress: rows that are newly done, and remarks for people."""

    advance: Callable[[int], object]
    say: Callable[[str], object]


class ImportReport:
    """Counts results, and records where and why something was refused; never the refused content."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file
        self.counts = ResultCounts()
        self.shown: list[str] = []
        self.unknown: Counter[UnknownField] = Counter()
        self._repeated: dict[str, RepeatedIds] = {}

    def add(self, name: str, item: FileItem) -> None:
        """Count one item of the file `name`; refusals are also written to the report's file if there is one."""
        for result in item.results:
            self.counts.add(result)
            if isinstance(result, UnchangedEvent):
                self.unknown.update(_unknown_in(result))
            if isinstance(result, Interaction):
                of_file = self._repeated.setdefault(name, RepeatedIds())
                of_file.see(item.line, result.source, result.id, encode_structured(result))
            if isinstance(result, RefusedElement):
                self._refused(name, item.line, result.refusal.reason.value, result.refusal.detail)

    @property
    def repeated(self) -> int:
        """Events that repeat an id of their file with other content, of which only the first counts."""
        return sum(found.count for found in self._repeated.values())

    def repeated_told(self) -> list[str]:
        """The same, for people."""
        return [f"{name}: {told}" for name, found in self._repeated.items() for told in found.told()]

    def _refused(self, name: str, line: int, reason: str, detail: str) -> None:
        if self._file is not None:
            self._file.write(orjson.dumps({"file": name, "line": line, "reason": reason, "detail": detail}) + b"\n")
        if len(self.shown) < _MOST_SHOWN:
            self.shown.append(f"{name}: line {line}: {reason}: {detail}")


def _unknown_in(result: UnchangedEvent) -> list[UnknownField]:
    """Unknown fields but those of the contact, in which hashes stand in the place of what was sent."""
    data = {name: value for name, value in (orjson.loads(result.value).get("data") or {}).items() if name != "contact"}
    return unknown_fields(result.type, data) if has_unknown_fields(result.type, data) else []


def preview_file(
    file: Path, job: ImportFormat, report: ImportReport, bar: ProgressBar, say: Callable[[dict[str, JSON]], None] | None
) -> None:
    """Read a file and send nothing. `say` is given each result that is not left out; None: nobody listens."""
    for item in read_items(file, job, bar.watch):
        report.add(file.name, item)
        bar.advance(1)
        for result in item.results if say is not None else ():
            if say is not None and (shown := _shown(result, file.name, item.line)) is not None:
                say(shown)


def _shown(result: AdapterResult | UnchangedEvent, name: str, line: int) -> dict[str, JSON] | None:
    if isinstance(result, SkippedElement):
        return None
    if isinstance(result, UnchangedEvent):
        return {"interaction": orjson.loads(result.value)}
    if isinstance(result, RefusedElement):
        why = {"reason": result.refusal.reason.value, "detail": result.refusal.detail}
        return {"refused": {**why, "file": name, "line": line}}
    interaction: JSON = orjson.loads(encode_structured(result))
    return {"interaction": interaction}


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """Where a file's items go from number `done` on, and the journal of how far they have come.

    `pace` may block the sender before each item of which something is sent.
    """

    options: PublishOptions
    journal: ImportJournal
    done: int
    pace: Callable[[], None] | None = None


def send_file(file: Path, job: ImportFormat, report: ImportReport, bar: ProgressBar, to: ImportTarget) -> None:
    """Send what is not done of a file. Raises `Unreadable`, and as `send_items`."""
    send_items(file.name, read_items(file, job, bar.watch), report, bar.advance, to)


def send_items(
    name: str, found: Iterable[FileItem], report: ImportReport, advance: Callable[[int], object], to: ImportTarget
) -> None:
    """Send items that are not done, and note in the journal what is acknowledged.

    Raises `OSError`, or `KafkaError`: then what was noted is done, and the next run goes on there.
    """

    def left() -> Iterator[FileItem]:
        for item in found:
            if item.number >= to.done:
                report.add(name, item)
                if to.pace is not None and any(not isinstance(result, SkippedElement) for result in item.results):
                    to.pace()
                yield item

    last_done = to.done

    def acknowledged(last: FileItem) -> None:
        nonlocal last_done
        advance(last.number + 1 - last_done)
        last_done = last.number + 1
        to.journal.write(ImportProgress(last_done))

    FilePublisher(to.options, name).send(left(), acknowledged)
    to.journal.write(ImportProgress(last_done, finished=True))
