"""What is appended to topics from now on, as any reader of them sees it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streams.engine.runs import KafkaRecord
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from tests.integration.waiting import PATIENCE_S, until

Kept = list[KafkaRecord]


class Tap:
    """Keeps every committed record that comes after it was opened."""

    def __init__(self, consumer: KafkaConsumer, topics: Sequence[str]) -> None:
        self._consumer = consumer
        self.records: Kept = []
        partitions = [
            TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic) or ()
        ]
        consumer.assign(partitions)
        for partition, end in consumer.end_offsets(partitions).items():
            consumer.seek(partition, end)

    def until(self, enough: Callable[[Kept], bool], what: str, patience: float = PATIENCE_S) -> Kept:
        """Everything kept, once it is enough."""

        def look() -> bool:
            for records in self._consumer.poll(timeout_ms=100, max_records=10_000).values():
                self.records.extend(records)
            return enough(self.records)

        until(look, what, patience)
        return self.records

    def of(self, topic: str, key: bytes, count: int = 1) -> Kept:
        """The records of one key in one topic, once there are so many."""

        def mine() -> Kept:
            return [record for record in self.records if (record.topic, record.key) == (topic, key)]

        self.until(lambda _: len(mine()) >= count, f"{count} records of one key in {topic}")
        return mine()


@contextmanager
def tapped(settings: Settings, *topics: str) -> Iterator[Tap]:
    """A tap on these topics for the length of a block."""
    consumer = KafkaClients(settings).tool_consumer()
    try:
        yield Tap(consumer, topics)
    finally:
        consumer.close()


def header(record: KafkaRecord, name: str) -> bytes | None:
    """The value of a header that is there once. Raises ValueError otherwise."""
    [value] = [value for key, value in record.headers if key == name]
    return value


def everything_in(record: KafkaRecord) -> bytes:
    """All bytes of a record that a reader could look into."""
    parts: list[Any] = [record.key, record.value, *(part for pair in record.headers for part in pair)]
    return b"\n".join(part.encode() if isinstance(part, str) else part for part in parts if part is not None)
