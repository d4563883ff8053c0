"""Daily reports for `/days`, each made by a child process, since the lake is read for seconds, or minutes.

Nobody waits for one: a page shows the report that is there, or since when one is being made. A report is made again
when somebody looks and it is old, since late records belong to their day.
"""

import asyncio
import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from events.json_types import UNREADABLE
from streams.history.daily_report.figures import DailyReport
from streams.history.insights.own_process import InsightsProcess, NoAnswer
from streams.services.console.day_cells import ShownTable, shown_tables

logger = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "streams.cli.main", "report", "daily")
LIMIT_S = 600.0
"""Seconds that a report may take."""
FRESH_S = 600.0
"""Seconds after which a report is made again."""
AGAIN_S = 30.0
"""Seconds after a failure before another try."""
MOST_KEPT = 60
"""Reports that are kept: two months' days."""
_read = msgspec.json.Decoder(DailyReport).decode


class FoundReport(Struct, frozen=True):
    """The report of a day. None: `waiting_s`, for how long it is being made; `failed`: it could not be.

    `tables`: those of the report as they may be shown.
    """

    report: DailyReport | None
    waiting_s: float = 0.0
    failed: bool = False
    tables: Sequence[ShownTable] = ()


class _Day:
    """What is known of the report of one day. Times are seconds by the clock."""

    def __init__(self) -> None:
        self.report: DailyReport | None = None
        self.tables: Sequence[ShownTable] = ()
        self.made_at = float("-inf")
        self.failed_at = float("-inf")
        self.began_at = 0.0
        self.task: asyncio.Task[None] | None = None


class DayReports:
    """Makes reports one at a time and keeps them; one object for each server. `clock`: seconds that only grow."""

    def __init__(self, process: InsightsProcess | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._process = InsightsProcess(COMMAND, limit_s=LIMIT_S, fresh_s=0.0) if process is None else process
        self._clock = clock
        self._days: OrderedDict[str, _Day] = OrderedDict()

    def find(self, date: str) -> FoundReport:
        """The report of a day (`2012-11-06`) as far as it is there; begins one where there is none, or an old one."""
        day = self._days.setdefault(date, _Day())
        self._days.move_to_end(date)
        now = self._clock()
        is_due = now - day.made_at >= FRESH_S and now - day.failed_at >= AGAIN_S
        if day.task is None and is_due:
            day.began_at = now
            day.task = asyncio.create_task(self._make(date, day))
        self._forget()
        return FoundReport(day.report, now - day.began_at, day.task is None and day.report is None, day.tables)

    async def settled(self) -> None:
        """Wait until nothing is being made."""
        tasks = [day.task for day in self._days.values() if day.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """End all child processes."""
        await self._process.stop()
        await self.settled()

    async def _make(self, date: str, day: _Day) -> None:
        try:
            report = _read(await self._process.answer(("--json", f"--date={date}")))
            day.report, day.tables = report, shown_tables(report)
            day.made_at = self._clock()
        except (NoAnswer, *UNREADABLE) as error:
            logger.warning("daily report: %s", type(error).__name__)
            day.failed_at = self._clock()
        finally:
            day.task = None

    def _forget(self) -> None:
        """Drop the days that nobody has asked for the longest."""
        for date in list(self._days)[: max(0, len(self._days) - MOST_KEPT)]:
            if self._days[date].task is None:
                del self._days[date]
