"""What Redis shows of itself and of the sinks."""

from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from events.topics import SINKS, TopicSpec, read_by
from sinks.keys import position_key
from streams.operations.status.observations import Held, Store
from streams.worker.measuring.redis_and_disk import memory_used


def look_at_redis(client: Redis, partitions: int) -> Store | str:
    """A look, or what is to be said of a Redis that is away."""
    try:
        seconds, micros = client.time()
        now = seconds * 1000 + micros // 1000
        info: Any = client.info("memory")
        held = [_held(client, sink, topic, partitions, now) for sink in SINKS for topic in read_by(sink)]
        return Store(memory_used(info), held)
    except RedisError as error:
        return f"Redis: {type(error).__name__}; is REDIS_URL right and the server up?"


def _held(client: Redis, sink: str, topic: TopicSpec, partitions: int, now: int) -> Held:
    numbers = range(topic.partitions or partitions)
    with client.pipeline(transaction=True) as calls:
        for number in numbers:
            calls.hmget(position_key(number, topic.name), ["offset", "whole_at"])
        found: list[Any] = calls.execute()
    offsets = {number: int(offset) for number, (offset, _) in zip(numbers, found, strict=True) if offset is not None}
    whole = [int(whole_at) for _, whole_at in found if whole_at is not None]
    age_s = max(0, now - min(whole)) / 1000 if whole else None
    return Held(sink, topic.name, age_s, len(numbers) - len(whole), offsets)
