"""What one look at Kafka and Redis has shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streams.domain.quarantine.held_records import ListedSource
from streams.operations.refused.mostly_refused import Mostly


@dataclass(frozen=True, slots=True)
class Flow:
    """A topic that workers read. `lag`: records that are not done; `waits_s`: for how long the oldest has waited.

    `stalled`: partitions in which it has waited long and nothing was done between two looks; `unowned`: how many
    partitions no worker has; `grows`: more came than were done between two looks.
    """

    topic: str
    partitions: int
    lag: int = 0
    waits_s: float = 0.0
    stalled: Sequence[int] = ()
    unowned: int = 0
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Broker:
    """Kafka: the group of the workers, the topics that they read, and what was refused in the last hour.

    `refused`: by reason; `came_in`: records of the input topics. `topics_missing`: run `harmonia topics create`.
    `mostly_refused`: sources of which most of a type is, as far as the latest records show. `quarantines`: sources that
    are held, or of which held records wait.
    """

    group_state: str
    members: int
    flows: Sequence[Flow]
    refused: Mapping[str, int] = field(default_factory=dict)
    came_in: int = 0
    topics_missing: Sequence[str] = ()
    mostly_refused: Sequence[Mostly] = ()
    quarantines: Sequence[ListedSource] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """What a sink holds of a topic. `age_s`: it last held all of it so many seconds ago; None: it never said so.

    `missing`: partitions of which there is nothing, or that are being filled again; `offsets`: by partition.
    """

    sink: str
    topic: str
    age_s: float | None
    missing: int = 0
    offsets: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Store:
    """Redis: part of its memory that is used (0 to 1), and what the sinks have told it."""

    memory_used: float
    held: Sequence[Held]


@dataclass(frozen=True, slots=True)
class Seen:
    """All of it. `kafka` or `redis` is text where that is away; `disk_used` None: there is no state on this machine."""

    at: int
    kafka: Broker | str
    redis: Store | str
    disk_used: float | None = None
    policy_mistake: str | None = None

    @property
    def sign_of_life_s(self) -> float | None:
        """Seconds since a worker last told Redis that a partition was whole."""
        if isinstance(self.redis, str):
            return None
        return min((held.age_s for held in self.redis.held if held.age_s is not None), default=None)
