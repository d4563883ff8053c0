"""What Redis shows of holds, for whoever has just put a campaign on hold and wants to be sure of it."""

from dataclasses import dataclass
from typing import Any

from redis import Redis

from events.topics import CAMPAIGN_HOLDS
from sinks.holds import Hold, read_hold
from sinks.keys import HOLDS, position_key


@dataclass(frozen=True, slots=True)
class Held:
    """`hold`: None when the campaign has none. What `campaign-holds` says from `offset` on is not in it yet."""

    hold: Hold | None
    offset: int


def held(client: Redis, campaign_id: str) -> Held | None:
    """What readers find of a campaign; None when Redis has no holds at all. Raises RedisError."""
    with client.pipeline(transaction=True) as calls:
        calls.hget(HOLDS, campaign_id)
        calls.hget(position_key(0, CAMPAIGN_HOLDS), "offset")
        found: list[Any] = calls.execute()
    return None if found[1] is None else Held(read_hold(campaign_id, found[0]), int(found[1]))
