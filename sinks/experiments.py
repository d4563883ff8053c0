"""Reading what the results' sink wrote: one experiment, or a line of each, and whether anything is missing of it.

What is there is given in any case: it says itself of when it is. Whether a reader who must not miss one may be answered
is for the caller to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from events.topics import EXPERIMENT_RESULTS
from sinks.backoff import Outage
from sinks.keys import EXPERIMENTS, experiment_key, text
from sinks.lookup import Incomplete, Whole, incomplete
from sinks.redis_call import ask
from sinks.redis_scripts import COMPLETE

_READ = (
    COMPLETE
    + """
local why, where = whole({ARGV[2]}, tonumber(ARGV[1]))
local key = ARGV[3]
return {why, where, ARGV[4] == '1' and redis.call('HGETALL', key) or redis.call('GET', key)}
"""
)
"""ARGV: oldest standing in ms, topic, key, '1' where that is the hash.

Returns why and where something is missing, or '' and as_of, and what is there. No keys are declared: that asks for the
right to write them.
"""


@dataclass(frozen=True, slots=True)
class ResultSeen:
    """The JSON of one result; None: there is none."""

    standing: Whole | Incomplete
    value: bytes | None


@dataclass(frozen=True, slots=True)
class ResultsSeen:
    """By experiment, in the order of their ids, a line of it as JSON."""

    standing: Whole | Incomplete
    lines: Mapping[str, bytes]


class Results:
    """Reads results. `client` stays the caller's; `oldest_s` is how many seconds ago all must have been whole."""

    def __init__(self, client: Redis, oldest_s: float) -> None:
        self._oldest = str(round(oldest_s * 1000))
        self._outage = Outage()
        self._script = client.register_script(_READ)

    async def one(self, experiment_id: str) -> ResultSeen:
        """The result of an experiment. Raises SinkUnavailable."""
        standing, found = await self._read(experiment_key(experiment_id), "0")
        return ResultSeen(standing, None if found is None else _bytes(found))

    async def all(self) -> ResultsSeen:
        """A line of every result. Raises SinkUnavailable."""
        standing, found = await self._read(EXPERIMENTS, "1")
        pairs = zip(found[::2], found[1::2], strict=True)
        lines = {text(name): _bytes(line).partition(b" ")[2] for name, line in pairs}
        return ResultsSeen(standing, dict(sorted(lines.items())))

    async def _read(self, key: str, all_of_it: str) -> tuple[Whole | Incomplete, Any]:
        args: list[str | bytes] = [self._oldest, EXPERIMENT_RESULTS, key, all_of_it]
        why, where, found = await ask(self._script(args=args), self._outage)
        return incomplete(text(why), text(where)) if why else Whole(int(where)), found


def _bytes(found: bytes | str) -> bytes:
    return found.encode() if isinstance(found, str) else found
