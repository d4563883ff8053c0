"""A worker's membership in its consumer group: by it the group's coordinator knows whose offsets it is given."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Membership:
    """One member in one generation of its group; `instance`: its name in the group, None without one.

    All four are of one moment, the assignment: read later, a new generation would pass for chunks of an old one.
    """

    group: str
    generation: int
    member: str
    instance: str | None = None

    @property
    def is_valid(self) -> bool:
        """Whether a coordinator compares it with what it knows; of generation -1 or without a member it does not."""
        return self.generation >= 0 and bool(self.member)


NO_MEMBER = Membership("", -1, "")
"""Of no group, as before the first assignment."""


def membership_of(coordinator: Any) -> Membership:
    """What aiokafka's coordinator of a group is at this moment, valid or not."""
    return Membership(
        coordinator.group_id, coordinator.generation, coordinator.member_id, coordinator._group_instance_id
    )
