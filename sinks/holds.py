"""Holds of campaigns in Redis: written by a worker, and read back by whoever has just put a campaign on hold.

A campaign on hold may reach nobody, so Redis has all holds or none. There are few, so each call writes the whole of
`campaign-holds`, position included: a flush, a restored dump or a lost answer needs no repair of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import orjson
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from events.topics import CAMPAIGN_HOLDS
from sinks.base import Position
from sinks.keys import HOLDS, position_key, text
from sinks.redis_call import Backoff, call_redis

_PUT = """
local known = redis.call('HMGET', KEYS[1], 'topic_id', 'offset')
if not known[2] and ARGV[5] == '' then return 2 end
if known[1] == ARGV[1] and tonumber(known[2]) > tonumber(ARGV[2]) then return 0 end
if known[1] ~= ARGV[1] or known[2] ~= ARGV[2] then
  redis.call('DEL', KEYS[2])
  for campaign, hold in pairs(cjson.decode(ARGV[3])) do redis.call('HSET', KEYS[2], campaign, hold) end
end
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'topic_id', ARGV[1], 'offset', ARGV[2], 'written_at', string.format('%.0f', at),
  'whole_at', string.format('%.0f', at - tonumber(ARGV[4])), 'partitions', '1')
if not known[2] then redis.call('HSET', KEYS[1], 'lost_until', ARGV[5]) end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'key_ids', ARGV[6]) end
return 1
"""
"""KEYS: position, holds. ARGV: topic_id, offset; holds as a JSON object; age in ms; lost_until or ''; key ids or ''.

0: Redis has a later position. 2: it has none, and no `lost_until` was given.
"""

PutOutcome = Literal["overtaken", "written", "lost"]
_PUTS: tuple[PutOutcome, ...] = get_args(PutOutcome)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold: the campaign may reach nobody until a time (ms since 1970), None for ever."""

    campaign_id: str
    until: int | None

    def binds(self, at: int) -> bool:
        """Whether the hold is still on at a time (ms)."""
        return self.until is None or at < self.until


class HoldsSink:
    """Writes all holds at once. Takes `client` over and closes it.

    `key_ids`: of the identity keys that the writer hashes with, and a mark of its regime (`Settings.key_ids`), for
    readers to compare theirs with.
    """

    def __init__(self, client: Redis, key_ids: Sequence[str] = ()) -> None:
        self._key_ids = " ".join(key_ids)
        self._client = client
        self._backoff = Backoff()
        self._put = client.register_script(_PUT)

    async def put(
        self, holds: Mapping[str, int | None], position: Position, age_ms: int, lost_until: int | None
    ) -> PutOutcome:
        """Replace all holds in Redis: `until` by campaign, None for ever.

        `holds` are those of `campaign-holds` below `position`, which was the end of the topic `age_ms` ago. Returns
        `overtaken` when Redis has a later position, from another worker; `lost` when it has none, since it was flushed
        or is new, and `lost_until` is None. Then read the topic again and give as `lost_until` until when reservations
        from before the flush may last (ms; 0: there were none). Raises SinkUnavailable.
        """
        named = {campaign: orjson.dumps(until).decode() for campaign, until in holds.items()}
        lost = "" if lost_until is None else str(lost_until)
        args: list[str | bytes] = [position.topic_id, str(position.offset), orjson.dumps(named), str(age_ms), lost]
        args.append(self._key_ids)
        found: int = await call_redis(self._put([position_key(0, CAMPAIGN_HOLDS), HOLDS], args), self._backoff)
        return _PUTS[found]

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


def read_hold(campaign_id: str, found: bytes | str | None) -> Hold | None:
    """Decode the value that the hash of holds has for a campaign."""
    return None if found is None else Hold(campaign_id, orjson.loads(found))


@dataclass(frozen=True, slots=True)
class HoldReply:
    """The hold that Redis has of a campaign, None when there is none; `offset`: the first record that is not in it."""

    hold: Hold | None
    offset: int


def look_up_hold(client: BlockingRedis, campaign_id: str) -> HoldReply | None:
    """Read the hold of a campaign as others find it; None when no holds were written at all. Raises RedisError."""
    with client.pipeline(transaction=True) as calls:
        calls.hget(HOLDS, campaign_id)
        calls.hget(position_key(0, CAMPAIGN_HOLDS), "offset")
        found: list[Any] = calls.execute()
    return None if found[1] is None else HoldReply(read_hold(campaign_id, found[0]), int(found[1]))


def look_up_holds(client: BlockingRedis) -> list[Hold]:
    """Read all holds as others find them, those that have ended too. Raises RedisError."""
    found: dict[bytes | str, bytes | str] = client.hgetall(HOLDS)
    return [hold for name, value in found.items() if (hold := read_hold(text(name), value)) is not None]


@dataclass(frozen=True, slots=True)
class AllHolds:
    """All holds that Redis has, those that have ended too.

    `as_of`: when a worker last knew that these are all (ms since 1970, by the clock of Redis); None: none has said.
    """

    holds: Sequence[Hold]
    as_of: int | None


async def find_all_holds(client: Redis) -> AllHolds | None:
    """All holds as others find them; None where none were written at all. Raises SinkUnavailable."""
    async with client.pipeline(transaction=True) as calls:
        calls.hgetall(HOLDS)
        calls.hmget(position_key(0, CAMPAIGN_HOLDS), "offset", "whole_at")
        found, (offset, whole_at) = await call_redis(calls.execute(), Backoff())
    if offset is None:
        return None
    holds = [hold for name, value in found.items() if (hold := read_hold(text(name), value)) is not None]
    return AllHolds(holds, None if whole_at is None else int(whole_at))
