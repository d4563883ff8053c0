"""`harmonia replay`: previews or sends one file of history after the other, and remembers how far each has come.

One replay of a path runs at a time: two that read its journals before either has written there would send all twice.
"""

import asyncio
import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

from events.topics import CONTACT_ROOFS, INTERACTIONS
from streams.history.importing.file_items import FileItem
from streams.history.importing.import_run import ImportReport, ImportTarget, ProgressDisplay, send_items
from streams.history.importing.journal import ImportJournal, ImportProgress
from streams.history.importing.publisher import ITEMS_AT_ONCE, FilePublisher, PublishOptions
from streams.history.lake.erasure import announced_erasures
from streams.history.lake.input_files import selected_files
from streams.history.lake.row_reading import ERASED_TYPE
from streams.history.replay.history import ReplaySource, decided_rows
from streams.history.replay.pacing import Pacer
from streams.history.replay.row_decisions import to_interactions
from streams.history.replay.worker_lag import watching_workers
from streams.platform.clients import KafkaClients
from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.platform.topics import require_topic


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
    history: ReplaySource, orders: ReplayOptions, settings: Settings, report: ImportReport, screen: ProgressDisplay
) -> None:
    """Send what is not done. Raises Kafka's errors, `EngineError`, and as `preview_replay`.

    The next run goes on where this one was ended.
    """
    require_topic(settings, INTERACTIONS)
    if history.lake is not None:
        require_topic(settings, CONTACT_ROOFS)
        history.require_erased(asyncio.run(announced_erasures(settings)))
    with ExitStack() as open_:
        behind = open_.enter_context(watching_workers(settings)) if orders.yields else None
        pace = Pacer(orders.rate, behind, screen.say)
        producer = open_.enter_context(closing(KafkaClients(settings).tool_producer()))
        at_once = ITEMS_AT_ONCE if orders.rate is None else max(1, min(ITEMS_AT_ONCE, round(orders.rate)))
        publishing = PublishOptions(producer, partial(require_topic, settings), history.now, STAGE, at_once)
        sender = _Sender(history, publishing, pace, settings.home, orders)
        if history.erases:
            sender.erase(report)
        sender.send(report, screen)


@dataclass(frozen=True, slots=True)
class _Sender:
    history: ReplaySource
    publishing: PublishOptions
    pace: Pacer
    home: Path
    orders: ReplayOptions

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
            done = ImportProgress() if self.orders.again else journal.read()
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
