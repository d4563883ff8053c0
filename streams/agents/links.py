"""Links: finds the roof of each identifier; states, position, roofs and alerts appear together or not."""

import logging
from collections.abc import Callable

from streams.agents.linking import STAGE, Linking
from streams.engine.partition import Effects
from streams.engine.runs import Records, Run
from streams.engine.states import States
from streams.engine.table import ChunkTable
from streams.identity import Node
from streams.metrics import Metrics

logger = logging.getLogger(__name__)


class Links:
    """Handles chunks of `identity-links`; `new_linking` makes a chunk's worth of work from the states before it."""

    def __init__(
        self, table: ChunkTable[Node], new_linking: Callable[[States[Node]], Linking], metrics: Metrics
    ) -> None:
        self._table = table
        self._new_linking = new_linking
        self._metrics = metrics

    async def __call__(self, chunk: Run) -> None:
        """Fold the chunk in one transaction, then count what it did."""
        last: Linking | None = None

        def fold(states: States[Node], records: Records) -> Effects[Node]:
            nonlocal last
            last = self._new_linking(states)
            last.take(records)
            return last.effects

        with self._metrics.chunk(STAGE):
            await self._table.apply(chunk, fold)
        if last is not None:
            self._count(chunk, last)

    def _count(self, chunk: Run, linking: Linking) -> None:
        for kind, count in linking.kinds.items():
            self._metrics.identity_links.labels(kind).inc(count)
        for finding, count in linking.findings.items():
            self._metrics.identity_findings.labels(finding).inc(count)
        for offset, refusal in linking.refused:
            logger.warning("%s: the record at offset %d says nothing: %s", chunk.tp, offset, refusal.detail)
