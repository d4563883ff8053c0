"""What drives the sinks on PostgreSQL: the connector of contacts that Redis has too, and one for each other topic."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from events.experiment_results import ExperimentResult
from events.fields import MAX_ID
from events.outputs import Suppression
from events.segments import ContactSegments, SegmentCount
from events.topics import (
    CONTACT_LINKS,
    CONTACT_SEGMENTS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    EXPERIMENT_RESULTS,
    SEGMENT_COUNTS,
    SEGMENT_DEFINITIONS,
    read_by,
)
from sinks.postgres.database import PostgresDatabase
from sinks.postgres.rows import RecordChange
from sinks.postgres.sink import PostgresContacts, PostgresRecords
from streams.engine.runs import KafkaRecord
from streams.platform.clients import KafkaClients
from streams.platform.errors import PartitionsMismatch
from streams.worker.agents.latency_header import Clock
from streams.worker.agents.sinks.redis_sink import ContactStateConnector
from streams.worker.agents.sinks.sink_connector import ConnectorMetrics, RecordReaders, SinkConnector
from streams.worker.app import wall_clock

NAME = "postgres"
TOPICS = tuple(topic.name for topic in read_by("harmonia-postgres"))
"""The topics that are copied."""

_DECODERS: Mapping[str, Callable[[bytes], Any]] = {
    CONTACT_SUPPRESSIONS: msgspec.json.Decoder(dict[str, Suppression]).decode,
    CONTACT_SEGMENTS: msgspec.json.Decoder(ContactSegments).decode,
    SEGMENT_COUNTS: msgspec.json.Decoder(SegmentCount).decode,
    SEGMENT_DEFINITIONS: msgspec.json.Decoder(dict[str, Any]).decode,
    EXPERIMENT_RESULTS: msgspec.json.Decoder(ExperimentResult).decode,
}


class PostgresContactsConnector(ContactStateConnector):
    """Feeds PostgreSQL from `contact-state` and `contact-links`."""

    name = NAME

    async def _topic_id(self, topic: str) -> str:
        return await _topic_id_of(self._kafka, topic, self._partitions)


class PostgresRecordsConnector(SinkConnector[RecordChange]):
    """Feeds PostgreSQL from one topic whose records hold all there is to know of their key."""

    name = NAME

    def __init__(
        self, sink: PostgresRecords, kafka: KafkaClients, partitions: int, metrics: ConnectorMetrics, clock: Clock
    ) -> None:
        self._topic = sink.topic
        super().__init__(sink, kafka, partitions, metrics, clock)

    def readers(self) -> RecordReaders[RecordChange]:
        """See `SinkConnector`."""
        read = _DECODERS[self._topic]
        return {self._topic: lambda record: record_change(record, read)}

    async def _topic_id(self, topic: str) -> str:
        return await _topic_id_of(self._kafka, topic, self._partitions)


Connector = PostgresContactsConnector | PostgresRecordsConnector


async def _topic_id_of(kafka: KafkaClients, topic: str, partitions: int) -> str:
    """The id of a topic from which a partition is to be read. Raises `PartitionsMismatch` where it has grown since."""
    topic_id, there = (await asyncio.to_thread(kafka.describe_topics, [topic]))[topic]
    if there != partitions:
        raise PartitionsMismatch(
            f"{topic} has {there} partitions by now, and HARMONIA_PARTITIONS is {partitions}: set it to what is there"
        )
    return topic_id


def record_change(record: KafkaRecord, read: Callable[[bytes], Any]) -> RecordChange | None:
    """The change that a record makes; None for one that is not of Harmonia's making."""
    try:
        key = (record.key or b"").decode()
        if record.value is not None:
            read(record.value)
    except (ValueError, RecursionError):  # no UTF-8, or no JSON of that shape
        return None
    return RecordChange(key, record.value) if 0 < len(key) <= MAX_ID else None


def connectors_of(
    database: PostgresDatabase, kafka: KafkaClients, partitions: int, metrics: ConnectorMetrics, stale_after: float
) -> dict[str, Connector]:
    """By topic what drives its sink; both topics of contacts have one."""
    contacts = PostgresContactsConnector(
        PostgresContacts(database, stale_after=stale_after), kafka, partitions, metrics, wall_clock
    )
    made: dict[str, Connector] = dict.fromkeys((CONTACT_STATE, CONTACT_LINKS), contacts)
    for topic in TOPICS:
        if topic not in made:
            sink = PostgresRecords(database, topic, stale_after=stale_after)
            made[topic] = PostgresRecordsConnector(sink, kafka, partitions, metrics, wall_clock)
    return made
