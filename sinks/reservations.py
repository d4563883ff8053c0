"""Who is about to reach whom: two teams that ask for one person at the same moment can't both be given leave.

A reservation is taken before the decision and given back when the answer is no, so nothing can come between the two.
It lies in `reservation:{contact_id}:{channel}` as JSON and expires by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import orjson
from redis.asyncio import Redis

from sinks.backoff import Outage
from sinks.redis_call import ask

SLICE = 1000
"""Contacts in a call: Redis serves nobody else during it, about 3 ms."""


class Reservation(msgspec.Struct, frozen=True, gc=False):
    """`team` may reach the contact, nobody else. `token` tells this reservation from any other; ms since 1970.

    `at` is when it began: a touch on the channel from then on is what it was for, and confirms it.
    """

    team: str
    token: str
    at: int
    until: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """`over`: the token of another's reservation that was confirmed and may be replaced; '': of none."""

    contact_id: str
    over: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """It is the asking team's now; `before`: what that team had there already, to be put back when it is released."""

    before: Reservation | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Another team has it."""

    holder: Reservation


_RESERVE = """
local mine, team, lasts_ms, channel = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local answers = {}
for number, row in ipairs(cjson.decode(ARGV[5])) do
  local key = 'reservation:' .. row[1] .. ':' .. channel
  local found = redis.call('GET', key)
  local holder = found and cjson.decode(found)
  if not holder or holder.team == team or (row[2] ~= '' and holder.token == row[2]) then
    redis.call('SET', key, mine, 'PX', lasts_ms)
    answers[number] = {1, holder and holder.team == team and found or false}
  else
    answers[number] = {0, found}
  end
end
return answers
"""
"""ARGV: the reservation as JSON, its team, its ms, channel, [contact_id, token to replace or ''] as JSON."""

_RELEASE = """
local token, channel = ARGV[1], ARGV[2]
for _, row in ipairs(cjson.decode(ARGV[3])) do
  local key = 'reservation:' .. row[1] .. ':' .. channel
  local found = redis.call('GET', key)
  if found and cjson.decode(found).token == token then
    if row[2] ~= '' then redis.call('SET', key, row[2], 'PXAT', row[3]) else redis.call('DEL', key) end
  end
end
return 1
"""
"""ARGV: token, channel, [contact_id, what to put back or '', its until] as JSON. An `until` that is over deletes."""


class Reservations:
    """Reservations on one Redis; `client` stays the caller's. Every call may raise SinkUnavailable.

    Then whatever was asked may have been done nevertheless: it expires by itself.
    """

    def __init__(self, client: Redis) -> None:
        self._outage = Outage()
        self._reserve = client.register_script(_RESERVE)
        self._release = client.register_script(_RELEASE)

    async def reserve(self, channel: str, mine: Reservation, wanted: Sequence[Wanted]) -> list[Taken | Refused]:
        """Take each contact on the channel, all in the order asked, unless another team has it.

        The same team takes it anew, from `mine.at` on: only a touch after that confirms it, which protects the person.
        """
        answers: list[Taken | Refused] = []
        said: list[str | bytes] = [encode(mine), mine.team, str(mine.until - mine.at), channel]
        for at in range(0, len(wanted), SLICE):
            rows = orjson.dumps([(one.contact_id, one.over) for one in wanted[at : at + SLICE]])
            args: list[str | bytes] = [*said, rows]
            for taken, found in await ask(self._reserve(args=args), self._outage):
                held = None if found is None else decode(found)
                answers.append(Refused(held) if held is not None and not taken else Taken(held))
        return answers

    async def release(self, channel: str, token: str, taken: Sequence[tuple[str, Taken]]) -> None:
        """Give back what `token` has taken, by contact_id; what the team had before is as it was."""
        for at in range(0, len(taken), SLICE):
            rows = [(contact_id, *_put_back(one.before)) for contact_id, one in taken[at : at + SLICE]]
            await ask(self._release(args=[token, channel, orjson.dumps(rows)]), self._outage)


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Reservation).decode


def _put_back(before: Reservation | None) -> tuple[str, str]:
    return ("", "0") if before is None else (encode(before).decode(), str(before.until))
