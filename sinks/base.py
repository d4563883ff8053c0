"""The protocol of sinks: what each promises, so that the connector that feeds it need not know which one it is.

The change that is written is the sink's own kind: `ContactChange` of contacts, others of other topics.
A sink of contacts is fed from two topics: `contact-state` has their profiles, `contact-links` those that were absorbed
by others. Versions of one contact come from one counter in both. A sink keeps its position together with its data, not
as a consumer group's offset: that would outlive a flush or a restored dump, and the lost data would stay missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from msgspec import Struct

ChangeT_contra = TypeVar("ChangeT_contra", contravariant=True)


class ContactChange(Struct, frozen=True, gc=False):
    """One record of `contact-state` or `contact-links`, decoded.

    `profile` is the JSON of a living contact. Without it the contact was absorbed by `merged_into`, or, when that is
    None too, erased or `forgotten`. `version` is 0 or more and only grows for one contact; `reason` is the record's
    header. `alone`: the contact is absorbed no longer. That removes an older mark and nothing else, since only
    `contact-state` says whether there is a profile.
    """

    contact_id: str
    version: int
    profile: bytes | None
    reason: str | None
    merged_into: str | None
    alone: bool = False

    @property
    def forgotten(self) -> bool:
        """Whether the id is to be unknown, without a mark: as if nobody had ever named it."""
        return self.profile is None and self.reason == "forgotten"


@dataclass(frozen=True, slots=True)
class StoredContact:
    """A contact as a sink holds it: its profile, or the mark of an absorbed or an erased one."""

    version: int
    state: bytes | None = None
    merged_into: str | None = None
    erased: bool = False


class Position(NamedTuple):
    """How far a sink has read a partition: `offset` is the next one; `topic_id` changes when a topic is re-created."""

    topic_id: str
    offset: int


class Completeness(NamedTuple):
    """The statement that a sink held all of a partition `age_ms` milliseconds ago; the topic has `partitions` of them.

    It is an age and no time of day, so that only the sink's clock is read.
    """

    age_ms: int
    partitions: int


class SinkUnavailable(Exception):
    """The sink is down, slow or refuses writes. Try again in `retry_after` seconds; nothing else need stop.

    The call may have been applied nevertheless: ask `Sink.position`. `is_told`: the log says it already.
    """

    def __init__(self, message: str, retry_after: float, *, is_told: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_told = is_told


class Sink(Protocol[ChangeT_contra]):
    """A store that holds the newest record of each key of a topic. Every call may raise SinkUnavailable.

    An instance is for one topic, the first of the sink's topics unless made by `reading`: positions are those in it.
    """

    def reading(self, topic: str) -> "Sink[ChangeT_contra]":
        """The same store for the records of another topic. Closing one instance closes all."""
        ...

    async def position(self, partition: int) -> Position | None:
        """Where to read on. None when that is unknown or too old to rely on: `clear`, then write from the start."""
        ...

    async def clear(self, partition: int, partitions: int) -> None:
        """Forget the positions of a partition (of `partitions`) in all topics first, then delete all keys in it.

        A sink whose readers must never see less may keep showing them what it had, as long as that counts no more for
        `write`, and until `whole` is told of all its topics. Repeat it after SinkUnavailable: a partition that was
        cleared in part must not be filled.
        """
        ...

    async def write(
        self, partition: int, changes: Sequence[ChangeT_contra], before: Position | None, after: Position
    ) -> bool:
        """Store the changes that are newer than what is held, and move the position from `before` to `after`.

        `changes` are consecutive records of the partition, as many as there are; the sink cuts them into short calls.
        The position moves together with the last of them, never ahead of the data. Repeated and older versions change
        nothing.

        False: the position is not `before` (another owner, a flush, a lost answer) or is too old. It was not moved: ask
        `position` where to go on.
        """
        ...

    async def touch(self, partition: int, position: Position) -> bool:
        """Keep an idle position from growing too old. False when the sink's position is another."""
        ...

    async def whole(self, partition: int, position: Position, standing: Completeness) -> bool:
        """`touch`, and record for readers that the partition was complete. False as of `touch`: nothing recorded."""
        ...

    async def close(self) -> None:
        """Close connections. The sink must not be used again."""
        ...


ContactSink: TypeAlias = Sink[ContactChange]
"""A sink of contacts, fed from `contact-state` and `contact-links`."""
