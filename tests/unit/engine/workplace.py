"""Lanes whose work begins and ends when the test says so."""

import asyncio
from collections import defaultdict

from faust.types import TP

from streams.engine.partition_workers import PartitionWorkers
from streams.engine.runs import ChunkLimits, Run
from tests.unit.engine.kafka_records import offsets

TURNS = 20
"""Of the event loop; enough for every task that can go on to have gone on."""


async def everything_that_can() -> None:
    """Let all tasks go on until each waits for something."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class Workplace:
    """Lanes and the work they do: chunks go in hand in `begun`, and stay there until `end` or `fail`."""

    def __init__(self, records: int = 2, grace_seconds: float = 30.0, size: int = 1_000) -> None:
        self.failed: list[tuple[TP, BaseException]] = []
        self.lanes = PartitionWorkers(
            ChunkLimits(records, size), grace_seconds, lambda tp, error: self.failed.append((tp, error))
        )
        self.begun: dict[TP, list[list[int]]] = defaultdict(list)
        self.cancelled: list[TP] = []
        self._in_hand: dict[TP, asyncio.Future[None]] = {}
        self.lanes.expect("agent", ["interactions"])
        self.lanes.open(1)

    def done(self) -> dict[TP, int | None]:
        """What may be committed, of each partition of which anything is done."""
        return {tp: self.lanes.done_to(tp) for tp in self.lanes.partitions()}

    async def process(self, chunk: Run) -> None:
        assert chunk.tp not in self._in_hand, "two chunks of a partition in flight"
        self.begun[chunk.tp].append(offsets(chunk))
        self._in_hand[chunk.tp] = asyncio.get_running_loop().create_future()
        try:
            await self._in_hand[chunk.tp]
        except asyncio.CancelledError:
            self.cancelled.append(chunk.tp)
            raise
        finally:
            del self._in_hand[chunk.tp]

    async def submit(self, *runs: Run) -> None:
        for run in runs:
            self.lanes.submit("agent", run, self.process)
        await everything_that_can()

    async def end(self, tp: TP) -> None:
        self._in_hand[tp].set_result(None)
        await everything_that_can()

    async def fail(self, tp: TP, error: Exception) -> None:
        self._in_hand[tp].set_exception(error)
        await everything_that_can()
