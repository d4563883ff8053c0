"""The links agent: finds the canonical id of each identifier; states, position and outputs are one transaction."""

import logging
from collections.abc import Callable

from events.identity_links import OVERDUE
from events.topics import IDENTITY_LINKS
from streams.domain.identity import Node
from streams.engine.decoded_states import States
from streams.engine.runs import Records, Run
from streams.engine.table import ChunkTable
from streams.engine.table_partition import Effects
from streams.engine.writer import Outbox, Output
from streams.platform.errors import NotOwned
from streams.worker.agents.identity.handler import STAGE, WAITING_ERASURES, LinkRecordsHandler
from streams.worker.metrics import Metrics

logger = logging.getLogger(__name__)


class LinksAgent:
    """Handles chunks of `identity-links`; `new_handler` makes the handler of a chunk from the states before it.

    While an erasure waits for answers the queries are put again: a worker of an older version passes over them.
    """

    pause = 10.0
    """Seconds until that may be."""

    def __init__(
        self,
        table: ChunkTable[Node],
        new_handler: Callable[[States[Node]], LinkRecordsHandler],
        metrics: Metrics,
        outbox: Outbox,
    ) -> None:
        self._table = table
        self._new_handler = new_handler
        self._metrics = metrics
        self._outbox = outbox

    async def __call__(self, chunk: Run) -> None:
        """Fold the chunk in one transaction, then count what it did."""
        last: LinkRecordsHandler | None = None

        def fold(states: States[Node], records: Records) -> Effects[Node]:
            nonlocal last
            last = self._new_handler(states)
            last.take(records)
            return last.effects

        with self._metrics.chunk(STAGE):
            await self._table.apply(chunk, fold)
        if last is not None:
            self._count(chunk, last)

    async def tick(self) -> None:
        """Have queries put again if this worker owns the links and any may be open. Raises one of `BROKER_TROUBLE`."""
        try:
            waits = self._table.owned(0).memory.get(WAITING_ERASURES)
        except NotOwned:
            return
        if waits is None or waits:
            await self._outbox.write([Output(IDENTITY_LINKS, 0, OVERDUE, None)])

    def _count(self, chunk: Run, handler: LinkRecordsHandler) -> None:
        for kind, count in handler.kinds.items():
            self._metrics.identity_links.labels(kind).inc(count)
        for finding, count in handler.findings.items():
            self._metrics.identity_findings.labels(finding).inc(count)
        for offset, refusal in handler.refused:
            logger.warning("%s: the record at offset %d says nothing: %s", chunk.tp, offset, refusal.detail)
