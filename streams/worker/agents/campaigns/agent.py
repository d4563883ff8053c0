"""The campaigns agent: adds up what partitions of contacts have counted; sums, position, alerts are one transaction."""

import logging
from collections.abc import Callable

from streams.domain.campaigns import CampaignRecord
from streams.domain.pressure import Policy
from streams.engine.decoded_states import States
from streams.engine.runs import Records, Run
from streams.engine.table import ChunkTable
from streams.engine.table_partition import Effects
from streams.worker.agents.campaigns.aggregator import STAGE, CampaignAggregator
from streams.worker.metrics import Metrics

logger = logging.getLogger(__name__)


class CampaignsAgent:
    """Handles chunks of `campaign-counts`.

    `policy` gives the one that holds now; a chunk is judged by one, however often its folding is tried.
    """

    def __init__(
        self, table: ChunkTable[CampaignRecord], partitions: int, metrics: Metrics, *, policy: Callable[[], Policy]
    ) -> None:
        self._table = table
        self._partitions = partitions
        self._metrics = metrics
        self._policy = policy

    async def __call__(self, chunk: Run) -> None:
        """Fold the chunk in one transaction, then count what it did."""
        last: CampaignAggregator | None = None
        policy = self._policy()

        def fold(states: States[CampaignRecord], records: Records) -> Effects[CampaignRecord]:
            nonlocal last
            last = CampaignAggregator(states, self._partitions, policy)
            last.take(records)
            return last.effects

        with self._metrics.chunk(STAGE):
            await self._table.apply(chunk, fold)
        if last is not None:
            self._count(chunk, last)

    def _count(self, chunk: Run, aggregator: CampaignAggregator) -> None:
        for rule, count in aggregator.alerts.items():
            self._metrics.alerts.labels(rule).inc(count)
        for offset in aggregator.refused:
            logger.warning("%s: the record at offset %d says nothing", chunk.tp, offset)
