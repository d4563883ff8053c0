"""Has a Redis client put a deployment's prefix before every key, and take it off the keys in answers.

Everything inside a process has keys without the prefix. A command of which it is not known where its keys are is
refused, so that nothing is written beside the prefix.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.typing import EncodableT

Client = TypeVar("Client", Redis, SyncRedis)

WITHOUT_KEYS = frozenset({"INFO", "PING", "SCRIPT LOAD", "TIME"})
OF_ONE_KEY = frozenset(
    {
        *("EXPIRE", "GET", "HDEL", "HEXISTS", "HGET", "HGETALL", "HINCRBY", "HLEN", "HMGET", "HSCAN", "HSET", "INCRBY"),
        *("PTTL", "SCARD", "SET", "SMEMBERS", "SSCAN", "TTL", "TYPE", "ZCARD", "ZRANGE", "ZSCORE"),
    }
)
OF_KEYS = frozenset({"DEL", "EXISTS", "MGET", "UNLINK"})
SCRIPTS = frozenset({"EVAL", "EVALSHA"})
SCAN = "SCAN"
_MATCH = b"MATCH"

_HEAD = """local KEYS, redis = (function(prefix, given, server)
  local keys, several = {}, {DEL = true, MGET = true, UNLINK = true}
  for at, key in ipairs(given) do keys[at] = string.sub(key, #prefix + 1) end
  local function call(name, key, ...)
    if not key then return server.call(name) end
    if not several[name] then return server.call(name, prefix .. key, ...) end
    local all = {key, ...}
    for at, each in ipairs(all) do all[at] = prefix .. each end
    return server.call(name, unpack(all))
  end
  return keys, {call = call}
end)('%s', KEYS, redis)
"""
"""Before a script: its keys are without the prefix in `KEYS` and in `redis.call`. Of `redis` it has nothing else."""


class UnknownCommand(NotImplementedError):
    """A command of which it is not known where its keys are."""


def prefix_redis(client: Client, prefix: str) -> Client:
    """The client, which from now on works with keys behind this prefix, and whatever uses it."""
    _prefix_commands(client, prefix)
    register, pipeline = client.register_script, client.pipeline
    found_keys: Callable[..., Any] = client.response_callbacks[SCAN]

    def prefixed_pipeline(*args: Any, **options: Any) -> Any:
        return _prefix_commands(pipeline(*args, **options), prefix)

    def scanned(answer: Any, **options: Any) -> Any:
        cursor, keys = found_keys(answer, **options)
        return cursor, [key[len(prefix) :] for key in keys]

    own: Any = client
    own.register_script = lambda script: register(script_behind(prefix, script))
    own.pipeline = prefixed_pipeline
    own.set_response_callback(SCAN, scanned)
    return client


def _prefix_commands(client: Any, prefix: str) -> Any:
    client.execute_command = partial(_execute, client.execute_command, prefix)
    return client


def _execute(execute: Callable[..., Any], prefix: str, *words: EncodableT, **options: Any) -> Any:
    options.pop("keys", None)  # for a cache of answers, which no client here has
    return execute(*words_behind(prefix, words), **options)


def script_behind(prefix: str, script: str) -> str:
    """A script that works with keys behind the prefix."""
    return _HEAD % prefix + script


def words_behind(prefix: str, words: tuple[EncodableT, ...]) -> tuple[EncodableT, ...]:
    """A command's words with the prefix before its keys. Raises `UnknownCommand`."""
    name, *rest = words
    if name in WITHOUT_KEYS:
        return words
    if name in OF_ONE_KEY:
        return name, _key(prefix, rest[0]), *rest[1:]
    if name in OF_KEYS:
        return name, *(_key(prefix, key) for key in rest)
    if name in SCRIPTS:
        script, count, *after = rest
        text = script_behind(prefix, str(script)) if name == "EVAL" else script
        first = int(str(count))
        return name, text, count, *(_key(prefix, key) for key in after[:first]), *after[first:]
    if name == SCAN and rest[1:2] == [_MATCH]:
        return name, *rest[:2], _key(prefix, rest[2]), *rest[3:]
    raise UnknownCommand(f"where the command {name!s} of Redis has its keys is not known, and there is a prefix")


def _key(prefix: str, key: EncodableT) -> EncodableT:
    return prefix.encode() + key if isinstance(key, bytes) else f"{prefix}{key}"
