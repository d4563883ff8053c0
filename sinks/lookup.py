"""Reading contacts that the sinks wrote: many at once, and never from a Redis that lacks any of them.

What is missing must not look like somebody unknown: to those a channel may be open. So one script, which nothing can
come between, looks at the standing of every partition and at the contacts. The marks of absorbed contacts and the index
of hashes lie with the profile of the same name, and count as `contact-links` and `contact-state` do.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from redis.asyncio import Redis

from events.interactions.base import Channel
from events.topics import read_by
from sinks.backoff import Outage
from sinks.holds import Hold, read_hold
from sinks.keys import text
from sinks.redis_call import ask
from sinks.redis_scripts import COMPLETE
from sinks.reservations import Reservation, decode

SLICE = 250
"""Contacts in a call: Redis serves nobody else during it, about 2 ms."""
AT_ONCE = 2
"""Calls of one look under way: Redis looks while answers are read, and others' looks come in between."""
TOPICS = tuple(topic.name for topic in (*read_by("redis"), *read_by("holds")))
"""Of each of their partitions nothing may be missing."""

_TOPICS = orjson.dumps(TOPICS)

_FIND = """
-- Absorbed ids name the survivor itself; while links change there may be more of them in a row.
local function follow(contact_id, bodies)
  for _ = 1, 8 do
    local found = redis.call('HMGET', 'contact:' .. contact_id, 'state', 'merged_into', 'erased')
    if found[1] then return contact_id, bodies and found[1] or '' end
    if found[3] then return contact_id, 1 end
    if not found[2] then return contact_id, false end
    contact_id = found[2]
  end
  return contact_id, false
end

local function find(hashes, bodies)
  local unknown = hashes[1]
  for number, hash in ipairs(hashes) do
    local contact_id, found = follow(redis.call('GET', 'identity:' .. hash) or hash, bodies)
    if found then return contact_id, found end
    if contact_id ~= hash then unknown = contact_id end
  end
  return unknown, false
end
"""
"""Who goes by names, and the profile: 1 erased, false unknown, '' there is one but none was asked for."""

_LOOK = (
    COMPLETE
    + _FIND
    + """
local oldest, names, campaign, bodies = tonumber(ARGV[1]), cjson.decode(ARGV[2]), ARGV[3], ARGV[4] == '1'

local function reservations(contact_id)
  local of, held = 'reservation:' .. contact_id .. ':', false
  local found = redis.call('MGET', of .. 'email', of .. 'text', of .. 'phone', of .. 'door', of .. 'letter')
  for at = 1, 5 do
    if found[at] then
      held = held or {}
      held[#held + 1] = at - 1
      held[#held + 1] = found[at]
    end
  end
  return held
end

local why, where = whole(cjson.decode(ARGV[5]), oldest)
if why ~= '' then return {why, where} end
local lost_until = redis.call('HGET', 'sink:campaign-holds:0', 'lost_until')
local found = {why, where, campaign ~= '' and redis.call('HGET', 'holds', campaign), lost_until or '0'}
for _, hashes in ipairs(names) do
  local contact_id, state = find(hashes, bodies)
  found[#found + 1] = contact_id
  found[#found + 1] = state
  found[#found + 1] = bodies and reservations(contact_id)
end
return found
"""
)
"""ARGV: oldest standing in ms, names of each contact as JSON, campaign or '', '1' for profiles, topics as JSON.

No keys are declared: that asks for the right to write them.

Returns why and where something is missing, or '', as_of, the hold, lost_until, and for each contact its id, its profile
(1 erased, nil unknown, '' there is one but none was asked for), and who has reserved it: number of the channel,
reservation, ...
"""

_FIND_ONE = _FIND + "return {find(cjson.decode(ARGV[1]), true)}"
"""ARGV: names as JSON. Returns the id and the profile, as `_FIND` does."""


Why = Literal["missing", "refilling", "too_old"]
_WHY: dict[str, Why] = {"missing": "missing", "refilling": "refilling", "too_old": "too_old"}


@dataclass(frozen=True, slots=True)
class Whole:
    """Nothing is missing of what the topics held at `as_of`, in ms since 1970 by the clock of Redis."""

    as_of: int


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Redis cannot be relied on. `where` is `<topic>:<partition>`.

    missing: flushed, or never filled; refilling: not yet there; too_old: no worker looks after it, or it is behind.
    """

    why: Why
    where: str


def incomplete(why: str, where: str) -> Incomplete:
    """What `scripts.COMPLETE` has found."""
    return Incomplete(_WHY[why], where)


@dataclass(frozen=True, slots=True)
class Found:
    """The profile, as JSON; empty when only the id was asked for. Of an absorbed contact it is the survivor's."""

    contact_id: str
    profile: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody is known under any of the names; `contact_id` is the first of them, or who absorbed it."""

    contact_id: str


@dataclass(frozen=True, slots=True)
class Erased:
    """The person was forgotten."""

    contact_id: str


Contact = Found | Unknown | Erased


Reserved = Mapping[Channel, Reservation]
CHANNELS: tuple[Channel, ...] = ("email", "text", "phone", "door", "letter")
_NOBODY: Reserved = {}


@dataclass(frozen=True, slots=True)
class Seen:
    """Contacts in the order asked, all that was known at `as_of`; `hold` on the campaign asked for, over or not.

    `reserved`: of each contact, by channel, who is about to reach it; empty where only ids were asked for.
    `lost_until`: until then, ms, somebody may hold a reservation that a flush has taken; 0: nobody.
    """

    as_of: int
    contacts: Sequence[Contact]
    reserved: Sequence[Reserved]
    hold: Hold | None
    lost_until: int


Names = Sequence[str]
"""What one contact goes by: a contact_id, or hashes of one identifier under each key (`Hasher.lookups`)."""


async def find_anyway(client: Redis, names: Names) -> Contact:
    """The contact that goes by these names, one at least, in a Redis that may lack something: Unknown may be wrong.

    For people who look, never for what decides about a contact: that is `Lookup`. Raises RedisError.
    """
    contact_id, found = await client.register_script(_FIND_ONE)(args=[orjson.dumps(names)])
    return _contact(text(contact_id), found)


class Lookup:
    """Reads contacts. `client` stays the caller's; `oldest_s` is how many seconds ago all must have been whole."""

    def __init__(self, client: Redis, oldest_s: float) -> None:
        self._oldest = str(round(oldest_s * 1000))
        self._outage = Outage()
        self._script = client.register_script(_LOOK)

    async def standing(self) -> Whole | Incomplete:
        """Whether Redis can be relied on. Raises SinkUnavailable."""
        found = await self._call(asyncio.Semaphore(1), (), "", bodies=False)
        return found if isinstance(found, Incomplete) else Whole(found.as_of)

    async def look(self, names: Sequence[Names], campaign_id: str | None = None) -> Seen | Incomplete:
        """The contacts that go by these names, each of which is one name at least. Raises SinkUnavailable."""
        return await self._look(names, campaign_id or "", bodies=True)

    async def ids(self, names: Sequence[Names]) -> Seen | Incomplete:
        """`look`, without the profiles. Raises SinkUnavailable."""
        return await self._look(names, "", bodies=False)

    async def _look(self, names: Sequence[Names], campaign: str, *, bodies: bool) -> Seen | Incomplete:
        slices = [tuple(names[at : at + SLICE]) for at in range(0, len(names), SLICE)] or [()]
        gate = asyncio.Semaphore(AT_ONCE)
        parts = await asyncio.gather(*(self._call(gate, part, campaign, bodies=bodies) for part in slices))
        seen: list[Seen] = []
        for part in parts:
            if isinstance(part, Incomplete):
                return part
            seen.append(part)
        contacts = [contact for part in seen for contact in part.contacts]
        hold = next((part.hold for part in seen if part.hold is not None), None)
        reserved = [one for part in seen for one in part.reserved]
        lost_until = max(part.lost_until for part in seen)
        return Seen(min(part.as_of for part in seen), contacts, reserved, hold, lost_until)

    async def _call(
        self, gate: asyncio.Semaphore, names: Sequence[Names], campaign: str, *, bodies: bool
    ) -> Seen | Incomplete:
        args: list[str | bytes] = [self._oldest, orjson.dumps(names), campaign, "1" if bodies else "0", _TOPICS]
        async with gate:
            why, where, *found = await ask(self._script(args=args), self._outage)
        if why:
            return incomplete(text(why), text(where))
        hold = read_hold(campaign, found[0])
        contacts = [_contact(text(found[at]), found[at + 1]) for at in range(2, len(found), 3)]
        reserved = [_reserved(found[at]) for at in range(4, len(found), 3)]
        return Seen(int(where), contacts, reserved, hold, int(found[1]))


def _reserved(found: Any) -> Reserved:
    if not found:
        return _NOBODY
    return {CHANNELS[found[at]]: decode(found[at + 1]) for at in range(0, len(found), 2)}


def _contact(contact_id: str, found: Any) -> Contact:
    if found is None:
        return Unknown(contact_id)
    if found == 1:
        return Erased(contact_id)
    return Found(contact_id, found.encode() if isinstance(found, str) else found)
