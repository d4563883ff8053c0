"""The sink of segments in Redis: in which segments each contact is, who is in each, what is defined, and how many.

Of a partition there is one hash of memberships by contact, and of each segment whose definition says `members = true`
one sorted set of its members. The sets follow from the hash: a script that changes the hash changes them too, and when
a definition begins to keep members its set is made of the hash, piece by piece, while records go on.

Each record holds all there is to know of its key, so the last one counts and versions are not needed.
"""

import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Literal

import orjson
from msgspec import Struct
from redis.asyncio import Redis

from events.topics import CONTACT_SEGMENTS, SEGMENT_DEFINITIONS
from sinks import redis_scripts
from sinks.base import Position, SinkUnavailable
from sinks.batch import cut_to_size
from sinks.keys import (
    SEGMENT_TOPICS,
    kept_members_key,
    segment_counts_key,
    segment_definitions_key,
    segments_key,
    text,
)
from sinks.redis_call import TIMEOUT_S, Backoff
from sinks.redis_position import RedisPositions, position_words

MOST_PAIRS = 20_000_000
"""Members that are kept, of all segments together: beyond them the largest segment is kept no more, and says so."""
CALL_BYTES = 1 << 17
"""Most bytes of one call: Redis serves nobody else during it, a few ms."""
SCAN_COUNT = 100
"""Contacts that are looked at in one call while the members of a segment are gathered."""
_ROW_BYTES = 64


KeptMembers = Literal["gathering", "kept", "full"]
"""How far the members of a segment are kept in a partition: not all of them yet, all, or none since they are too many.
Of those that keep none nothing is said."""


class SegmentsChange(Struct, frozen=True, gc=False):
    """One record of `contact-segments`, `segment-definitions` or `segment-counts`; its value is empty for a null.

    `keeps_members`: of a definition, whether a list of the members is kept.
    """

    key: str
    value: bytes = b""
    keeps_members: bool = False


_KEPT = """
-- The time of an RFC 3339 text in UTC, ms since 1970.
local function ms(said)
  local year, month, day, hour, minute, second, rest =
    string.match(said or '', '^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d):(%d%d):(%d%d)%.?(%d*)Z$')
  if not year then return 0 end
  year, month = tonumber(year), tonumber(month)
  if month <= 2 then year, month = year - 1, month + 12 end
  local days = 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + tonumber(day) - 719469
  local seconds = days * 86400 + hour * 3600 + minute * 60 + second
  return seconds * 1000 + tonumber(string.sub(rest .. '000', 1, 3))
end

-- The segments that a stored value names; none of what cannot be read.
local function named(value)
  if not value or value == '' then return {} end
  local could, said = pcall(cjson.decode, value)
  return could and type(said) == 'table' and type(said.segments) == 'table' and said.segments or {}
end

-- The segments whose members are kept, or are being gathered.
local function kept(key)
  local found, some = {}, false
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    if all[at + 1] ~= 'full' then found[all[at]], some = true, true end
  end
  return found, some
end

local function place(segment, partition) return 'segment:' .. segment .. ':' .. partition end

-- Gives up the largest segments of the partition until there are no more than so many members.
local function within(most, key, partition)
  local sizes, total = {}, 0
  for segment in pairs((kept(key))) do
    sizes[segment] = redis.call('ZCARD', place(segment, partition))
    total = total + sizes[segment]
  end
  while total > most do
    local largest = nil
    for segment, size in pairs(sizes) do
      if not largest or size > sizes[largest] or (size == sizes[largest] and segment > largest) then
        largest = segment
      end
    end
    redis.call('UNLINK', place(largest, partition))
    redis.call('HSET', key, largest, 'full')
    total, sizes[largest] = total - sizes[largest], nil
  end
end
"""

_MEMBERSHIPS = (
    redis_scripts.IF_CLAIMED
    + _KEPT
    + """
local partition, wanted, some = ARGV[8], kept(KEYS[3])
local at = 1
for _, row in ipairs(cjson.decode(ARGV[10])) do
  local contact, value = row[1], string.sub(ARGV[11], at, at + row[2] - 1)
  at = at + row[2]
  if some then
    local was, is = named(redis.call('HGET', KEYS[2], contact)), named(value)
    for segment in pairs(was) do
      if wanted[segment] and not is[segment] then redis.call('ZREM', place(segment, partition), contact) end
    end
    for segment, membership in pairs(is) do
      if wanted[segment] then
        redis.call('ZADD', place(segment, partition), string.format('%.0f', ms(membership.since)), contact)
      end
    end
  end
  if value == '' then
    redis.call('HDEL', KEYS[2], contact)
  else
    redis.call('HSET', KEYS[2], contact, value)
  end
end
if some then within(tonumber(ARGV[9]), KEYS[3], partition) end
"""
    + redis_scripts.MOVE
)
"""Writes memberships, and the sets of those segments whose members are kept.

KEYS: position, memberships, what is kept. ARGV: 1 to 7 as of `IF_CLAIMED` and `MOVE`; partition; most members of it;
contact and length of each value; the values. Returns 1 when written, 0 when the position is another."""

_DEFINITIONS = (
    redis_scripts.IF_CLAIMED
    + _KEPT
    + """
local at = 1
for _, row in ipairs(cjson.decode(ARGV[10])) do
  local segment, value, keeps = row[1], string.sub(ARGV[11], at, at + row[2] - 1), row[3]
  at = at + row[2]
  if value == '' then
    redis.call('HDEL', KEYS[2], segment)
  else
    redis.call('HSET', KEYS[2], segment, value)
  end
  if not keeps then
    redis.call('HDEL', KEYS[3], segment)
    redis.call('UNLINK', place(segment, ARGV[8]))
  elseif redis.call('HGET', KEYS[3], segment) ~= 'kept' then
    redis.call('HSET', KEYS[3], segment, 'gathering')
  end
end
"""
    + redis_scripts.MOVE
)
"""Writes definitions, and which members are to be gathered; forgets the members of those that keep none.

KEYS: position, definitions, what is kept. ARGV: as of `_MEMBERSHIPS`, with whether members are kept in each row."""

_GATHER = (
    _KEPT
    + """
local wanted, gathering = kept(KEYS[2]), false
for _, contact in ipairs(cjson.decode(ARGV[3])) do
  for segment, membership in pairs(named(redis.call('HGET', KEYS[1], contact))) do
    if wanted[segment] then
      redis.call('ZADD', place(segment, ARGV[1]), string.format('%.0f', ms(membership.since)), contact)
    end
  end
end
within(tonumber(ARGV[2]), KEYS[2], ARGV[1])
local states = redis.call('HVALS', KEYS[2])
for _, state in ipairs(states) do gathering = gathering or state == 'gathering' end
return gathering and 1 or 0
"""
)
"""Puts contacts into the sets of the segments that they are in now, whoever asks for it and however late.

KEYS: memberships, what is kept. ARGV: partition; most members of it; contacts. Returns 1 while any are gathered."""

_GATHERED = (
    redis_scripts.IF_CLAIMED
    + """
local states = redis.call('HGETALL', KEYS[2])
for at = 1, #states, 2 do
  if states[at + 1] == 'gathering' then redis.call('HSET', KEYS[2], states[at], 'kept') end
end
"""
    + redis_scripts.MOVE
)
"""Says that all members were gathered, and moves the position. KEYS: position, what is kept. ARGV: as of `MOVE`."""

_COUNTS = (
    redis_scripts.IF_CLAIMED
    + """
local at = 1
for _, row in ipairs(cjson.decode(ARGV[10])) do
  local value = string.sub(ARGV[11], at, at + row[2] - 1)
  at = at + row[2]
  if value == '' then
    redis.call('HDEL', KEYS[2], row[1])
  else
    redis.call('HSET', KEYS[2], row[1], value)
  end
end
"""
    + redis_scripts.MOVE
)
"""Writes how many are in each segment. KEYS: position, counts. ARGV: as of `_MEMBERSHIPS`."""

_CLEAR = """
local topics, partition, partitions = cjson.decode(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local there = true
while there do
  local name = string.format('%d', partition)
  there = false
  for _, topic in ipairs(topics) do
    if redis.call('DEL', 'sink:' .. topic .. ':' .. name) == 1 then there = true end
  end
  for _, segment in ipairs(redis.call('HKEYS', 'sink:segment-members:' .. name)) do
    redis.call('UNLINK', 'segment:' .. segment .. ':' .. name)
  end
  local gone = redis.call('UNLINK', 'segments:' .. name, 'sink:segment-members:' .. name,
    'segment-definitions:' .. name, 'segment-counts:' .. name)
  there = there or gone > 0 or partition < partitions
  partition = partition + partitions
end
return 1
"""
"""Deletes all that is held of a partition, also of those that the topics have no more. ARGV: topics as JSON; partition;
how many there are. The names of segments are in no argument, so no keys are declared."""


class SegmentsSink(RedisPositions):
    """The `Sink` of segments on one Redis or Valkey server; for most parameters see `RedisPositions`.

    `most_pairs`: members that are kept of each partition, of all segments together.
    """

    def __init__(
        self,
        client: Redis,
        *,
        stale_after: float,
        most_pairs: int,
        timeout: float = TIMEOUT_S,
        backoff: Backoff | None = None,
    ) -> None:
        super().__init__(client, CONTACT_SEGMENTS, stale_after=stale_after, timeout=timeout, backoff=backoff)
        self._most = str(most_pairs)
        self._memberships = client.register_script(_MEMBERSHIPS)
        self._definitions = client.register_script(_DEFINITIONS)
        self._gather = client.register_script(_GATHER)
        self._gathered = client.register_script(_GATHERED)
        self._counts = client.register_script(_COUNTS)
        self._clear = client.register_script(_CLEAR)

    async def write(
        self, partition: int, changes: Sequence[SegmentsChange], before: Position | None, after: Position
    ) -> bool:
        """See Sink. All calls for a long run but the last leave the position where it is, under a claim."""
        todo = list(cut_to_size(latest_changes(changes), CALL_BYTES, _weight_of))
        gathers = self.topic == SEGMENT_DEFINITIONS and any(change.keeps_members for change in changes)
        claim = secrets.token_hex(8) if gathers or len(todo) > 1 else ""
        for number, part in enumerate(todo, start=1):
            moves = number == len(todo) and not gathers
            found = [*position_words(before), claim if number > 1 else ""]
            left = [*position_words(after if moves else before), "" if moves else claim]
            if not await self._write_part(partition, [*found, *left], part):
                return False
        return not gathers or await self._write_members(partition, claim, before, after)

    async def clear(self, partition: int, partitions: int) -> None:
        """See Sink. It is a single call."""
        await self._did(self._clear, [], [orjson.dumps(SEGMENT_TOPICS), str(partition), str(partitions)])

    async def _write_part(self, partition: int, words: Sequence[str], part: Sequence[SegmentsChange]) -> bool:
        rows = [(change.key, len(change.value), change.keeps_members) for change in part]
        values = b"".join(change.value for change in part)
        args: list[str | bytes] = [self._stale_after, *words, str(partition), self._most, orjson.dumps(rows), values]
        place, kept = self._place(partition), kept_members_key(partition)
        if self.topic == CONTACT_SEGMENTS:
            return await self._did(self._memberships, [place, segments_key(partition), kept], args)
        if self.topic == SEGMENT_DEFINITIONS:
            return await self._did(self._definitions, [place, segment_definitions_key(partition), kept], args)
        return await self._did(self._counts, [place, segment_counts_key(partition)], args)

    async def _write_members(self, partition: int, claim: str, before: Position | None, after: Position) -> bool:
        """Gather the members of segments that have begun to keep them, then move the position."""
        kept = kept_members_key(partition)
        server = await self._server()
        async for contacts in self._contacts(partition):
            args: list[str | bytes] = [str(partition), self._most, orjson.dumps(contacts)]
            if not await self._did(self._gather, [segments_key(partition), kept], args):
                break
        if await self._server() != server:
            raise SinkUnavailable("redis: restarted during a scan", self._backoff.failed())
        words = [self._stale_after, *position_words(before), claim, *position_words(after), ""]
        return await self._did(self._gathered, [self._place(partition), kept], words)

    async def _contacts(self, partition: int) -> AsyncIterator[list[str]]:
        cursor = 0
        while True:
            cursor, found = await self._ask(self._client.hscan(segments_key(partition), cursor, count=SCAN_COUNT))
            yield [text(contact) for contact in found]
            if cursor == 0:
                return

    async def _server(self) -> str:
        """The id of the server process: a scan is complete only if one process answered from start to end."""
        return str((await self._ask(self._client.info("server")))["run_id"])


def latest_changes(changes: Iterable[SegmentsChange]) -> list[SegmentsChange]:
    """The last record of each key."""
    return list({change.key: change for change in changes}.values())


def _weight_of(change: SegmentsChange) -> int:
    return _ROW_BYTES + len(change.value)
