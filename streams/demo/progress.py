"""How far the pipeline is: the consumer group's commits, the ends of the topics, the sink's position.

Read from outside, because a worker that is killed takes its own counters with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition
from redis import Redis

from events.topics import CONTACT_STATE, INPUT_TOPICS, INTERACTIONS, INTERNAL_TOPICS
from sinks.keys import position_key
from streams.platform.clients import KafkaClients


@dataclass(frozen=True, slots=True)
class Progress:
    """How many records each stage has handled, and how many there are for it by now.

    Offsets of `contact-state` count control records too, so `in_sink` may stay a few below `changes`. `between`: the
    records of internal topics that agents have handled. `uncommitted`: offsets of `contact-state` and internal topics
    that readers do not see yet, since a transaction ends for them after its writer has been told so.
    """

    taken_in: int
    received: int
    folded: int
    interactions: int
    between: int
    in_sink: int
    changes: int
    uncommitted: int

    @property
    def is_folded(self) -> bool:
        """Whether everything received so far is in the profiles of `contact-state`, and readers see it there."""
        return self.taken_in >= self.received and self.folded >= self.interactions and not self.uncommitted


class Observer:
    """Reads the progress of one deployment. Not thread-safe, like the clients it uses."""

    def __init__(self, kafka: KafkaClients, redis: Redis, group: str) -> None:
        self._admin = kafka.admin()
        self._consumer = kafka.tool_consumer()
        self._sees_all = kafka.tool_consumer("read_uncommitted")
        self._redis = redis
        self._group = group

    def close(self) -> None:
        """Close its clients, but for Redis."""
        for client in (self._admin, self._consumer, self._sees_all):
            client.close()

    def progress(self) -> Progress:
        """The progress of a moment ago. Commits are read before the ends of topics, so nothing looks done too early."""
        in_sink = self._in_sink()
        done = self.committed()
        inputs, between = [topic.name for topic in INPUT_TOPICS], [topic.name for topic in INTERNAL_TOPICS]
        written = [CONTACT_STATE, *between]
        seen = self.ends(written)
        return Progress(
            taken_in=self._sum(done, inputs),
            received=self._sum(self.ends(inputs), inputs),
            folded=self._sum(done, [INTERACTIONS]),
            interactions=self._sum(self.ends([INTERACTIONS]), [INTERACTIONS]),
            between=self._sum(done, between),
            in_sink=in_sink,
            changes=self._sum(seen, [CONTACT_STATE]),
            uncommitted=sum(self._ends(self._sees_all, written).values()) - sum(seen.values()),
        )

    def ends(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        """The end offset of each partition of these topics, as readers of committed records see it."""
        return self._ends(self._consumer, topics)

    @staticmethod
    def _ends(consumer: KafkaConsumer, topics: Iterable[str]) -> dict[TopicPartition, int]:
        partitions = [
            TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic) or ()
        ]
        return dict(consumer.end_offsets(partitions))

    def committed(self) -> dict[TopicPartition, int]:
        """The committed offset of each partition."""
        offsets = self._admin.list_group_offsets(self._group)[self._group]
        return {tp: max(0, entry.offset) for tp, entry in offsets.items()}

    def _in_sink(self) -> int:
        numbers = self._consumer.partitions_for_topic(CONTACT_STATE) or ()
        found = [self._redis.hget(position_key(number), "offset") for number in numbers]
        return sum(int(offset) for offset in found if offset is not None)

    @staticmethod
    def _sum(offsets: dict[TopicPartition, int], topics: Iterable[str]) -> int:
        wanted = set(topics)
        return sum(offset for tp, offset in offsets.items() if tp.topic in wanted)
