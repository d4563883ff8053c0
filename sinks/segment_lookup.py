"""Reads segments that the sink wrote from Redis: definitions with counts, the memberships of one contact, and members.

Everything is read only together with a look at whether Redis is complete: somebody who is missing would look like
somebody who is in no segment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from events.topics import CONTACT_SEGMENTS
from sinks.keys import (
    SEGMENT_TOPICS,
    kept_members_key,
    partition_of,
    segment_counts_key,
    segment_definitions_key,
    segments_key,
    text,
)
from sinks.lookup import Complete, Incomplete, incomplete
from sinks.redis_call import Backoff, call_redis
from sinks.redis_scripts import COMPLETE
from sinks.segments import KeptMembers

_STANDING = (
    COMPLETE
    + """
local why, where = whole(cjson.decode(ARGV[2]), tonumber(ARGV[1]))
local time = redis.call('TIME')
return {why, where, tonumber(standing(ARGV[3], 0)[3] or 1), time[1] * 1000 + math.floor(time[2] / 1000)}
"""
)
"""ARGV: oldest statement of completeness in ms, topics as JSON, the topic whose partitions are counted.

Returns why and where data are missing, or '' and as_of; how many partitions there are; and what time it is. No keys
are declared: that would need the right to write them."""

_MEMBERS = (
    COMPLETE
    + """
local why, where = whole(cjson.decode(ARGV[2]), tonumber(ARGV[1]))
if why ~= '' then return {why, where} end
local partitions, segment = tonumber(standing(ARGV[3], 0)[3]), ARGV[4]
local first, since, after, left = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])

local function place(partition) return 'segment:' .. segment .. ':' .. string.format('%d', partition) end

-- The order of Redis, byte by byte, whatever the language of the server.
local function later(one, other)
  for at = 1, math.min(#one, #other) do
    local mine, theirs = string.byte(one, at), string.byte(other, at)
    if mine ~= theirs then return mine > theirs end
  end
  return #one > #other
end

-- The rank of the first member behind the one where the last page ended, who may have left since.
local function start(key)
  local low, high = 0, redis.call('ZCARD', key)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local found = redis.call('ZRANGE', key, middle, middle, 'WITHSCORES')
    local score = tonumber(found[2])
    if score > since or (score == since and later(found[1], after)) then high = middle else low = middle + 1 end
  end
  return low
end

local states, total, rows = {}, 0, {}
for partition = 0, partitions - 1 do
  states[#states + 1] = redis.call('HGET', 'sink:segment-members:' .. string.format('%d', partition), segment) or ''
  total = total + redis.call('ZCARD', place(partition))
end
for partition = first, partitions - 1 do
  if left <= 0 then break end
  local from = partition == first and after ~= '' and start(place(partition)) or 0
  local found = redis.call('ZRANGE', place(partition), from, from + left - 1, 'WITHSCORES')
  rows[#rows + 1] = {string.format('%d', partition), found}
  left = left - #found / 2
end
return {why, where, states, total, rows}
"""
)
"""ARGV: as of `_STANDING`, then the segment; partition, since and contact of the last member of the page before ('0',
'0' and '' for none); most members of a page.

Returns why and where data are missing, or '' and as_of; then how far members are kept in each partition, how many
members there are, and the page: partition, and member and since of each."""


@dataclass(frozen=True, slots=True)
class StoredSegments:
    """What is defined and counted, by segment. `kept`: how far its members are kept, of each partition that keeps any.

    `counts`: the JSON of each partition that has counted. `as_of`: all that was said by then is in it; `seen_at`: when
    it was read (ms, both by the clock of Redis).
    """

    as_of: int
    seen_at: int
    partitions: int
    definitions: Mapping[str, bytes]
    counts: Mapping[str, Sequence[bytes]]
    kept: Mapping[str, Sequence[KeptMembers]]


@dataclass(frozen=True, slots=True)
class StoredMemberships:
    """The JSON that `contact-segments` has of a contact; None: the contact never was in any."""

    as_of: int
    value: bytes | None


@dataclass(frozen=True, slots=True)
class MemberPlace:
    """A member of a segment, since when (ms), and where among all: the next page begins behind it."""

    partition: int
    since: int
    contact_id: str


@dataclass(frozen=True, slots=True)
class MembersPage:
    """Members in the order of partitions, then of time. `total`: how many there are; `is_last`: none is behind these.

    `kept`: how far members are kept, of each partition; empty text where it keeps none.
    """

    as_of: int
    kept: Sequence[str]
    total: int
    members: Sequence[MemberPlace]
    is_last: bool


@dataclass(frozen=True, slots=True)
class ScanPlace:
    """How far the memberships of all contacts are walked through: a partition, and the cursor of Redis in it."""

    partition: int = 0
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class ScannedMembers:
    """Members that were found among all contacts, with since when; `next`: where to go on, None at the end."""

    as_of: int
    members: Sequence[tuple[str, str]]
    next: ScanPlace | None


START = MemberPlace(0, 0, "")
"""Before all members."""


class SegmentsReader:
    """Reads segments while Redis is complete. Every call may raise SinkUnavailable.

    `client` stays the caller's; `oldest_s`: how many seconds ago Redis must have been complete.
    """

    def __init__(self, client: Redis, oldest_s: float) -> None:
        self._client = client
        self._standing_args: list[str | bytes] = [
            str(round(oldest_s * 1000)),
            orjson.dumps(SEGMENT_TOPICS),
            CONTACT_SEGMENTS,
        ]
        self._backoff = Backoff()
        self._standing = client.register_script(_STANDING)
        self._members = client.register_script(_MEMBERS)

    async def all(self, only: str | None = None) -> StoredSegments | Incomplete:
        """All segments that are defined, with what was counted; `only`: counts of this one alone."""
        standing, partitions, seen_at = await self._stands()
        if isinstance(standing, Incomplete):
            return standing
        async with self._client.pipeline(transaction=False) as calls:
            calls.hgetall(segment_definitions_key(0))
            for key in (segment_counts_key, kept_members_key):
                for number in range(partitions):
                    if only is None:
                        calls.hgetall(key(number))
                    else:
                        calls.hmget(key(number), [only])
            found: list[Any] = await call_redis(calls.execute(), self._backoff)
        if only is not None:
            found[1:] = [{only: value} if value is not None else {} for [value] in found[1:]]
        definitions = {text(name): _bytes(value) for name, value in found[0].items()}
        counts, kept = _by_name(found[1 : 1 + partitions]), _by_name(found[1 + partitions :])
        states: dict[str, list[KeptMembers]] = {name: [_kept(value) for value in all_] for name, all_ in kept.items()}
        return StoredSegments(standing.as_of, seen_at, partitions, definitions, counts, states)

    async def of(self, contact_id: str) -> StoredMemberships | Incomplete:
        """The memberships of a contact that was not merged into another."""
        standing, partitions, _ = await self._stands()
        if isinstance(standing, Incomplete):
            return standing
        key = segments_key(partition_of(contact_id, partitions))
        call: Any = self._client.hget(key, contact_id)
        value = await call_redis(call, self._backoff)
        return StoredMemberships(standing.as_of, None if value is None else _bytes(value))

    async def members(self, segment: str, after: MemberPlace, most: int) -> MembersPage | Incomplete:
        """So many members of a segment behind a place. Those who come and go meanwhile move nobody else."""
        place = [str(after.partition), str(after.since), after.contact_id, str(most + 1)]
        why, where, *found = await call_redis(
            self._members(args=[*self._standing_args, segment, *place]), self._backoff
        )
        if why:
            return incomplete(text(why), text(where))
        states, total, pages = found
        members = [
            MemberPlace(int(partition), int(float(since)), text(contact))
            for partition, pairs in pages
            for contact, since in zip(pairs[::2], pairs[1::2], strict=True)
        ]
        kept = [text(state) for state in states]
        return MembersPage(int(where), kept, int(total), members[:most], len(members) <= most)

    async def scan(self, segment: str, place: ScanPlace, most: int, looked_at: int) -> ScannedMembers | Incomplete:
        """Members of a segment of which no list is kept, among the memberships of all contacts.

        About `most` of them, or fewer where so many contacts were `looked_at`. Whoever comes or goes meanwhile may be
        among them or not; a member may be found twice.
        """
        standing, partitions, _ = await self._stands()
        if isinstance(standing, Incomplete):
            return standing
        found: dict[str, str] = {}
        partition, cursor, seen = place.partition, place.cursor, 0
        while partition < partitions and len(found) < most and seen < looked_at:
            call: Any = self._client.hscan(segments_key(partition), cursor, count=most)
            cursor, held = await call_redis(call, self._backoff)
            seen += len(held)
            for name, value in held.items():
                membership = orjson.loads(value)["segments"].get(segment)
                if membership is not None:
                    found[text(name)] = membership["since"]
            if not cursor:
                partition += 1
        following = ScanPlace(partition, cursor) if partition < partitions else None
        return ScannedMembers(standing.as_of, [*found.items()], following)

    async def _stands(self) -> tuple[Complete | Incomplete, int, int]:
        """Whether Redis is complete, of how many partitions, and when that was asked."""
        why, where, partitions, now = await call_redis(self._standing(args=self._standing_args), self._backoff)
        return incomplete(text(why), text(where)) if why else Complete(int(where)), int(partitions), int(now)


def _by_name(found: Sequence[Mapping[bytes | str, bytes | str]]) -> dict[str, list[bytes]]:
    named: dict[str, list[bytes]] = {}
    for each in found:
        for name, value in each.items():
            named.setdefault(text(name), []).append(_bytes(value))
    return named


def _kept(value: bytes) -> KeptMembers:
    return "kept" if value == b"kept" else "full" if value == b"full" else "gathering"


def _bytes(found: bytes | str) -> bytes:
    return found.encode() if isinstance(found, str) else found
