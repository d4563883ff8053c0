"""Imports one export file after the other: previews it, or sends it and remembers in a journal how far it has come.

An interrupted import goes on where it was, and a finished one is not done twice: copies of messages are recognised for
a week only, so importing an old export a second time would count it twice.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import orjson

from events.adapters.feed import AdapterResult, RefusedElement, SkippedElement
from events.envelope import Interaction, encode_structured
from events.json_types import JSON
from events.unknown_fields import UnknownField, has_unknown_fields, unknown_fields
from streams.history.importing.file_items import FileItem, ImportFormat, UnchangedEvent, read_items
from streams.history.importing.publisher import FilePublisher, PublishOptions, ResultCounts

MOST_REMEMBERED = 2_000_000
"""Ids that are kept, of about 150 bytes each; what repeats one of a longer file's later ids is not noticed."""
MOST_SHOWN = 20
"""Most refusals of an import, and most repeated ids of a file, that are named one by one."""


class RepeatedIds:
    """Finds events of a file that repeat an id with other content; `shown`: the first remarks; `count`: of all.

    `has_mapping`: rows are read by one that whoever reads the remarks can change.
    """

    def __init__(self, has_mapping: bool = True) -> None:
        self._cure = "; give each a `part` in the mapping (docs/producers.md)" if has_mapping else ""
        self._first: dict[bytes, tuple[int, bytes]] = {}
        self.shown: list[str] = []
        self.count = 0

    def see(self, line: int, source: str, id_: str, content: bytes) -> None:
        """Compare the next event with those before it. An equal copy is no loss, and is not remarked."""
        name, digest = _digest(f"{source}\0{id_}".encode()), _digest(content)
        first = self._first.get(name)
        if first is None:
            if len(self._first) < MOST_REMEMBERED:
                self._first[name] = (line, digest)
        elif first[1] != digest:
            self.count += 1
            if len(self.shown) < MOST_SHOWN:
                cure = self._cure if line == first[0] else ""
                self.shown.append(
                    f"line {line} repeats the id of line {first[0]} with other content: only the first counts{cure}"
                )

    def remarks(self) -> list[str]:
        """The remarks, for people."""
        more = self.count - len(self.shown)
        return [*self.shown, *([f"and {more:,} more lines that repeat an id with other content"] if more else [])]


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


_DIGITS = 32
IMPORTS_FOLDER = "imports"


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """Number of items that are acknowledged, and whether they are all."""

    done: int = 0
    finished: bool = False


class ImportJournal:
    """The journal of one file, read in one way, in Harmonia's home. `fingerprint`: identifies both."""

    def __init__(self, home: Path, fingerprint: str, folder: str = IMPORTS_FOLDER) -> None:
        self._path = home / folder / f"{fingerprint}.json"

    def read(self) -> ImportProgress:
        """What was done; nothing if there is no journal or it was cut short."""
        try:
            found = orjson.loads(self._path.read_bytes())
            return ImportProgress(int(found["done"]), bool(found["finished"]))
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return ImportProgress()

    def write(self, progress: ImportProgress) -> None:
        """Store the progress, atomically."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(orjson.dumps({"done": progress.done, "finished": progress.finished}))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


def fingerprint_of(file: Path, job: ImportFormat) -> str:
    """A hash of a file's whole content and of how it is read: vendor, source, mapping, codes, zone and provenance.

    Name and place do not matter. A corrected file may be as long as before, and with a corrected mapping it is another
    import: what was refused is read again.
    """
    feed = job.feed
    stated = () if feed.provenance is None else (feed.provenance,)
    places = (feed.source, feed.phone_region, feed.time_zone)
    read_by = (job.vendor, *places, *sorted(feed.codes.items()), job.mapping, *stated)
    with file.open("rb") as opened:
        told = file_digest(opened, "blake2b")
    told.update("\0".join(map(repr, read_by)).encode())
    return told.hexdigest()[:_DIGITS]


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
    """Counts results, and records where and why something was refused; never the refused content.

    `has_mapping`: see `RepeatedIds`.
    """

    def __init__(self, file: BinaryIO | None, has_mapping: bool = False) -> None:
        self._file = file
        self._has_mapping = has_mapping
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
                of_file = self._repeated.setdefault(name, RepeatedIds(self._has_mapping))
                of_file.see(item.line, result.source, result.id, encode_structured(result))
            if isinstance(result, RefusedElement):
                self._refused(name, item.line, result.refusal.reason.value, result.refusal.detail)

    @property
    def repeated(self) -> int:
        """Events that repeat an id of their file with other content, of which only the first counts."""
        return sum(found.count for found in self._repeated.values())

    def repeat_remarks(self) -> list[str]:
        """The same, for people."""
        return [f"{name}: {remark}" for name, found in self._repeated.items() for remark in found.remarks()]

    def _refused(self, name: str, line: int, reason: str, detail: str) -> None:
        if self._file is not None:
            self._file.write(orjson.dumps({"file": name, "line": line, "reason": reason, "detail": detail}) + b"\n")
        if len(self.shown) < MOST_SHOWN:
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
