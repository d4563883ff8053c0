"""Reads records again by their place, and who was erased meanwhile; bodies are nowhere else than in their topics."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import orjson
from faust.types import TP

from events.topics import CONTACT_ALERTS, CONTACT_STATE, EXPERIMENT_RESULTS
from streams.domain.delivery.notices import SourceRecord
from streams.domain.delivery.standing import Wait, line_of
from streams.engine.changelog import PartitionReader
from streams.engine.runs import KafkaRecord
from streams.platform.clients import KafkaClients
from streams.services.deliver.backlog import Placed

_ERASED = "erased"
LineIn = Callable[[SourceRecord], str | None]
"""The line of a record, as an endpoint is told it; None: it is told nothing of it."""


class Rereader:
    """Reads one partition at a time, whoever asks, with a client that is there for the length of a question."""

    def __init__(self, kafka: KafkaClients) -> None:
        self._kafka = kafka
        self._lock = asyncio.Lock()

    async def records_from(self, tp: TP, offset: int, wait: Wait, line_in: LineIn) -> Placed:
        """See the function of this name. Raises Kafka's errors."""
        async with self._lock, PartitionReader(self._kafka) as reader:
            return await records_from(reader, tp, offset, wait, line_in)


async def records_from(reader: PartitionReader, tp: TP, offset: int, wait: Wait, line_in: LineIn) -> Placed:
    """What was read at a place and behind it in one fetch; the record itself first, if there is one.

    A compacted topic may have it no more though a later record of its line is there. Of an experiment that is as good;
    of somebody who was erased and came again it says whom to forget.
    """
    begin, end = max(offset, await reader.start_of(tp)), await reader.end_of(tp)
    async for run in reader.runs(tp, begin, end):
        if not run.records:
            continue
        found = [(record.offset, source_of(record)) for record in run.records]
        if found[0][0] == offset or tp.topic not in (CONTACT_STATE, EXPERIMENT_RESULTS):
            return found
        if stands_in := _first_of(wait, run.records, line_in):
            return [(offset, stands_in)]
    return []


async def erasures_since(reader: PartitionReader, at: int, partitions: Mapping[str, int]) -> dict[str, int]:
    """By line who was erased since a time, and when; `partitions`: of `contact-state` and `contact-alerts`.

    `contact-state` has the null of somebody who came again no longer than a day. The receipt in `contact-alerts` stays;
    of ids that were merged into another there is none.
    """
    found: dict[str, int] = {}
    tps = [TP(topic, number) for topic in (CONTACT_STATE, CONTACT_ALERTS) for number in range(partitions[topic])]
    begins, ends = await reader.offsets_not_after(tps, at), await reader.ends_of(tps)
    for tp in tps:
        async for run in reader.runs(tp, begins[tp], ends[tp]):
            for record in run.records:
                if _tells_erasure(record):
                    line = line_of(record.key or b"")
                    found[line] = max(record.timestamp, found.get(line, 0))
    return found


def _tells_erasure(record: KafkaRecord) -> bool:
    if record.topic == CONTACT_STATE:
        return record.value is None and _reason(record) == _ERASED
    try:
        return bool(orjson.loads(record.value or b"")["rule"] == _ERASED)
    except (ValueError, KeyError, TypeError):  # nothing of ours
        return False


async def first_times(reader: PartitionReader, positions: Mapping[TP, int]) -> list[int]:
    """When the first record was appended that is to be read of each partition; of one without any: nothing."""
    found = []
    for tp, end in (await reader.ends_of([*positions])).items() if positions else ():
        async for run in reader.runs(tp, positions[tp], end):
            if run.records:
                found.append(int(run.records[0].timestamp))
                break
    return found


def source_of(record: KafkaRecord) -> SourceRecord:
    """A record as far as it matters here."""
    return SourceRecord(record.topic, record.key, record.value, record.timestamp, _reason(record))


def _reason(record: KafkaRecord) -> str:
    return next((value or b"" for name, value in record.headers if name == "reason"), b"").decode(errors="replace")


def _first_of(wait: Wait, records: Sequence[KafkaRecord], line_in: LineIn) -> SourceRecord | None:
    """What stands for a record that was compacted away: the next one of its line."""
    for record in records:
        source = source_of(record)
        if record.topic == CONTACT_STATE:
            if line_of(record.key or b"") == wait.line:
                return SourceRecord(record.topic, record.key, None, wait.at, _ERASED)
        elif line_in(source) == wait.line:
            return source
    return None
