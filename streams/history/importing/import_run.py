"""One export after the other: shown only, or sent and remembered."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import orjson

from events.adapters.feed import AdapterResult, RefusedElement, SkippedElement
from events.envelope import encode_structured
from events.json_types import JSON
from streams.history.importing.file_parts import AsItIs, Job, Piece, pieces
from streams.history.importing.journal import Journal, Progress
from streams.history.importing.publisher import Counts, Sending, Way

_MOST_SHOWN = 20


class Bar(Protocol):
    """Shows how far into a file an import has come."""

    def watch(self, file: BinaryIO) -> None:
        """The file whose position is shown."""

    def advance(self, more: int) -> None:
        """So many more pieces are done."""


class Screen(NamedTuple):
    """Is told how many more rows are done, and remarks for people."""

    advance: Callable[[int], object]
    say: Callable[[str], object]


class Report:
    """Counts what became of everything, and keeps where something was refused and why; never what stood there."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file
        self.counts = Counts()
        self.shown: list[str] = []

    def add(self, name: str, piece: Piece) -> None:
        """Take in one piece of a file; refusals go to the report's file if there is one."""
        for result in piece.results:
            self.counts.add(result)
            if isinstance(result, RefusedElement):
                self._refused(name, piece.line, result.refusal.reason.value, result.refusal.detail)

    def _refused(self, name: str, line: int, reason: str, detail: str) -> None:
        if self._file is not None:
            self._file.write(orjson.dumps({"file": name, "line": line, "reason": reason, "detail": detail}) + b"\n")
        if len(self.shown) < _MOST_SHOWN:
            self.shown.append(f"{name}: line {line}: {reason}: {detail}")


def show(file: Path, job: Job, report: Report, bar: Bar, say: Callable[[dict[str, JSON]], None] | None) -> None:
    """Read a file and send nothing. `say` is told of each result but what is left out; None: nobody listens."""
    for piece in pieces(file, job, bar.watch):
        report.add(file.name, piece)
        bar.advance(1)
        for result in piece.results if say is not None else ():
            if say is not None and (shown := _shown(result, file.name, piece.line)) is not None:
                say(shown)


def _shown(result: AdapterResult | AsItIs, name: str, line: int) -> dict[str, JSON] | None:
    if isinstance(result, SkippedElement):
        return None
    if isinstance(result, AsItIs):
        return {"interaction": orjson.loads(result.value)}
    if isinstance(result, RefusedElement):
        why = {"reason": result.refusal.reason.value, "detail": result.refusal.detail}
        return {"refused": {**why, "file": name, "line": line}}
    interaction: JSON = orjson.loads(encode_structured(result))
    return {"interaction": interaction}


@dataclass(frozen=True, slots=True)
class Outlet:
    """Which way the pieces of a file go, from number `done` on, and where it is noted how far they have come.

    `pace` may hold up whoever sends, before each piece of which something is sent.
    """

    way: Way
    kept: Journal
    done: int
    pace: Callable[[], None] | None = None


def send(file: Path, job: Job, report: Report, bar: Bar, to: Outlet) -> None:
    """Send what is not done of a file. Raises `Unreadable`, and as `deliver`."""
    deliver(file.name, pieces(file, job, bar.watch), report, bar.advance, to)


def deliver(name: str, found: Iterable[Piece], report: Report, advance: Callable[[int], object], to: Outlet) -> None:
    """Send what is not done, and note in the journal what is acknowledged.

    Raises `OSError`, or `KafkaError`: then what was noted is done, and the next run goes on there.
    """

    def left() -> Iterator[Piece]:
        for piece in found:
            if piece.number >= to.done:
                report.add(name, piece)
                if to.pace is not None and any(not isinstance(result, SkippedElement) for result in piece.results):
                    to.pace()
                yield piece

    last_done = to.done

    def acknowledged(last: Piece) -> None:
        nonlocal last_done
        advance(last.number + 1 - last_done)
        last_done = last.number + 1
        to.kept.write(Progress(last_done))

    Sending(to.way, name).send(left(), acknowledged)
    to.kept.write(Progress(last_done, finished=True))
