"""A worker's membership in its consumer group: by it the group's coordinator knows whose offsets it is given."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from streams.platform.clients import KafkaClients

logger = logging.getLogger(__name__)

_ASK_AGAIN_S = 0.2


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


async def is_still_member(kafka: KafkaClients, membership: Membership, patience_s: float) -> bool:
    """Whether the group's coordinator lists this member. Silence is asked again for so long, and is a no then."""
    try:
        async with asyncio.timeout(patience_s):
            while True:
                try:
                    members = await asyncio.to_thread(kafka.member_ids_of, membership.group)
                except Exception as silence:  # noqa: BLE001 - whatever it is, nobody has said yes
                    logger.info("asking who is in %s: %s", membership.group, type(silence).__name__)
                    await asyncio.sleep(_ASK_AGAIN_S)
                else:
                    return membership.member in members  # by its id: another process may have its name by now
    except TimeoutError:
        return False


def membership_of(coordinator: Any) -> Membership:
    """What aiokafka's coordinator of a group is at this moment, valid or not."""
    return Membership(
        coordinator.group_id, coordinator.generation, coordinator.member_id, coordinator._group_instance_id
    )
