"""Reads what was appended to the input topics about a time, to learn how much of a source was refused.

All partitions are read, also those that other workers have. Of a busy minute it is a fair sample.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from faust.types import TP

from events.identifiers import Hasher
from events.refusal import Refusal
from events.requeued import was_requeued
from events.topics import INPUT_TOPICS
from streams.domain.dead_letter_repair.letters import read_declared_type
from streams.domain.quarantine.flood_detection import OffsetRange, SourceTally, sample_ranges
from streams.engine.changelog import PartitionReader
from streams.engine.runs import KafkaRecord
from streams.platform.clients import KafkaClients
from streams.platform.cooperative import in_turns
from streams.worker.agents.intake.agent import judge

MOST_RECORDS = 40_000
"""Opening one to see whose it is takes 5 µs; only a suspect's are judged."""
PIECE = 2_000


class LookBack:
    """Looks when it is asked to. `partitions`: of each input topic."""

    def __init__(self, kafka: KafkaClients, hasher: Hasher, partitions: int) -> None:
        self._kafka = kafka
        self._hasher = hasher
        self._places = [TP(topic.name, number) for topic in INPUT_TOPICS for number in range(partitions)]

    async def tallies(self, sources: Collection[str], since: int, until: int) -> Mapping[str, SourceTally]:
        """Of these sources, what was appended from `since` up to `until`, ms. Raises one of `BROKER_TROUBLE`."""
        counts: Counter[tuple[str, bool]] = Counter()
        async with PartitionReader(self._kafka) as reader:
            first, last = await reader.offsets_at(self._places, since), await reader.offsets_at(self._places, until)
            ranges = [OffsetRange(*tp, first[tp], last[tp]) for tp in self._places]
            for piece in sample_ranges(ranges, MOST_RECORDS, PIECE):
                async for run in reader.runs(TP(piece.topic, piece.partition), piece.start, piece.end):
                    mine = [record for record in run.records if record.offset < piece.end]
                    counts.update(filter(None, await in_turns(lambda record: self._seen(record, sources), mine)))
        return {source: SourceTally(counts[source, True], counts[source, False]) for source in sources}

    def _seen(self, record: KafkaRecord, sources: Collection[str]) -> tuple[str, bool] | None:
        """The source, and whether the record is refused; None: it is nobody's of these, or an operator's."""
        source = read_declared_type(record.value, record.headers).source
        if source is None or source not in sources or was_requeued(record.value, record.headers, self._hasher):
            return None
        return source, isinstance(judge(record, self._hasher, Counter()), Refusal)
