"""The lake's writer as the process uses it: off the event loop, counted, and patient with a store that is away."""

import asyncio
import logging
from typing import Literal

from sinks.lake.writer import LakeWriter, RangeConflict
from streams.history.lake.buffers import Buffer
from streams.history.lake.metrics import LakeMetrics

logger = logging.getLogger(__name__)

PAUSE_S = 1.0

Outcome = Literal["written", "overtaken", "failed"]


class Writing:
    """`trouble`: why the lake does not take anything now, in a few words."""

    def __init__(self, writer: LakeWriter, metrics: LakeMetrics) -> None:
        self._writer = writer
        self._metrics = metrics
        self.trouble: str | None = None

    async def position(self, partition: int) -> int | None:
        """Where the lake goes on; None where it has nothing of the partition. Asks until the store answers."""
        while True:
            try:
                return await asyncio.to_thread(self._writer.position, partition)
            except OSError as error:
                self._fail(error)
                await asyncio.sleep(PAUSE_S)

    async def write(self, partition: int, buffer: Buffer) -> Outcome:
        """One attempt. After any other outcome than `written` only the lake knows where it goes on."""
        try:
            with self._metrics.seconds.time():
                done = await asyncio.to_thread(
                    self._writer.write, partition, buffer.first, buffer.next - 1, buffer.records
                )
        except RangeConflict:
            self._metrics.overtaken.inc()
            return "overtaken"
        except OSError as error:
            self._fail(error)
            return "failed"
        self.trouble = None
        self._metrics.rows.inc(done.rows)
        self._metrics.files.inc(len(done.files))
        self._metrics.bytes.inc(sum(file.bytes for file in done.files))
        return "written"

    async def skip(self, partition: int, first: int, last: int) -> None:
        """Go on behind what is lost. Raises OSError, and RangeConflict."""
        await asyncio.to_thread(self._writer.skip, partition, first, last)

    def _fail(self, error: OSError) -> None:
        self._metrics.failures.inc()
        self.trouble = f"the lake cannot be reached ({type(error).__name__})"
        logger.warning("the lake: %s; trying again", type(error).__name__)
