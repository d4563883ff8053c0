"""What every sink promises, so that the agent that feeds it need not know which one it is.

Two topics tell a sink of contacts: `contact-state` of their profiles, `contact-links` of those that were absorbed.
Versions of one contact come from one counter in both. A sink keeps its positions together with the data. The consumer
group's offset is of no interest: it would outlive a flush or a restored dump of the sink, and what is missing would
stay missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from msgspec import Struct

ChangeT_contra = TypeVar("ChangeT_contra", contravariant=True)


class Change(Struct, frozen=True, gc=False):
    """One record of `contact-state` or `contact-links`.

    `profile` is the JSON of a living contact. Without it the contact was absorbed by `merged_into`, or, when that is
    None too, erased or `forgotten`. `version` is 0 or more and only grows for one contact; `reason` is the record's
    header. `alone`: the contact is absorbed no more. That takes away an older mark and nothing else, for whether there
    is a profile is told by `contact-state`.
    """

    contact_id: str
    version: int
    profile: bytes | None
    reason: str | None
    merged_into: str | None
    alone: bool = False

    @property
    def forgotten(self) -> bool:
        """Whether nothing is known under this id any more, without a mark: as if it had never been named."""
        return self.profile is None and self.reason == "forgotten"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a sink holds of one contact: its profile, or the mark of an absorbed or an erased one."""

    version: int
    state: bytes | None = None
    merged_into: str | None = None
    erased: bool = False


class Position(NamedTuple):
    """How far a sink has read a partition: `offset` is the next one to read, `topic_id` tells a re-created topic."""

    topic_id: str
    offset: int


class Whole(NamedTuple):
    """That a sink held all of a partition `age_ms` milliseconds ago; the topic has `partitions` of them.

    An age and no time of day, so that the sink's clock is the only one that is read.
    """

    age_ms: int
    partitions: int


class SinkUnavailable(Exception):
    """The sink is away, slow or refuses writes. Try again in `retry_after` seconds; nothing else need stop.

    The last call may have been applied nevertheless: `Sink.position` tells.
    """

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Sink(Protocol[ChangeT_contra]):
    """A place that holds the newest of what a topic says under each key. Every call may raise SinkUnavailable.

    It reads one topic, the first of its topics unless it is told otherwise: positions are those in that topic.
    """

    def reading(self, topic: str) -> "Sink[ChangeT_contra]":
        """The same place for the records of another topic. Whoever closes one of them closes all."""
        ...

    async def position(self, partition: int) -> Position | None:
        """Where to read on; None when that is unknown or too old to rely on: `clear`, then write from the start."""
        ...

    async def clear(self, partition: int, partitions: int) -> None:
        """Forget the positions of `partition` (of `partitions`) in all topics first, then all that is in it.

        Begin again after SinkUnavailable: a partition that was cleared in part must not be filled.
        """
        ...

    async def write(
        self, partition: int, changes: Sequence[ChangeT_contra], before: Position | None, after: Position
    ) -> bool:
        """Take `changes` where they are newer than what is held, and move the position from `before` to `after`.

        `changes` are any run of the partition's records; the sink keeps its own calls short. The position moves
        with the last of them, never ahead of the data. Repeats and older versions change nothing.

        False: the sink does not stand at `before` (another owner, a flush, a lost answer) or that is too old.
        The position was not moved; ask `position` where to go on.
        """
        ...

    async def touch(self, partition: int, position: Position) -> bool:
        """Keep an idle position from growing old. False when the sink does not stand there any more."""
        ...

    async def whole(self, partition: int, position: Position, standing: "Whole") -> bool:
        """`touch`, and tell readers of the sink that nothing was missing. False, and untold, as of `touch`."""
        ...

    async def close(self) -> None:
        """Let go of connections. The sink is not to be used again."""
        ...


ContactSink: TypeAlias = Sink[Change]
"""A place that holds the newest version of each contact, as `contact-state` and `contact-links` tell of it."""
