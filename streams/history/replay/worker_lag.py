"""How far workers are behind, as `harmonia status` sees it, but quick enough to ask every second."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from events.topics import INPUT_TOPICS, INTERACTIONS
from streams.history.replay.pacing import WorkerLoad
from streams.platform.clients import KafkaClients, committed_offsets
from streams.platform.settings import Settings

_TOPICS = (*(topic.name for topic in INPUT_TOPICS), INTERACTIONS)
"""Nobody writes to them in transactions, so each offset is a record."""


class LagProbe:
    """Called, returns how many records of the input topics and `interactions` workers have not done.

    Raises Kafka's errors. `done` sums offsets, so only its growth means anything.
    """

    def __init__(self, admin: KafkaAdminClient, asking: KafkaConsumer, group: str) -> None:
        self._admin = admin
        self._asking = asking
        self._group = group
        self._places = [
            TopicPartition(topic, number)
            for topic in _TOPICS
            for number in sorted(asking.partitions_for_topic(topic) or ())
        ]

    def __call__(self) -> WorkerLoad:
        done = committed_offsets(self._admin, self._group)
        ends, starts = self._asking.end_offsets(self._places), self._asking.beginning_offsets(self._places)
        at = [max(done.get((tp.topic, tp.partition), 0), starts[tp]) for tp in self._places]
        return WorkerLoad(sum(ends[tp] for tp in self._places) - sum(at), sum(at))


@contextmanager
def watching_workers(settings: Settings) -> Iterator[LagProbe]:
    """A probe for the length of a block."""
    clients = KafkaClients(settings)
    with closing(clients.admin()) as admin, closing(clients.tool_consumer()) as asking:
        yield LagProbe(admin, asking, settings.app_id)
