"""The contacts agent: folds interactions into the states of contacts; state, position and profile are one transaction.

Seven topics are folded into the table, chunk by chunk: interactions, identity changes of the links agent, identity
fragments, definitions of experiments and of segments, and the steps of their backfills.
"""

import logging
from collections.abc import Callable, Mapping

from faust.types import TP

from events.identity_links import may_ask
from events.topics import (
    CONTACT_FRAGMENTS,
    CONTACT_ROOFS,
    EXPERIMENT_DEFINITIONS,
    EXPERIMENT_SWEEPS,
    INTERACTIONS,
    SEGMENT_DEFINITIONS,
    SEGMENT_WORK,
)
from streams.domain.contact import ContactState, FoldOutcome
from streams.domain.pressure import Policy
from streams.engine.decoded_states import States
from streams.engine.runs import Records, Run
from streams.engine.table import ChunkTable
from streams.engine.table_partition import Effects, folded_to
from streams.platform.settings import Settings
from streams.worker.agents.contacts.class_queries import InputProgress
from streams.worker.agents.contacts.fragments import FragmentsHandler
from streams.worker.agents.contacts.handler import STAGE, ChunkHandler
from streams.worker.agents.contacts.identity_changes import IdentityChangesHandler
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.experiments.backfill import BackfillHandler
from streams.worker.agents.experiments.definitions import DefinitionsHandler
from streams.worker.agents.latency_header import Clock
from streams.worker.agents.segments.definitions import SegmentDefinitionsHandler
from streams.worker.agents.segments.records import last_tick_end
from streams.worker.agents.segments.registry import registry_in
from streams.worker.agents.segments.sampling import is_of_backlog, kept_sample
from streams.worker.agents.segments.work import SegmentWorkHandler
from streams.worker.metrics import Metrics

logger = logging.getLogger(__name__)


class ContactsAgent:
    """Handles chunks of the topics that are folded into the table of contacts.

    `policy` gives the one that holds now; a chunk is judged by one, however often its folding is tried. `on_work`: told
    of the records of `segment-work` that a partition has folded.
    """

    def __init__(  # noqa: PLR0913 (what it needs, and whom it tells)
        self,
        table: ChunkTable[ContactState],
        settings: Settings,
        metrics: Metrics,
        clock: Clock,
        *,
        policy: Callable[[], Policy],
        on_work: Callable[[int, Records], None],
    ) -> None:
        self._table = table
        self._partitions = settings.partitions
        self._chunk_records = settings.chunk_records
        self._metrics = metrics
        self._clock = clock
        self._policy = policy
        self._on_work = on_work
        self._waited_at: dict[int, int] = {}

    async def __call__(self, chunk: Run) -> None:
        """Fold the chunk in one transaction, then count what it did."""
        last: ChunkHandler | None = None
        policy: Policy | None = None
        interactions = TP(INTERACTIONS, chunk.tp.partition)
        end = await self._table.lacks(interactions) if _asks(chunk) else 0
        is_all = chunk.tp.topic == SEGMENT_WORK and await self._is_all_folded(chunk.tp.partition)

        def fold(states: States[ContactState], records: Records) -> Effects[ContactState]:
            nonlocal last, policy
            policy = policy or self._policy()  # once it is this chunk's turn, or an older one might follow a newer one
            builder = RecordBuilder(chunk.tp.partition, self._partitions, states.generation)
            folded = last_tick_end(records) if is_all else 0
            is_behind = is_of_backlog(len(records), self._chunk_records)
            progress = InputProgress(max(folded, folded_to(states.store, interactions)), end, is_behind)
            last = fold_chunk(chunk.tp.topic, states, records, builder, self._clock(), policy=policy, progress=progress)
            return last.effects

        with self._metrics.chunk(STAGE):
            await self._table.apply(chunk, fold)
        if last is not None:
            self._count(chunk, last)
        if chunk.tp.topic == SEGMENT_WORK:
            self._on_work(chunk.tp.partition, chunk.records)

    async def _is_all_folded(self, partition: int) -> bool:
        """Whether nothing is left to fold though a tick waits for more: asked where nothing has moved since the last.

        The last that `interactions` hold may be the marker of a transaction, which nobody ever folds.
        """
        table = self._table.owned(partition)
        registry = registry_in(table.memory)
        interactions = TP(INTERACTIONS, partition)
        if registry is None or not registry.time.ahead:
            self._waited_at.pop(partition, None)
            return False
        folded = table.watermark(interactions) or 0
        has_moved = self._waited_at.get(partition) != folded
        self._waited_at[partition] = folded
        return not has_moved and await self._table.lacks(interactions) == 0

    def _count(self, chunk: Run, folded: ChunkHandler) -> None:
        for outcome, count in folded.outcomes.items():
            self._metrics.interactions.labels(chunk.tp.topic, outcome.value).inc(count)
        self._metrics.duplicates.inc(folded.outcomes[FoldOutcome.DUPLICATE] + folded.outcomes[FoldOutcome.EARLIER])
        self._metrics.profiles_cut.inc(folded.builder.cut)
        for reason, count in folded.refusals.items():
            self._metrics.dead_letters.labels(STAGE, reason).inc(count)
        self._metrics.campaign.count_applied(folded.tally)
        for rule, count in folded.alerts.items():
            self._metrics.alerts.labels(rule).inc(count)
        for (type_, is_named), count in folded.reports.items():
            self._metrics.mail_reports.labels(type_, "named" if is_named else "none").inc(count)
        self._metrics.experiments.uncounted.inc(folded.experiments.uncounted)
        for cause, count in folded.segments.causes.items():
            self._metrics.segments.changes.labels(cause).inc(count)
        for offset, refusal in folded.unread:
            logger.warning("%s: the record at offset %d says nothing: %s", chunk.tp, offset, refusal.detail)


_KINDS: Mapping[str, type[ChunkHandler]] = {
    INTERACTIONS: InteractionsHandler,
    CONTACT_ROOFS: IdentityChangesHandler,
    CONTACT_FRAGMENTS: FragmentsHandler,
    EXPERIMENT_DEFINITIONS: DefinitionsHandler,
    EXPERIMENT_SWEEPS: BackfillHandler,
    SEGMENT_DEFINITIONS: SegmentDefinitionsHandler,
    SEGMENT_WORK: SegmentWorkHandler,
}
"""How a chunk of each topic is folded; all that agent `contacts` reads."""


def fold_chunk(  # noqa: PLR0913 (a chunk, what was before it, and what it needs)
    topic: str,
    states: States[ContactState],
    records: Records,
    builder: RecordBuilder,
    at_ms: int,
    *,
    policy: Policy,
    progress: InputProgress,
) -> ChunkHandler:
    """Fold records of one topic onto the states before them; `progress`: how far the partition is folded.

    Raises `ValueError` for a topic that is not folded into the table: read as another one's, its records would say
    what nobody meant.
    """
    if topic not in _KINDS:
        raise ValueError(f"{topic} is not folded into the table of contacts")
    chunk = _KINDS[topic](states, builder, at_ms, policy)
    chunk.progress = progress
    chunk.take(records)
    kept_sample(states, builder.partitions).follow(states, chunk.repository, at_ms, is_behind=progress.is_behind)
    return chunk


def _asks(chunk: Run) -> bool:
    """Whether a chunk may hold a class query."""
    return chunk.tp.topic == CONTACT_ROOFS and any(may_ask(record.value) for record in chunk.records)
