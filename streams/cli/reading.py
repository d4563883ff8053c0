"""Reading topics from their start to where they end now, for commands that look once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from streams.engine.errors import MissingTopic

if TYPE_CHECKING:
    from kafka import KafkaConsumer


def records_of(consumer: KafkaConsumer, topic: str, partitions: Iterable[int] | None = None) -> Iterator[Any]:
    """Every committed record of a topic, or of these partitions of it. Raises `MissingTopic`, and Kafka's errors."""
    from kafka import TopicPartition

    there = consumer.partitions_for_topic(topic) or set()
    if not there:
        raise MissingTopic(f"there is no topic {topic}: run `harmonia topics create`")
    wanted = [
        TopicPartition(topic, number) for number in sorted(there if partitions is None else there & {*partitions})
    ]
    ends = consumer.end_offsets(wanted)
    consumer.assign(wanted)
    consumer.seek_to_beginning(*wanted)
    while any(consumer.position(partition) < ends[partition] for partition in wanted):
        for records in consumer.poll(timeout_ms=500).values():
            yield from records
