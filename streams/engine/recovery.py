"""Recovery between a rebalance and the resumed flow: take tables over, then let chunks in.

Stock recovery reads changelogs through the group's own consumer, record by record, and misses some when the next
rebalance interrupts it. Here each partition is fenced and read by a reader of its own; a further rebalance starts
over from what the stores hold.
"""

from typing import TYPE_CHECKING, cast

from faust.tables.manager import TableManager as StockTableManager
from faust.tables.recovery import RebalanceAgain, ServiceStopped
from faust.tables.recovery import Recovery as StockRecovery
from mode import Service

from streams.engine.table import ChunkTable

if TYPE_CHECKING:
    from streams.engine.app import ChunkApp


class Recovery(StockRecovery):
    """Takes over the tables' partitions, then opens the lanes and resumes the flow."""

    @Service.task
    async def _restart_recovery(self) -> None:
        app = cast("ChunkApp", self.app)
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):  # type: ignore[arg-type]
                return
            self.signal_recovery_start.clear()
            generation = self._generation_id
            try:
                self._set_recovery_started()
                await self._wait(self._take_over())
                app.lanes.open(generation)
                await self._wait(self.on_recovery_completed(generation))
                app.on_ready(len(app.owned_partitions()))
            except RebalanceAgain:
                continue
            except ServiceStopped:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
                app.fail_stop(error)

    async def _take_over(self) -> None:
        for table in self.tables.values():
            mine = [tp.partition for tp in self.active_tps if tp.topic == table.changelog_topic_name]
            await cast(ChunkTable, table).take_over(mine)

    @Service.task
    async def _slurp_changelogs(self) -> None:
        """Nothing arrives through the flow: see `_take_over`."""

    @Service.task
    async def _publish_stats(self) -> None:
        """Lag is measured by the worker's own metrics."""


class TableManager(StockTableManager):
    """Faust's table manager with this recovery."""

    @property
    def recovery(self) -> StockRecovery:
        if self._recovery is None:
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
