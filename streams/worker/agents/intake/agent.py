"""The intake agent: what teams send becomes one stream, keyed by contact; what is no interaction becomes a dead letter.

It keeps no state, so at least once is enough: a chunk that fails is written again, and the fold drops what comes twice.
While a source is in quarantine, what of it can wait goes to `quarantine` instead of either, judged and whole.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeAlias

from events.envelope import Interaction, Record, ahead_ms, decode
from events.fast_intake import harmonise_fast
from events.harmonised import IntakeResult, take_in, team_behind
from events.identifiers import Hasher
from events.opening_words import CLOCK_AHEAD_MS, TIME_SENT
from events.purpose_wall import OPEN, Wall, names_refused, through_the_wall
from events.refusal import Reason, Refusal
from events.topics import INTERACTIONS, QUARANTINE, Agent
from sinks.keys import partition_of
from streams.domain.quarantine.guard import HELD_REFUSAL, QuarantineGuard
from streams.engine.aiokafka_patches.fetched_records import UnreadableRecord
from streams.engine.retry import retried
from streams.engine.runs import KafkaRecord, Run
from streams.engine.weighted_semaphore import WeightedSemaphore
from streams.engine.writer import Outbox, Output
from streams.worker.agents.intake.dead_letters import dead_letter
from streams.worker.agents.latency_header import Clock, received_header
from streams.worker.metrics import Metrics

STAGE: Agent = "intake"
Judged: TypeAlias = IntakeResult | Refusal
"""The interaction, or why there is none."""

_REASONS = tuple(Reason)
RECORDS_AT_ONCE = 4_000
"""Input has many partitions, and a full chunk of each would keep the event loop from everybody else for seconds."""


class Remarks(NamedTuple):
    """Counts of accepted interactions that may be a producer's mistake.

    `unknown`: by type, those with a field that the type does not know. `ahead`: by team, those that open something and
    whose producer's clock is over a minute ahead of their record.
    """

    unknown: Counter[str]
    ahead: Counter[str]

    @classmethod
    def none(cls) -> "Remarks":
        """The counts before the first record."""
        return cls(Counter(), Counter())


def judge(record: KafkaRecord, hasher: Hasher, remarks: Remarks, wall: Wall = OPEN) -> Judged:
    """The interaction in a record, or why it is refused. `remarks` are added to; `wall`: what nothing is taken of."""
    read = Record(record.topic, record.value, record.headers, record.timestamp)
    if isinstance(record, UnreadableRecord):
        return _first_of(record.refusal, decode(read, hasher.phone_region))
    if (usual := harmonise_fast(read, hasher)) and not names_refused(usual[1], wall):
        return usual
    interaction = decode(read, hasher.phone_region)
    if isinstance(interaction, Interaction):
        interaction = through_the_wall(interaction, wall)
    if isinstance(interaction, Refusal):
        return interaction
    if (interaction.data.model_extra or {}).keys() - {TIME_SENT}:
        remarks.unknown[interaction.type] += 1
    if ahead_ms(interaction) > CLOCK_AHEAD_MS:
        remarks.ahead[team_behind(interaction)] += 1
    return take_in(interaction, hasher)


class IntakeAgent:
    """Handles chunks of the input topics."""

    def __init__(  # noqa: PLR0913 (each is a part of the worker)
        self,
        outbox: Outbox,
        hasher: Hasher,
        partitions: int,
        metrics: Metrics,
        clock: Clock,
        *,
        guard: QuarantineGuard,
        wall: Wall = OPEN,
    ) -> None:
        self._outbox = outbox
        self._hasher = hasher
        self._partitions = partitions
        self._metrics = metrics
        self._clock = clock
        self._guard = guard
        self._wall = wall
        self._turns = WeightedSemaphore(RECORDS_AT_ONCE)

    async def __call__(self, chunk: Run) -> None:
        """Write each record of the chunk to `interactions` or `dead-letters`; done once all replicas have them."""
        async with self._turns.of(len(chunk.records)):
            await self._take(chunk)

    async def _take(self, chunk: Run) -> None:
        with self._metrics.chunk(STAGE):
            remarks = Remarks.none()
            judged = [judge(record, self._hasher, remarks, self._wall) for record in chunk.records]
            outputs = [self._output(record, outcome) for record, outcome in zip(chunk.records, judged, strict=True)]
            held = self._hold(chunk, judged, outputs) if self._guard.is_needed else ()
            await retried(lambda: self._outbox.write(outputs), f"{chunk.tp}: writing")
        self._count(chunk, judged, held)
        for type_, count in remarks.unknown.items():
            self._metrics.unknown_fields.labels(type_).inc(count)
        self._metrics.campaign.count_ahead(remarks.ahead)

    def _output(self, record: KafkaRecord, outcome: Judged) -> Output:
        if isinstance(outcome, Refusal):
            return dead_letter(record, outcome, STAGE, self._clock())
        key = outcome[0]
        headers = [received_header(record.timestamp)]
        return Output(INTERACTIONS, partition_of(key, self._partitions), key.encode(), outcome[1], headers)

    def _hold(self, chunk: Run, judged: Sequence[Judged], outputs: list[Output]) -> Collection[int]:
        """Replace outputs of records that are to be held by quarantine records; returns the places of those records."""
        held = {
            place
            for place, record in enumerate(chunk.records)
            if self._guard.holds(record.value, record.headers, record.timestamp)
        }
        for place in held:
            outcome = judged[place]
            why = outcome if isinstance(outcome, Refusal) else HELD_REFUSAL
            outputs[place] = dead_letter(chunk.records[place], why, STAGE, self._clock(), QUARANTINE)
        return held

    def _count(self, chunk: Run, judged: Sequence[Judged], held: Collection[int]) -> None:
        refused = {place: outcome for place, outcome in enumerate(judged) if isinstance(outcome, Refusal)}
        letters = [outcome for place, outcome in refused.items() if place not in held]
        count = self._metrics.interactions
        count.labels(chunk.tp.topic, "accepted").inc(len(judged) - len(held) - len(letters))
        count.labels(chunk.tp.topic, "refused").inc(len(letters))
        count.labels(chunk.tp.topic, "held").inc(len(held))
        taken = (outcome for place, outcome in enumerate(judged) if place not in held)
        self._metrics.campaign.count_accepted(Counter(one[2:] for one in taken if not isinstance(one, Refusal)))
        for refusal in letters:
            self._metrics.dead_letters.labels(STAGE, refusal.reason).inc()
        for record in (chunk.records[place] for place in refused):
            self._guard.refused(record.value, record.headers, record.timestamp)


def _first_of(refusal: Refusal, judged: Interaction | Refusal) -> Refusal:
    """The refusal that goes into `dl_reason`, of why a record cannot be read and why its bytes are refused."""
    found = [refusal, judged] if isinstance(judged, Refusal) else [refusal]
    return min(found, key=lambda one: _REASONS.index(one.reason))
