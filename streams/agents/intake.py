"""Intake: what teams say becomes one stream, keyed by person; what is no interaction becomes a dead letter.

It keeps no state, so at least once is enough: a chunk that fails is written again, and the fold drops what comes twice.
"""

from collections import Counter

from events.envelope import Record, decode
from events.harmonised import TakenIn, take_in
from events.identifiers import Hasher
from events.refusal import Refusal
from events.short_way import harmonise_usual
from events.topics import INTERACTIONS
from sinks.keys import partition_of
from streams.agents.dead_letters import dead_letter
from streams.agents.stamps import Clock, received_header
from streams.engine.retry import retried
from streams.engine.runs import KafkaRecord, Run
from streams.engine.turns import Turns
from streams.engine.writer import Outbox, Output
from streams.metrics import Metrics

STAGE = "intake"
RECORDS_AT_ONCE = 4_000
"""Input has many partitions, and a full chunk of each would keep the event loop from everybody else for seconds."""


class Intake:
    """Handles chunks of the input topics."""

    def __init__(self, outbox: Outbox, hasher: Hasher, partitions: int, metrics: Metrics, clock: Clock) -> None:
        self._outbox = outbox
        self._hasher = hasher
        self._partitions = partitions
        self._metrics = metrics
        self._clock = clock
        self._turns = Turns(RECORDS_AT_ONCE)

    async def __call__(self, chunk: Run) -> None:
        """Write each record of the chunk to `interactions` or `dead-letters`; done once all replicas have them."""
        async with self._turns.of(len(chunk.records)):
            await self._take(chunk)

    async def _take(self, chunk: Run) -> None:
        with self._metrics.chunk(STAGE):
            judged = [self._judge(record) for record in chunk.records]
            outputs = [self._output(record, outcome) for record, outcome in zip(chunk.records, judged, strict=True)]
            await retried(lambda: self._outbox.write(outputs), f"{chunk.tp}: writing")
        self._count(chunk, judged)

    def _judge(self, record: KafkaRecord) -> TakenIn | Refusal:
        read = Record(record.topic, record.value, record.headers, record.timestamp)
        if usual := harmonise_usual(read, self._hasher):
            return usual
        interaction = decode(read, self._hasher.phone_region)
        return interaction if isinstance(interaction, Refusal) else take_in(interaction, self._hasher)

    def _output(self, record: KafkaRecord, outcome: TakenIn | Refusal) -> Output:
        if isinstance(outcome, Refusal):
            return dead_letter(record, outcome, STAGE, self._clock())
        key = outcome[0]
        headers = [received_header(record.timestamp)]
        return Output(INTERACTIONS, partition_of(key, self._partitions), key.encode(), outcome[1], headers)

    def _count(self, chunk: Run, judged: list[TakenIn | Refusal]) -> None:
        refused = [outcome for outcome in judged if isinstance(outcome, Refusal)]
        self._metrics.interactions.labels(chunk.tp.topic, "accepted").inc(len(judged) - len(refused))
        self._metrics.interactions.labels(chunk.tp.topic, "refused").inc(len(refused))
        for refusal in refused:
            self._metrics.dead_letters.labels(STAGE, refusal.reason).inc()
        self._metrics.campaign.took_in(Counter(outcome[2:] for outcome in judged if not isinstance(outcome, Refusal)))
