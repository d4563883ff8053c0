"""Sends one file of history after the other, or previews it: `harmonia replay`. Remembers how far each has come.

One replay of a path runs at a time: two that read its journals before either has written there would send all twice.
"""

import asyncio
import fcntl
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

from events.purpose_wall import OPEN, Wall
from events.topics import CONTACT_ROOFS, CONTACT_SUPPRESSIONS, INTERACTIONS
from sinks.lake.erasure import erasure_commands
from sinks.lake.erasure_list import Erasures, erasure_of, read_erasures
from sinks.lake.files import Files
from streams.history.importing.file_items import FileItem, Unreadable
from streams.history.importing.import_run import (
    ImportJournal,
    ImportProgress,
    ImportReport,
    ImportTarget,
    ProgressDisplay,
    send_items,
)
from streams.history.importing.publisher import ITEMS_AT_ONCE, FilePublisher, PublishOptions
from streams.history.lake.erasure import AnnouncedErasure, announced_erasures, closing_erasures, pending_erasures
from streams.history.lake.input_files import InputFile, Selection, selected_files
from streams.history.lake.row_reading import ERASED_TYPE, erasure_in, read_file_rows
from streams.history.replay.pacing import Pacer, watching_workers
from streams.history.replay.row_decisions import RowDecider, to_interactions
from streams.platform.clients import KafkaClients
from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.platform.topics import require_topic

_ERASURES_ALONE = Selection(types=frozenset({ERASED_TYPE}))


@dataclass(frozen=True, slots=True)
class ReplaySource:
    """What to replay. `parts`: all files, also those without selected rows. `now`: ms since 1970.

    `erases`: its erasures are sent as well, before everything else. A system that knows them would remove what came
    since, so they are only for one that does not. `refused`: kinds of source of which nothing is taken here.
    """

    parts: list[InputFile]
    selection: Selection
    phone_region: str
    now: int
    erases: bool = False
    wall: Wall = OPEN

    @property
    def lake(self) -> Files | None:
        """The lake that the files are of; None: they are of none."""
        return next((part.files for part in self.parts if part.immutable), None)

    def require_erased(self, told: Iterable[AnnouncedErasure] = ()) -> None:
        """Raise `Unreadable` where a lake still holds people who were erased, as far as it and `told` know.

        Under which fragments they are in it only `lake erase` finds out. With `erases` they are sent as well, so
        nothing is required.
        """
        waiting = 0 if self.lake is None or self.erases else pending_erasures(self.lake, told)
        if waiting:
            raise Unreadable(
                f"{waiting} erasures are not carried out in this lake yet, and people would come back: "
                "run `harmonia lake erase` first, once `harmonia lake run` has come to the commands"
            )

    def judge(self) -> RowDecider:
        """The decider, which knows who was erased: by the lake's list, and by the commands in the files.

        Raises as reading them does.
        """
        if self.lake is None:
            erased = [Erasures(erasure_of(fragment, time) for fragment, time, _ in self.erasures())]
        else:
            erased = [Erasures(erasure_commands(self.lake)), read_erasures(self.lake)]
        return RowDecider(self.selection, erased, self.phone_region, self.now, erases=self.erases, wall=self.wall)

    def erasures(self) -> Iterator[tuple[str, int, bytes]]:
        """Fragment, time (ms) and bytes of each erasure command, selected or not."""
        for part in selected_files(self.parts, _ERASURES_ALONE):
            for row in read_file_rows(part.files, part.place):
                if (found := erasure_in(row)) is not None:
                    yield found


def decided_rows(part: InputFile, judge: RowDecider) -> Iterator[FileItem]:
    """Every row of a file with the decision on it. Raises `Unreadable`, and OSError."""
    for number, row in enumerate(read_file_rows(part.files, part.place)):
        yield FileItem(number, row.line, judge.judge(row))


@contextmanager
def replay_lock(folder: Path, path: str) -> Iterator[None]:
    """Hold the lock of a path for the length of a block, among all that keep their journals in `folder`.

    Raises `Unusable` while another process has it; a killed process holds nothing. Raises OSError.
    """
    place = path.rstrip("/") if "://" in path else Path(path).resolve().as_posix()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{blake2b(place.encode(), digest_size=16).hexdigest()}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unusable(f"{path} is being replayed by another process: wait for its end") from error
        yield


STAGE = "replay"
FOLDER = "replays"


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How to send.

    `rate`: records a second at most. `yields`: slow down for workers. `again`: also what was done before.
    """

    rate: float | None = None
    yields: bool = True
    again: bool = False


def preview_replay(history: ReplaySource, report: ImportReport, screen: ProgressDisplay) -> None:
    """Read everything and send nothing. Raises `Unreadable`, OSError and `Damaged`."""
    history.require_erased()
    judge = history.judge()
    if history.erases:
        for item in _erasures(history):
            report.add("", item)
    for part in selected_files(history.parts, history.selection):
        for item in decided_rows(part, judge):
            report.add(part.name, item)
            screen.advance(1)


def send_replay(
    history: ReplaySource, options: ReplayOptions, settings: Settings, report: ImportReport, screen: ProgressDisplay
) -> None:
    """Send what is not done. Raises Kafka's errors, `EngineError`, and as `preview_replay`.

    The next run goes on where this one was ended.
    """
    require_topic(settings, INTERACTIONS)
    if history.lake is not None:
        require_topic(settings, CONTACT_ROOFS)
        require_topic(settings, CONTACT_SUPPRESSIONS)
        told = [*asyncio.run(announced_erasures(settings)), *asyncio.run(closing_erasures(settings, history.lake))]
        history.require_erased(told)
    with ExitStack() as open_:
        behind = open_.enter_context(watching_workers(settings)) if options.yields else None
        pace = Pacer(options.rate, behind, screen.say)
        producer = open_.enter_context(closing(KafkaClients(settings).tool_producer()))
        at_once = ITEMS_AT_ONCE if options.rate is None else max(1, min(ITEMS_AT_ONCE, round(options.rate)))
        publishing = PublishOptions(producer, partial(require_topic, settings), history.now, STAGE, at_once)
        sender = _Sender(history, publishing, pace, settings.home, options)
        if history.erases:
            sender.erase(report)
        sender.send(report, screen)


@dataclass(frozen=True, slots=True)
class _Sender:
    history: ReplaySource
    publishing: PublishOptions
    pace: Pacer
    home: Path
    options: ReplayOptions

    def erase(self, report: ImportReport) -> None:
        """Send the erasures, first: later records of the same key follow them."""

        def reported() -> Iterator[FileItem]:
            for item in _erasures(self.history):
                report.add("", item)
                yield item

        FilePublisher(self.publishing, "").send(reported(), lambda _: None)

    def send(self, report: ImportReport, screen: ProgressDisplay) -> None:
        judge, before = self.history.judge(), 0
        for part in selected_files(self.history.parts, self.history.selection):
            journal = ImportJournal(self.home, part.fingerprint(self.history.selection), FOLDER)
            done = ImportProgress() if self.options.again else journal.read()
            before += done.done
            screen.advance(done.done)
            if not done.finished:
                to = ImportTarget(self.publishing, journal, done.done, self.pace)
                send_items(part.name, decided_rows(part, judge), report, screen.advance, to)
        if before:
            screen.say(f"{before:,} rows were replayed before; --again replays them once more")


def _erasures(history: ReplaySource) -> Iterator[FileItem]:
    for number, (fragment, _, value) in enumerate(history.erasures()):
        yield FileItem(number, 0, [to_interactions(value, fragment, ERASED_TYPE)])
