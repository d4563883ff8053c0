"""What is left of a person in Redis and in the topics, as keyed hashes or as words that only they have."""

from collections.abc import Collection
from typing import Any

from streams.demo.read_back import records_of
from streams.platform.topics import wanted_topics
from tests.integration.system import System


def found_in_redis(system: System, words: Collection[str]) -> list[str]:
    """Keys that have one of the words in them or in what they hold."""
    redis: Any = system.deployment.redis
    held = {key: key + b" " + _held(redis, key) for key in redis.scan_iter(match="*", count=1000)}
    return [key.decode() for key, text in held.items() if any(word.encode() in text for word in words)]


def _held(redis: Any, key: bytes) -> bytes:
    match redis.type(key):
        case b"hash":
            return b" ".join(part for pair in redis.hgetall(key).items() for part in pair)
        case b"zset":
            return b" ".join(redis.zrange(key, 0, -1))
        case b"set":
            return b" ".join(redis.smembers(key))
        case b"list":
            return b" ".join(redis.lrange(key, 0, -1))
        case b"stream":
            return repr(redis.xrange(key)).encode()
        case _:
            return redis.get(key) or b""


def found_in_topics(system: System, words: Collection[str]) -> list[str]:
    """Where the latest value of a compacted topic has one of the words, but for a key that is just that word."""
    found = []
    for topic in wanted_topics(system.settings):
        if topic.cleanup != "compact":
            continue
        latest = {record.key: record.value for record in records_of(system.deployment.consumer, topic.name)}
        for key, value in latest.items():
            sought = [word.encode() for word in words]
            if value is not None and any(word in value or (word in key and word != key) for word in sought):
                found.append(f"{topic.name}: {key.decode(errors='replace')}")
    return found
