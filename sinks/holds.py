"""Holds of campaigns in Redis: who is on hold may be told to nobody, so they are complete or there are none at all.

There are few of them, so the whole of `campaign-holds` is written by each call, position included: a flush, a restored
dump or a lost answer needs no repair of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import orjson
from redis.asyncio import Redis

from events.topics import CAMPAIGN_HOLDS
from sinks.backoff import Outage
from sinks.base import Position
from sinks.keys import HOLDS, position_key
from sinks.redis_call import ask

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
return 1
"""
"""KEYS: position, holds. ARGV: topic_id, offset; holds as a JSON object; age in ms; lost_until or ''.

0: somebody knows more. 2: there is no position, and no `lost_until` was said.
"""

Put = Literal["overtaken", "written", "lost"]
_PUTS: tuple[Put, ...] = get_args(Put)


@dataclass(frozen=True, slots=True)
class Hold:
    """A campaign may reach nobody; `until` in ms since 1970, None for ever."""

    campaign_id: str
    until: int | None

    def binds(self, at: int) -> bool:
        """Whether it is still on at a time."""
        return self.until is None or at < self.until


class HoldsSink:
    """Writes all holds at once; takes `client` over and closes it."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._outage = Outage()
        self._put = client.register_script(_PUT)

    async def put(
        self, holds: Mapping[str, int | None], position: Position, age_ms: int, lost_until: int | None
    ) -> Put:
        """Let Redis hold these and no others: by campaign its `until`, None for ever.

        They are all that `campaign-holds` said below `position`, and nothing more was said `age_ms` ago. `overtaken`
        when Redis has a later position: another worker is at it. `lost` when it has none, was flushed or is new, and
        nothing is said of that: read the topic again, since much may have been reserved until then, and say as
        `lost_until` how long what was reserved may last (ms, 0: nothing was). Raises SinkUnavailable.
        """
        named = {campaign: orjson.dumps(until).decode() for campaign, until in holds.items()}
        lost = "" if lost_until is None else str(lost_until)
        args: list[str | bytes] = [position.topic_id, str(position.offset), orjson.dumps(named), str(age_ms), lost]
        found: int = await ask(self._put([position_key(0, CAMPAIGN_HOLDS), HOLDS], args), self._outage)
        return _PUTS[found]

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


def read_hold(campaign_id: str, found: bytes | str | None) -> Hold | None:
    """What Redis has in the hash of holds for a campaign."""
    return None if found is None else Hold(campaign_id, orjson.loads(found))
