"""Judges where copies of Kafka's partitions are missing, and what the next broker that fails would take along."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

INTERNAL_TOPICS: Final = ("__consumer_offsets", "__transaction_state")
"""Kafka's own topics that Harmonia stands on: how far groups are, and which transactions are open."""
SAFE_REPLICAS: Final = 3
"""So many replicas a topic should have where there are so many brokers: one may fail while another one is serviced."""


@dataclass(frozen=True, slots=True)
class PartitionReplicas:
    """A partition as brokers describe it: the brokers that are to have a copy, and those whose copy is complete.

    `leader` None: no broker leads it, so nobody can write or read it.
    """

    number: int
    leader: int | None
    replicas: Sequence[int]
    in_sync: Sequence[int]

    @property
    def is_short(self) -> bool:
        """Whether a copy is missing or behind."""
        return len(self.in_sync) < len(self.replicas)


@dataclass(frozen=True, slots=True)
class TopicReplicas:
    """A topic with its partitions. `least_in_sync`: its `min.insync.replicas`; None: this user may not ask for it.

    `unclean`: a copy that lacks records may become leader (`unclean.leader.election.enable`).
    """

    name: str
    partitions: Sequence[PartitionReplicas]
    least_in_sync: int | None = None
    unclean: bool = False

    @property
    def replication(self) -> int:
        """How many replicas each of its partitions has at least; 0 where it has no partition."""
        return min((len(partition.replicas) for partition in self.partitions), default=0)


Numbers = Mapping[str, Sequence[int]]
"""Numbers of partitions by topic; topics without any are left out."""


@dataclass(frozen=True, slots=True)
class ReplicationState:
    """Faults in the replicas of some topics; each partition stands in one of the first three at most.

    `offline`: without a leader. `unwritable`: led, but with fewer replicas in sync than `min.insync.replicas`, so that
    nothing is written. `short`: it works, and a copy is missing or behind; of these so many are `at_the_edge`: another
    one less, and nothing is written or the last copy is gone. `sparse_internal`: of Kafka's own topics with fewer
    replicas than the cluster could hold, how many they have. `without_spare`: topics of several replicas of which
    none may be missing. `unclean`: topics that may lose what was acknowledged when a leader fails.
    """

    offline: Numbers = field(default_factory=dict)
    unwritable: Numbers = field(default_factory=dict)
    short: Numbers = field(default_factory=dict)
    at_the_edge: int = 0
    sparse_internal: Mapping[str, int] = field(default_factory=dict)
    without_spare: Sequence[str] = ()
    unclean: Sequence[str] = ()

    @property
    def under_replicated(self) -> int:
        """How many partitions work and have a copy that is missing or behind."""
        return sum(map(len, self.short.values()))


def judge_replication(topics: Iterable[TopicReplicas], brokers: int) -> ReplicationState:
    """The state of these topics in a cluster of so many brokers."""
    known = list(topics)
    pairs = [(topic, partition) for topic in known for partition in topic.partitions]
    offline = [pair for pair in pairs if pair[1].leader is None]
    unwritable = [pair for pair in pairs if pair[1].leader is not None and _takes_nothing(*pair)]
    short = [pair for pair in pairs if pair[1].leader is not None and pair[1].is_short and not _takes_nothing(*pair)]
    return ReplicationState(
        offline=_by_topic(offline),
        unwritable=_by_topic(unwritable),
        short=_by_topic(short),
        at_the_edge=sum(len(partition.in_sync) <= least_of(topic) for topic, partition in short),
        sparse_internal={topic.name: topic.replication for topic in known if _is_sparse(topic, brokers)},
        without_spare=tuple(topic.name for topic in known if 1 < topic.replication <= (topic.least_in_sync or 0)),
        unclean=tuple(topic.name for topic in known if topic.unclean and topic.replication > 1),
    )


def partitions_short_of_copies(topics: Iterable[TopicReplicas]) -> int:
    """How many partitions have a copy that is missing or behind, those without a leader among them."""
    return sum(partition.is_short for topic in topics for partition in topic.partitions)


def least_of(topic: TopicReplicas) -> int:
    """The `min.insync.replicas` of a topic; what Harmonia gives a topic of so many replicas, where nobody may ask."""
    return topic.least_in_sync if topic.least_in_sync is not None else wanted_in_sync(topic.replication)


def wanted_in_sync(replication: int) -> int:
    """The `min.insync.replicas` of a topic of so many replicas: one may be missing, and no record has one copy only."""
    return max(1, replication - 1)


def _takes_nothing(topic: TopicReplicas, partition: PartitionReplicas) -> bool:
    return topic.least_in_sync is not None and len(partition.in_sync) < topic.least_in_sync


def _is_sparse(topic: TopicReplicas, brokers: int) -> bool:
    return topic.name in INTERNAL_TOPICS and 0 < topic.replication < min(SAFE_REPLICAS, brokers)


def _by_topic(pairs: Iterable[tuple[TopicReplicas, PartitionReplicas]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for topic, partition in pairs:
        found.setdefault(topic.name, []).append(partition.number)
    return found
