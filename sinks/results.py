"""Results of experiments in Redis, their sink and their reader.

Each experiment has its value, and a line in a hash, so that lists need not scan the keyspace. A record holds all there
is to know of its experiment, so the last one of a partition counts and versions are not needed. A long run is written
in several calls of which only the last moves the position: another owner in between begins at the same position, and
writes the same or later records.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from events.topics import EXPERIMENT_RESULTS
from sinks import redis_scripts
from sinks.base import Position
from sinks.batch import ROW_BYTES, cut_to_size
from sinks.keys import EXPERIMENTS, experiment_key, text
from sinks.lookup import Complete, Incomplete, incomplete
from sinks.redis_call import TIMEOUT_S, Backoff, call_redis
from sinks.redis_position import RedisPositions, position_words
from sinks.redis_scripts import COMPLETE

CALL_BYTES = 1 << 20
"""Most bytes of one call: Redis serves nobody else during it, a few ms."""

_WRITE = (
    redis_scripts.IF_THERE
    + """
for at = 6, #ARGV, 3 do
  if ARGV[at + 1] == '' then
    redis.call('DEL', 'experiment:' .. ARGV[at])
    redis.call('HDEL', 'experiments', ARGV[at])
  else
    redis.call('SET', 'experiment:' .. ARGV[at], ARGV[at + 1])
    redis.call('HSET', 'experiments', ARGV[at], ARGV[at + 2])
  end
end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'topic_id', ARGV[4], 'offset', ARGV[5], 'written_at', string.format('%.0f', now()))
end
return 1
"""
)
"""Writes results and moves the position.

KEYS: position. ARGV: stale_after; expected topic_id and offset ('' for none); new ones ('': not moved); id, value (''
for none) and line of each. Returns 1 when written, 0 when the position is another."""

_CLEAR = """
redis.call('DEL', KEYS[1])
local found = redis.call('HGETALL', 'experiments')
for at = 1, #found, 2 do
  local of = tonumber(string.match(found[at + 1], '^%d+'))
  if not of or of % tonumber(ARGV[2]) == tonumber(ARGV[1]) then
    redis.call('DEL', 'experiment:' .. found[at])
    redis.call('HDEL', 'experiments', found[at])
  end
end
return 1
"""
"""Deletes the results of a partition, also of one that the topic has no more.

KEYS: position. ARGV: partition, number of partitions."""


class ResultChange(Struct, frozen=True, gc=False):
    """One record of `experiment-results`: its JSON and its line for lists, both empty for a deleted result."""

    experiment_id: str
    value: bytes = b""
    line: bytes = b""


class ResultsSink(RedisPositions):
    """The `Sink` of results on one Redis or Valkey server; for the parameters see `RedisPositions`."""

    def __init__(
        self, client: Redis, *, stale_after: float, timeout: float = TIMEOUT_S, backoff: Backoff | None = None
    ) -> None:
        super().__init__(client, EXPERIMENT_RESULTS, stale_after=stale_after, timeout=timeout, backoff=backoff)
        self._write = client.register_script(_WRITE)
        self._clear = client.register_script(_CLEAR)

    async def write(
        self, partition: int, changes: Sequence[ResultChange], before: Position | None, after: Position
    ) -> bool:
        """See Sink. All calls for a long run but the last leave the position where it is."""
        todo = list(cut_to_size(latest_results(changes), CALL_BYTES, _weight_of))
        for number, part in enumerate(todo, start=1):
            left = position_words(after if number == len(todo) else None)
            rows = [each for change in part for each in _row(partition, change)]
            args = [self._stale_after, *position_words(before), *left, *rows]
            if not await self._did(self._write, [self._place(partition)], args):
                return False
        return True

    async def clear(self, partition: int, partitions: int) -> None:
        """See Sink. It is a single call."""
        await self._did(self._clear, [self._place(partition)], [str(partition), str(partitions)])


def latest_results(changes: Iterable[ResultChange]) -> list[ResultChange]:
    """The last record of each experiment."""
    return list({change.experiment_id: change for change in changes}.values())


def _row(partition: int, change: ResultChange) -> tuple[str, bytes, bytes]:
    return change.experiment_id, change.value, b"%d %s" % (partition, change.line)


def _weight_of(change: ResultChange) -> int:
    return ROW_BYTES + len(change.value) + len(change.line)


_READ = (
    COMPLETE
    + """
local why, where = whole({ARGV[2]}, tonumber(ARGV[1]))
local key = ARGV[3]
return {why, where, ARGV[4] == '1' and redis.call('HGETALL', key) or redis.call('GET', key)}
"""
)
"""ARGV: oldest statement of completeness in ms, topic, key, '1' where the key is the hash.

Returns why and where data are missing, or '' and as_of; and the value. No keys are declared: that would need the right
to write them.
"""


@dataclass(frozen=True, slots=True)
class ResultReply:
    """The JSON of one result, None where there is none; and whether Redis is complete."""

    standing: Complete | Incomplete
    value: bytes | None


@dataclass(frozen=True, slots=True)
class ResultListReply:
    """A line of JSON for each experiment, by id in order; and whether Redis is complete."""

    standing: Complete | Incomplete
    lines: Mapping[str, bytes]


class ResultsReader:
    """Reads results, and says whether any may be missing; it is for the caller to answer nevertheless.

    `client` stays the caller's; `oldest_s`: how many seconds ago Redis must have been complete.
    """

    def __init__(self, client: Redis, oldest_s: float) -> None:
        self._oldest = str(round(oldest_s * 1000))
        self._backoff = Backoff()
        self._script = client.register_script(_READ)

    async def one(self, experiment_id: str) -> ResultReply:
        """Read the result of one experiment. Raises SinkUnavailable."""
        standing, found = await self._read(experiment_key(experiment_id), "0")
        return ResultReply(standing, None if found is None else _bytes(found))

    async def all(self) -> ResultListReply:
        """Read the line of every result. Raises SinkUnavailable."""
        standing, found = await self._read(EXPERIMENTS, "1")
        pairs = zip(found[::2], found[1::2], strict=True)
        lines = {text(name): _bytes(line).partition(b" ")[2] for name, line in pairs}
        return ResultListReply(standing, dict(sorted(lines.items())))

    async def _read(self, key: str, all_of_it: str) -> tuple[Complete | Incomplete, Any]:
        args: list[str | bytes] = [self._oldest, EXPERIMENT_RESULTS, key, all_of_it]
        why, where, found = await call_redis(self._script(args=args), self._backoff)
        return incomplete(text(why), text(where)) if why else Complete(int(where)), found


def _bytes(found: bytes | str) -> bytes:
    return found.encode() if isinstance(found, str) else found
