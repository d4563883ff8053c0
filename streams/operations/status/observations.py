"""What one observation of Kafka, Redis and this machine has shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from streams.domain.messages import CodedMessage
from streams.domain.quarantine.held_records import ListedSource
from streams.domain.replication import ReplicationState
from streams.operations.refused_records import MostlyRefused
from streams.platform.processes import ProcessName


@dataclass(frozen=True, slots=True)
class TopicFlow:
    """A topic that workers read. `lag`: records not done; `waits_s`: how long the oldest of them has waited.

    `stalled`: partitions in which it has waited long and nothing was done between two observations; `unowned`: number
    of partitions without a worker; `grows`: more records came than were done in between.
    """

    topic: str
    partitions: int
    lag: int = 0
    waits_s: float = 0.0
    stalled: Sequence[int] = ()
    unowned: int = 0
    grows: bool = False


@dataclass(frozen=True, slots=True)
class KafkaObservation:
    """The workers' group, the topics they read, and what was refused in the last hour.

    `refused`: by reason; `came_in`: records of the input topics. `topics_missing`: run `harmonia topics create`.
    `mostly_refused`: sources of which most records of a type are, as far as the latest records show. `quarantines`:
    sources that are held, or of which held records wait. `clocks_ahead`: by source, how many of its latest words that
    open something were dated by their record, more than a minute before the time that it gave. `replication`: of the
    topics of this deployment, and of Kafka's own as far as this user may see them.
    """

    group_state: str
    members: int
    flows: Sequence[TopicFlow]
    refused: Mapping[str, int] = field(default_factory=dict)
    came_in: int = 0
    topics_missing: Sequence[str] = ()
    mostly_refused: Sequence[MostlyRefused] = ()
    quarantines: Sequence[ListedSource] = ()
    clocks_ahead: Mapping[str, int] = field(default_factory=dict)
    replication: ReplicationState = field(default_factory=ReplicationState)


@dataclass(frozen=True, slots=True)
class SinkPosition:
    """How far a sink has come in a topic. `age_s`: seconds since it last held all of it; None: it never said so.

    `missing`: number of partitions that are not there or being filled again; `offsets`: by partition.
    """

    sink: str
    topic: str
    age_s: float | None
    missing: int = 0
    offsets: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RedisObservation:
    """The used share of Redis' memory (0 to 1), and the positions of the sinks in it."""

    memory_used: float
    held: Sequence[SinkPosition]


ProcessState = Literal["running", "behind", "away", "unknown", "not_watched", "not_set_up"]


@dataclass(frozen=True, slots=True)
class ProcessStanding:
    """How a process stands. `why`: what is wrong where it does not run; None: nothing is.

    `behind`: away or too slow, which what it has written cannot tell apart. `not_watched`: it is set up, and has an
    address that nobody asks. `not_set_up`: no setting of the process that looks names it, and it has written nothing.
    """

    name: ProcessName
    state: ProcessState
    why: CodedMessage | None = None


@dataclass(frozen=True, slots=True)
class Observations:
    """The whole observation. `kafka` or `redis` is a message where that is away.

    `disk_used` None: there is no state on this machine. `processes`: those beside the workers; none: nobody looked.
    """

    at: int
    kafka: KafkaObservation | CodedMessage
    redis: RedisObservation | CodedMessage
    disk_used: float | None = None
    policy_mistake: CodedMessage | None = None
    processes: Sequence[ProcessStanding] = ()

    @property
    def sign_of_life_s(self) -> float | None:
        """Seconds since a worker last told Redis that a partition was complete."""
        if isinstance(self.redis, CodedMessage):
            return None
        return min((held.age_s for held in self.redis.held if held.age_s is not None), default=None)
