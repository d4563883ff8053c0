"""Reservations of contacts in Redis: of two teams that ask to reach one person at the same time only one may.

A reservation is made before the decision and released when the decision is no, so nothing can come between the two. It
lies in `reservation:{contact_id}:{channel}` as JSON and expires by itself. Those of one list are named by the set
`reservation-list:{id}`, by which all of them can be given back.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson
from redis.asyncio import Redis

from sinks.keys import reserved_list_key, text
from sinks.redis_call import Backoff, call_redis

SLICE = 1000
"""Contacts in a call: Redis serves nobody else during it, about 3 ms."""


class Reservation(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The right of one team alone to reach a contact on a channel; times in ms since 1970.

    `token` is unique to the reservation. A touch on the channel from `at` on is what it was made for, and confirms it.
    `list`: the id of the list that the contact was reserved with; empty for one that was reserved by itself.
    """

    team: str
    token: str
    at: int
    until: int
    list: str = ""


@dataclass(frozen=True, slots=True)
class ReservationRequest:
    """A contact to reserve. `over`: the token of a confirmed reservation that may be replaced; '' for none."""

    contact_id: str
    over: str = ""


@dataclass(frozen=True, slots=True)
class ReservationGranted:
    """The contact is reserved; `before`: the team's earlier reservation, which comes back when this one is released."""

    before: Reservation | None


@dataclass(frozen=True, slots=True)
class ReservationRefused:
    """The contact is reserved by another team."""

    holder: Reservation


_RESERVE = """
local mine, team, lasts_ms, channel, list = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[6]
local answers = {}
for number, row in ipairs(cjson.decode(ARGV[5])) do
  local key = 'reservation:' .. row[1] .. ':' .. channel
  local found = redis.call('GET', key)
  local holder = found and cjson.decode(found)
  if not holder or holder.team == team or (row[2] ~= '' and holder.token == row[2]) then
    redis.call('SET', key, mine, 'PX', lasts_ms)
    if list ~= '' then redis.call('SADD', list, row[1] .. ':' .. channel) end
    answers[number] = {1, holder and holder.team == team and found or false}
  else
    answers[number] = {0, found}
  end
end
if list ~= '' and redis.call('PTTL', list) < tonumber(lasts_ms) then redis.call('PEXPIRE', list, lasts_ms) end
return answers
"""
"""ARGV: the reservation as JSON, its team, duration in ms, channel, [contact_id, token to replace or ''] as JSON, the
key of its list or ''."""

_RELEASE = """
local token, channel = ARGV[1], ARGV[2]
for _, row in ipairs(cjson.decode(ARGV[3])) do
  local key = 'reservation:' .. row[1] .. ':' .. channel
  local found = redis.call('GET', key)
  local held = found and cjson.decode(found)
  if held and held.token == token then
    if row[2] ~= '' then redis.call('SET', key, row[2], 'PXAT', row[3]) else redis.call('DEL', key) end
    if held.list and (row[2] == '' or cjson.decode(row[2]).list ~= held.list) then
      redis.call('SREM', 'reservation-list:' .. held.list, row[1] .. ':' .. channel)
    end
  end
end
return 1
"""
"""ARGV: token, channel, [contact_id, reservation to restore or '', its until] as JSON. An ended one is deleted."""

_RELEASE_LISTED = """
local list, released = ARGV[1], 0
for _, place in ipairs(cjson.decode(ARGV[2])) do
  local found = redis.call('GET', 'reservation:' .. place)
  if found and cjson.decode(found).list == list then
    redis.call('DEL', 'reservation:' .. place)
    released = released + 1
  end
  redis.call('SREM', 'reservation-list:' .. list, place)
end
return released
"""
"""ARGV: the id of a list, and contact:channel of some that were reserved with it, as JSON. Returns how many it had."""


class Reservations:
    """Reservations on one Redis; `client` stays the caller's. Every call may raise SinkUnavailable.

    Then the reservations may have been made nevertheless: they expire by themselves.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._backoff = Backoff()
        self._reserve = client.register_script(_RESERVE)
        self._release = client.register_script(_RELEASE)
        self._release_listed = client.register_script(_RELEASE_LISTED)

    async def reserve(
        self, channel: str, mine: Reservation, wanted: Sequence[ReservationRequest]
    ) -> list[ReservationGranted | ReservationRefused]:
        """Reserve each contact on the channel unless another team has it; answers in the order asked.

        A contact that the same team has is reserved anew: only a touch from `mine.at` on confirms that, which protects
        the person.
        """
        answers: list[ReservationGranted | ReservationRefused] = []
        said: list[str | bytes] = [encode(mine), mine.team, str(mine.until - mine.at), channel]
        listed = reserved_list_key(mine.list) if mine.list else ""
        for at in range(0, len(wanted), SLICE):
            rows = orjson.dumps([(one.contact_id, one.over) for one in wanted[at : at + SLICE]])
            args: list[str | bytes] = [*said, rows, listed]
            for taken, found in await call_redis(self._reserve(args=args), self._backoff):
                held = None if found is None else decode(found)
                answers.append(ReservationRefused(held) if held is not None and not taken else ReservationGranted(held))
        return answers

    async def count_list(self, list_id: str) -> int:
        """How many contacts are reserved with a list, those included that another team has taken over since."""
        call: Any = self._client.scard(reserved_list_key(list_id))
        return int(await call_redis(call, self._backoff))

    async def release_list(self, list_id: str) -> int:
        """Release all that were reserved with a list and are so still; returns how many."""
        released, cursor, begun = 0, 0, False
        while cursor or not begun:
            begun = True
            scanned: Any = self._client.sscan(reserved_list_key(list_id), cursor, count=SLICE)
            cursor, places = await call_redis(scanned, self._backoff)
            rows = orjson.dumps([text(place) for place in places])
            released += await call_redis(self._release_listed(args=[list_id, rows]), self._backoff)
        return released

    async def release(self, channel: str, token: str, taken: Sequence[tuple[str, ReservationGranted]]) -> None:
        """Release the reservations of `token` and restore those that the team had before."""
        for at in range(0, len(taken), SLICE):
            rows = [(contact_id, *_put_back(one.before)) for contact_id, one in taken[at : at + SLICE]]
            await call_redis(self._release(args=[token, channel, orjson.dumps(rows)]), self._backoff)


def new_list_id() -> str:
    """An id for a list of people who are reserved together."""
    return secrets.token_hex(8)


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Reservation).decode


def _put_back(before: Reservation | None) -> tuple[str, str]:
    return ("", "0") if before is None else (encode(before).decode(), str(before.until))
