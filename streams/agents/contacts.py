"""Contacts: folds each interaction into its person's state; state, position and profile appear together or not."""

from streams.agents.folding import STAGE, Folding
from streams.agents.stamps import Clock
from streams.contact import ContactState, Outcome
from streams.engine.partition import Effects
from streams.engine.runs import Records, Run
from streams.engine.states import States
from streams.engine.table import ChunkTable
from streams.metrics import Metrics


class Contacts:
    """Handles chunks of `interactions`."""

    def __init__(self, table: ChunkTable[ContactState], generation: int, metrics: Metrics, clock: Clock) -> None:
        self._table = table
        self._generation = generation
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, chunk: Run) -> None:
        """Fold the chunk in one transaction, then count what it did."""
        last: Folding | None = None

        def fold(states: States[ContactState], records: Records) -> Effects[ContactState]:
            nonlocal last
            last = Folding(states, self._generation, self._clock())
            last.take(records)
            return last.effects

        with self._metrics.chunk(STAGE):
            await self._table.apply(chunk, fold)
        if last is not None:
            self._count(chunk, last)

    def _count(self, chunk: Run, folding: Folding) -> None:
        for outcome, count in folding.outcomes.items():
            self._metrics.interactions.labels(chunk.tp.topic, outcome.value).inc(count)
        self._metrics.duplicates.inc(folding.outcomes[Outcome.DUPLICATE])
        for reason, count in folding.refusals.items():
            self._metrics.dead_letters.labels(STAGE, reason).inc(count)
