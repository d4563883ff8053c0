"""Results of experiments in Redis: of each its value, and a line for lists, so that no list reads the keyspace.

A record holds all that is to be known of its experiment, so the later one of a partition counts and versions are not
needed. A long run is written in several calls of which only the last moves the position: whoever comes in between
begins at the same place, and says the same or what is later.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from redis.asyncio import Redis

from events.topics import EXPERIMENT_RESULTS
from sinks import redis_scripts
from sinks.backoff import Outage
from sinks.base import Position
from sinks.batch import ROW_BYTES, parts
from sinks.redis_call import TIMEOUT_S
from sinks.redis_position import Standing, words

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
"""KEYS: position. ARGV: stale_after; topic_id and offset to be found ('' for none), and to leave ('' as they are); id,
value ('' for none) and line of each. Returns 1 when written, 0 when the position is another."""

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
"""KEYS: position. ARGV: partition, of how many. What was kept of one that is not there any more goes along."""


class ResultChange(Struct, frozen=True, gc=False):
    """One record of `experiment-results`: its JSON and its line for lists. Empty: it was forgotten."""

    experiment_id: str
    value: bytes = b""
    line: bytes = b""


class ResultsSink(Standing):
    """A `Sink` of results on one Redis or Valkey server; see `Standing`."""

    def __init__(
        self, client: Redis, *, stale_after: float, timeout: float = TIMEOUT_S, outage: Outage | None = None
    ) -> None:
        super().__init__(client, EXPERIMENT_RESULTS, stale_after=stale_after, timeout=timeout, outage=outage)
        self._write = client.register_script(_WRITE)
        self._clear = client.register_script(_CLEAR)

    async def write(
        self, partition: int, changes: Sequence[ResultChange], before: Position | None, after: Position
    ) -> bool:
        """See Sink. All parts of a long run but the last leave the position where it is."""
        todo = list(parts(latest(changes), CALL_BYTES, _weight_of))
        for number, part in enumerate(todo, start=1):
            left = words(after if number == len(todo) else None)
            rows = [each for change in part for each in _row(partition, change)]
            args = [self._stale_after, *words(before), *left, *rows]
            if not await self._did(self._write, [self._place(partition)], args):
                return False
        return True

    async def clear(self, partition: int, partitions: int) -> None:
        """See Sink. One call."""
        await self._did(self._clear, [self._place(partition)], [str(partition), str(partitions)])


def latest(changes: Iterable[ResultChange]) -> list[ResultChange]:
    """The last one of each experiment."""
    return list({change.experiment_id: change for change in changes}.values())


def _row(partition: int, change: ResultChange) -> tuple[str, bytes, bytes]:
    return change.experiment_id, change.value, b"%d %s" % (partition, change.line)


def _weight_of(change: ResultChange) -> int:
    return ROW_BYTES + len(change.value) + len(change.line)
