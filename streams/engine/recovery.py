"""Recovery between a rebalance and the resumed flow: take tables over, then let chunks in.

Stock recovery reads changelogs through the group's own consumer, record by record, and misses some when the next
rebalance interrupts it. Here each partition is fenced and read by a reader of its own; a further rebalance starts
over from what the stores hold.
"""

import asyncio
from typing import TYPE_CHECKING, Any, cast

from aiokafka.errors import IllegalStateError
from faust.tables.manager import TableManager as StockTableManager
from faust.tables.recovery import RebalanceAgain, ServiceStopped
from faust.tables.recovery import Recovery as StockRecovery
from mode import Service

from streams.engine.garbage_collector import collect_what_was_closed
from streams.engine.table import ChunkTable

if TYPE_CHECKING:
    from streams.engine.app import ChunkApp


class Recovery(StockRecovery):
    """Takes over the tables' partitions, then opens the lanes and resumes the flow.

    One recovery at a time: partitions that are revoked meanwhile end it (`halt`) before anything is given up.
    """

    _under_way: asyncio.Task[None] | None = None

    @Service.task
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):  # type: ignore[arg-type]
                return
            self.signal_recovery_start.clear()
            self._under_way = asyncio.create_task(self._recover(self._generation_id))
            await asyncio.wait({self._under_way})

    async def halt(self) -> None:
        """End the recovery that is under way, if any; the next assignment starts another one."""
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.wait({self._under_way})

    async def on_stop(self) -> None:
        """Stop, with nothing under way."""
        await self.halt()
        await super().on_stop()

    async def _recover(self, generation: int) -> None:
        app = cast("ChunkApp", self.app)
        try:
            self._set_recovery_started()
            app.onlooker.taking_over()
            await self._take_over()
            collect_what_was_closed()
            app.lanes.open(generation)
            await self.on_recovery_completed(generation)
            app.onlooker.taken_over()
            app.on_ready(len(app.owned_partitions()))
        except (RebalanceAgain, IllegalStateError):
            return  # the partitions have changed meanwhile, so another recovery is about to start
        except ServiceStopped:
            if not self.should_stop:  # which is also what Faust calls a broker that does not answer in time
                app.fail_stop(TimeoutError("the committed offsets could not be read"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on
            app.fail_stop(error)

    async def _take_over(self) -> None:
        for table in self.tables.values():
            mine = [tp.partition for tp in self.active_tps if tp.topic == table.changelog_topic_name]
            await cast(ChunkTable[Any], table).take_over(mine)

    @Service.task
    async def _slurp_changelogs(self) -> None:
        """Nothing arrives through the flow: see `_take_over`."""

    @Service.task
    async def _publish_stats(self) -> None:
        """Lag is measured by the worker's own metrics."""


class TableManager(StockTableManager):
    """Faust's table manager with this recovery."""

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast(Recovery, self._recovery)
