"""Contacts: folds each interaction into its person's state; state, position and profile appear together or not.

So it is with what the links agent and other fragments tell, how experiments are to be counted, and who is counted anew:
five topics are folded into one table, chunk by chunk.
"""

import logging
from collections.abc import Callable, Mapping

from faust.types import TP

from events.links import may_ask
from events.topics import CONTACT_FRAGMENTS, CONTACT_ROOFS, EXPERIMENT_DEFINITIONS, EXPERIMENT_SWEEPS, INTERACTIONS
from streams.domain.contact import ContactState, FoldOutcome
from streams.domain.pressure import Policy
from streams.engine.decoded_states import States
from streams.engine.runs import Records, Run
from streams.engine.table import ChunkTable
from streams.engine.table_partition import Effects, folded_to
from streams.worker.agents.contacts.class_queries import Heard
from streams.worker.agents.contacts.fragments import Gathering
from streams.worker.agents.contacts.handler import STAGE, Chunk
from streams.worker.agents.contacts.identity_changes import Moving
from streams.worker.agents.contacts.interactions import Folding
from streams.worker.agents.contacts.output_records import Printer
from streams.worker.agents.experiments.backfill import Sweeping
from streams.worker.agents.experiments.definitions import Defining
from streams.worker.agents.latency_header import Clock
from streams.worker.metrics import Metrics

logger = logging.getLogger(__name__)


class Contacts:
    """Handles chunks of what is folded into the table of contacts, each topic of `partitions` partitions.

    `policy` gives the one that holds now; a chunk is judged by one, however often its folding is tried.
    """

    def __init__(
        self,
        table: ChunkTable[ContactState],
        partitions: int,
        metrics: Metrics,
        clock: Clock,
        *,
        policy: Callable[[], Policy],
    ) -> None:
        self._table = table
        self._partitions = partitions
        self._metrics = metrics
        self._clock = clock
        self._policy = policy

    async def __call__(self, chunk: Run) -> None:
        """Fold the chunk in one transaction, then count what it did."""
        last: Chunk | None = None
        policy = self._policy()
        interactions = TP(INTERACTIONS, chunk.tp.partition)
        end = await self._table.lacks(interactions) if _asks(chunk) else 0

        def fold(states: States[ContactState], records: Records) -> Effects[ContactState]:
            nonlocal last
            printer = Printer(chunk.tp.partition, self._partitions, states.generation)
            heard = Heard(folded_to(states.store, interactions), end)
            last = folded(chunk.tp.topic, states, records, printer, self._clock(), policy=policy, heard=heard)
            return last.effects

        with self._metrics.chunk(STAGE):
            await self._table.apply(chunk, fold)
        if last is not None:
            self._count(chunk, last)

    def _count(self, chunk: Run, folded: Chunk) -> None:
        for outcome, count in folded.outcomes.items():
            self._metrics.interactions.labels(chunk.tp.topic, outcome.value).inc(count)
        self._metrics.duplicates.inc(folded.outcomes[FoldOutcome.DUPLICATE])
        self._metrics.profiles_cut.inc(folded.printer.cut)
        for reason, count in folded.refusals.items():
            self._metrics.dead_letters.labels(STAGE, reason).inc(count)
        self._metrics.campaign.folded(folded.tally)
        for rule, count in folded.alerts.items():
            self._metrics.alerts.labels(rule).inc(count)
        for (type_, is_named), count in folded.reports.items():
            self._metrics.mail_reports.labels(type_, "named" if is_named else "none").inc(count)
        self._metrics.experiments.uncounted.inc(folded.experiments.uncounted)
        for offset, refusal in folded.unread:
            logger.warning("%s: the record at offset %d says nothing: %s", chunk.tp, offset, refusal.detail)


_KINDS: Mapping[str, type[Chunk]] = {
    INTERACTIONS: Folding,
    CONTACT_ROOFS: Moving,
    CONTACT_FRAGMENTS: Gathering,
    EXPERIMENT_DEFINITIONS: Defining,
    EXPERIMENT_SWEEPS: Sweeping,
}
"""How a chunk of each topic is folded; all that agent `contacts` reads."""


def folded(  # noqa: PLR0913 (a chunk, what was before it, and what it needs)
    topic: str,
    states: States[ContactState],
    records: Records,
    printer: Printer,
    at_ms: int,
    *,
    policy: Policy,
    heard: Heard,
) -> Chunk:
    """Records of one topic folded onto the states before them; `heard`: how far `interactions` are.

    Raises `ValueError` for a topic that is not folded into the table: read as another one's, its records would say
    what nobody meant.
    """
    if topic not in _KINDS:
        raise ValueError(f"{topic} is not folded into the table of contacts")
    chunk = _KINDS[topic](states, printer, at_ms, policy)
    chunk.heard = heard
    chunk.take(records)
    return chunk


def _asks(chunk: Run) -> bool:
    """Whether it may ask anybody for a class."""
    return chunk.tp.topic == CONTACT_ROOFS and any(may_ask(record.value) for record in chunk.records)
