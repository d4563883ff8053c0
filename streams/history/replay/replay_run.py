"""One part of history after the other: shown only, or sent and remembered."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from events.topics import CONTACT_ROOFS, INTERACTIONS
from streams.history.importing.file_parts import Piece
from streams.history.importing.import_run import Outlet, Report, Screen, deliver
from streams.history.importing.journal import Journal, Progress
from streams.history.importing.publisher import PIECES_AT_ONCE, Sending, Way
from streams.history.lake.erasure import announced_erasures
from streams.history.lake.input_files import selected_files
from streams.history.lake.row_reading import ERASED_TYPE
from streams.history.replay.history import History, pieces_of
from streams.history.replay.pacing import Pace
from streams.history.replay.row_decisions import kept
from streams.history.replay.worker_lag import watching_workers
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import require_topic

STAGE = "replay"
FOLDER = "replays"


@dataclass(frozen=True, slots=True)
class Orders:
    """How to send. `rate`: records a second, at most. `yields`: workers are watched. `again`: also what was done."""

    rate: float | None = None
    yields: bool = True
    again: bool = False


def show(history: History, report: Report, screen: Screen) -> None:
    """Read all and send nothing. Raises `Unreadable`, OSError and `Damaged`."""
    history.require_erased()
    judge = history.judge()
    if history.erases:
        for piece in _erasures(history):
            report.add("", piece)
    for part in selected_files(history.parts, history.selection):
        for piece in pieces_of(part, judge):
            report.add(part.name, piece)
            screen.advance(1)


def send(history: History, orders: Orders, settings: Settings, report: Report, screen: Screen) -> None:
    """Send what is not done. Raises Kafka's errors, `EngineError`, and as `show`: the next run goes on then."""
    require_topic(settings, INTERACTIONS)
    if history.lake is not None:
        require_topic(settings, CONTACT_ROOFS)
        history.require_erased(asyncio.run(announced_erasures(settings)))
    with ExitStack() as open_:
        behind = open_.enter_context(watching_workers(settings)) if orders.yields else None
        pace = Pace(orders.rate, behind, screen.say)
        producer = open_.enter_context(closing(KafkaClients(settings).tool_producer()))
        at_once = PIECES_AT_ONCE if orders.rate is None else max(1, min(PIECES_AT_ONCE, round(orders.rate)))
        way = Way(producer, partial(require_topic, settings), history.now, STAGE, at_once)
        sender = _Sender(history, way, pace, settings.home, orders)
        if history.erases:
            sender.erase(report)
        sender.send(report, screen)


@dataclass(frozen=True, slots=True)
class _Sender:
    history: History
    way: Way
    pace: Pace
    home: Path
    orders: Orders

    def erase(self, report: Report) -> None:
        """First. What follows of the same key comes after it."""

        def reported() -> Iterator[Piece]:
            for piece in _erasures(self.history):
                report.add("", piece)
                yield piece

        Sending(self.way, "").send(reported(), lambda _: None)

    def send(self, report: Report, screen: Screen) -> None:
        judge, before = self.history.judge(), 0
        for part in selected_files(self.history.parts, self.history.selection):
            journal = Journal(self.home, part.fingerprint(self.history.selection), FOLDER)
            done = Progress() if self.orders.again else journal.read()
            before += done.done
            screen.advance(done.done)
            if not done.finished:
                to = Outlet(self.way, journal, done.done, self.pace)
                deliver(part.name, pieces_of(part, judge), report, screen.advance, to)
        if before:
            screen.say(f"{before:,} rows were replayed before; --again replays them once more")


def _erasures(history: History) -> Iterator[Piece]:
    for number, (fragment, _, value) in enumerate(history.erasures()):
        yield Piece(number, 0, [kept(value, fragment, ERASED_TYPE)])
