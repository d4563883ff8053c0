"""Writes definitions into every partition of their topic: each partition of the contacts folds its own copy.

The first partition is written last, and read: what it says all others say, also after a command that was cut short.
Where two commands got into each other's way, the next one gives each partition what it lacks.
"""

from collections.abc import Sequence
from contextlib import closing

from streams.domain.experiments.definition_records import missing_definitions
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of

DefinitionRecord = tuple[bytes, bytes | None]
"""Key and value of a record of a topic of definitions."""


def write_copies(settings: Settings, topic: str, records: Sequence[DefinitionRecord]) -> None:
    """Write records into every partition, in their order, and return once all replicas have them.

    Raises Kafka's errors.
    """
    clients = KafkaClients(settings)
    there = _latest_by_partition(clients, topic)
    with closing(clients.tool_producer()) as producer:
        for partitions in (range(1, len(there)), range(1)):
            futures = [
                producer.send(topic, value, key, partition=number)
                for number in partitions
                for key, value in missing_definitions(dict(records), there[number])
            ]
            for future in futures:
                future.get()


def _latest_by_partition(clients: KafkaClients, topic: str) -> list[dict[bytes, bytes | None]]:
    """The latest value of each key, by partition."""
    said: list[dict[bytes, bytes | None]] = [{} for _ in clients.partitions_of(topic)]
    with closing(clients.tool_consumer()) as consumer:
        for record in records_of(consumer, topic):
            said[record.partition][record.key or b""] = record.value
    return said
