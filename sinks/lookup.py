"""Reads contacts that the sinks wrote from Redis.

`Lookup` reads many at once, and only while Redis is complete: a contact that is missing must not look like an unknown
one, to whom a channel may be open. So one script, atomically, checks every partition and reads the contacts. The marks
of absorbed contacts and the index of hashes are in the same partitions as the profiles, and are covered by the checks
of `contact-links` and `contact-state`. `find_anyway` reads one contact as it is, unchecked.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import orjson
from redis.asyncio import Redis

from events.interactions.base import Channel
from events.topics import CAMPAIGN_HOLDS, read_by
from sinks.holds import Hold, read_hold
from sinks.keys import shares_key, shares_regime, text
from sinks.redis_call import Backoff, call_redis
from sinks.redis_scripts import COMPLETE
from sinks.reservations import Reservation, decode

SLICE = 250
"""Contacts in a call: Redis serves nobody else during it, about 2 ms."""
AT_ONCE = 2
"""Calls of one look-up that run at once: Redis works while answers are read, and serves others in between."""
TOPICS = tuple(topic.name for topic in (*read_by("redis"), *read_by("holds")))
"""The topics whose every partition has to be complete."""

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
local told = redis.call('HMGET', 'sink:campaign-holds:0', 'key_ids', 'lost_until')
if why ~= '' then return {why, where, told[1]} end
local hold = campaign ~= '' and redis.call('HGET', 'holds', campaign)
local others = campaign ~= '' and not hold and redis.call('HGETALL', 'holds')
local found = {why, where, told[1], hold, told[2] or '0', others}
for _, hashes in ipairs(names) do
  local contact_id, state = find(hashes, bodies)
  found[#found + 1] = contact_id
  found[#found + 1] = state
  found[#found + 1] = bodies and reservations(contact_id)
end
return found
"""
)
"""ARGV: oldest statement of completeness in ms, names of each contact as JSON, campaign or '', '1' for profiles, topics
as JSON. No keys are declared: that would need the right to write them.

Returns why and where data are missing, or '', as_of; the workers' key ids; the hold, lost_until, the other holds where
the campaign has none (name, hold, ...), and for each contact its id, its profile (1 erased, nil unknown, '' not asked
for), and its reservations: number of the channel, reservation, ...
"""

_FIND_ONE = _FIND + "return {find(cjson.decode(ARGV[1]), true)}"
"""ARGV: names as JSON. Returns the id and the profile, as `_FIND` does."""


Why = Literal["missing", "refilling", "too_old", "other_key", "other_regime"]
_WHY: dict[str, Why] = {why: why for why in get_args(Why)}


@dataclass(frozen=True, slots=True)
class Complete:
    """Redis is complete: it has all that the topics held at `as_of` (ms since 1970, by the clock of Redis)."""

    as_of: int


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Redis is incomplete, and no answer can be relied on. `where` is `<topic>:<partition>`.

    missing: flushed, or never filled; refilling: being filled; too_old: no worker feeds it, or the worker is behind;
    other_key: the workers hash with another identity key, so nobody asked for would be found;
    other_regime: they work under another HARMONIA_REGIME, or read numbers as another country's.
    """

    why: Why
    where: str


def incomplete(why: str, where: str) -> Incomplete:
    """The reason and the place that `redis_scripts.COMPLETE` has returned."""
    return Incomplete(_WHY[why], where)


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A contact with a profile (JSON; empty when only ids were asked for); of an absorbed one, the survivor."""

    contact_id: str
    profile: bytes


@dataclass(frozen=True, slots=True)
class UnknownContact:
    """No contact is known under any of the names; `contact_id` is the first of them, or the one that absorbed it."""

    contact_id: str


@dataclass(frozen=True, slots=True)
class ErasedContact:
    """A contact that was erased."""

    contact_id: str


ContactAnswer = KnownContact | UnknownContact | ErasedContact


ReservationsByChannel = Mapping[Channel, Reservation]
CHANNELS: tuple[Channel, ...] = ("email", "text", "phone", "door", "letter")
_NOBODY: ReservationsByChannel = {}


@dataclass(frozen=True, slots=True)
class LookupReply:
    """The contacts in the order asked, as of `as_of` (ms); `hold`: that of the campaign asked for, ended or not.

    `reserved`: the reservations of each contact, by channel; empty where only ids were asked for. `lost_until`: until
    then (ms) a team may rely on a reservation that was lost in a flush; 0 for never. `others_held`: the holds of other
    campaigns, where the one asked for has none.
    """

    as_of: int
    contacts: Sequence[ContactAnswer]
    reserved: Sequence[ReservationsByChannel]
    hold: Hold | None
    lost_until: int
    others_held: Sequence[Hold] = ()


ContactNames = Sequence[str]
"""The names of one contact: a contact_id, or the hashes of one identifier under each key (`Hasher.lookups`)."""


async def find_anyway(client: Redis, names: ContactNames) -> ContactAnswer:
    """The contact that goes by these names, one at least, in a Redis that may lack something: Unknown may be wrong.

    For people who look, never for what decides about a contact: that is `Lookup`. Raises RedisError.
    """
    contact_id, found = await client.register_script(_FIND_ONE)(args=[orjson.dumps(names)])
    return _contact(text(contact_id), found)


class Lookup:
    """Reads contacts while Redis is complete.

    `client` stays the caller's; `oldest_s`: how many seconds ago Redis must have been complete.
    `key_ids`: of the identity keys that the names are hashes under, and a mark of the regime (`Settings.key_ids`);
    none: that is not compared.
    """

    def __init__(self, client: Redis, oldest_s: float, key_ids: Sequence[str] = ()) -> None:
        self._key_ids = key_ids
        self._oldest = str(round(oldest_s * 1000))
        self._backoff = Backoff()
        self._script = client.register_script(_LOOK)

    async def standing(self) -> Complete | Incomplete:
        """Whether Redis is complete. Raises SinkUnavailable."""
        found = await self._call(asyncio.Semaphore(1), (), "", bodies=False)
        return found if isinstance(found, Incomplete) else Complete(found.as_of)

    async def look(self, names: Sequence[ContactNames], campaign_id: str | None = None) -> LookupReply | Incomplete:
        """Look up the contacts that go by these names, one name at least for each. Raises SinkUnavailable."""
        return await self._look(names, campaign_id or "", bodies=True)

    async def ids(self, names: Sequence[ContactNames]) -> LookupReply | Incomplete:
        """Look up the contact_ids alone, without profiles. Raises SinkUnavailable."""
        return await self._look(names, "", bodies=False)

    async def _look(self, names: Sequence[ContactNames], campaign: str, *, bodies: bool) -> LookupReply | Incomplete:
        slices = [tuple(names[at : at + SLICE]) for at in range(0, len(names), SLICE)] or [()]
        gate = asyncio.Semaphore(AT_ONCE)
        parts = await asyncio.gather(*(self._call(gate, part, campaign, bodies=bodies) for part in slices))
        seen: list[LookupReply] = []
        for part in parts:
            if isinstance(part, Incomplete):
                return part
            seen.append(part)
        contacts = [contact for part in seen for contact in part.contacts]
        hold = next((part.hold for part in seen if part.hold is not None), None)
        reserved = [one for part in seen for one in part.reserved]
        lost_until = max(part.lost_until for part in seen)
        as_of = min(part.as_of for part in seen)
        return LookupReply(as_of, contacts, reserved, hold, lost_until, seen[0].others_held)

    async def _call(
        self, gate: asyncio.Semaphore, names: Sequence[ContactNames], campaign: str, *, bodies: bool
    ) -> LookupReply | Incomplete:
        args: list[str | bytes] = [self._oldest, orjson.dumps(names), campaign, "1" if bodies else "0", _TOPICS]
        async with gate:
            why, where, key_ids, *found = await call_redis(self._script(args=args), self._backoff)
        if not shares_key(key_ids, self._key_ids):
            return Incomplete("other_key", CAMPAIGN_HOLDS)
        if not shares_regime(key_ids, self._key_ids):
            return Incomplete("other_regime", CAMPAIGN_HOLDS)
        if why:
            return incomplete(text(why), text(where))
        hold = read_hold(campaign, found[0])
        contacts = [_contact(text(found[at]), found[at + 1]) for at in range(3, len(found), 3)]
        reserved = [_reserved(found[at]) for at in range(5, len(found), 3)]
        return LookupReply(int(where), contacts, reserved, hold, int(found[1]), _holds(found[2] or ()))


def _holds(found: Sequence[Any]) -> list[Hold]:
    names = map(text, found[::2])
    return [hold for name, on in zip(names, found[1::2], strict=True) if (hold := read_hold(name, on)) is not None]


def _reserved(found: Any) -> ReservationsByChannel:
    if not found:
        return _NOBODY
    return {CHANNELS[found[at]]: decode(found[at + 1]) for at in range(0, len(found), 2)}


def _contact(contact_id: str, found: Any) -> ContactAnswer:
    if found is None:
        return UnknownContact(contact_id)
    if found == 1:
        return ErasedContact(contact_id)
    return KnownContact(contact_id, found.encode() if isinstance(found, str) else found)
