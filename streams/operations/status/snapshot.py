"""Observes a deployment once: Redis, Kafka and this machine. Neither Kafka nor Redis being away hides the other."""

from contextlib import closing
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from events.topics import SINKS_ON_REDIS, TopicSpec, read_by
from sinks.keys import position_key
from streams.domain.messages import CodedMessage, message
from streams.domain.pressure import FileMistakes, read_policy
from streams.operations.status.kafka_side import observe_kafka
from streams.operations.status.observations import Observations, RedisObservation, SinkPosition
from streams.platform.clients import tool_redis
from streams.platform.settings import Settings
from streams.platform.tried_address import redis_tried
from streams.worker.measuring.redis_and_disk import disk_used, memory_used


def observe_redis(client: Redis, partitions: int) -> RedisObservation | CodedMessage:
    """Observe Redis and the sinks' positions, or say that it is away."""
    try:
        seconds, micros = client.time()
        now = seconds * 1000 + micros // 1000
        info: Any = client.info("memory")
        held = [_held(client, sink, topic, partitions, now) for sink in SINKS_ON_REDIS for topic in read_by(sink)]
        return RedisObservation(memory_used(info), held)
    except RedisError as error:
        return message("status.redis_away", error=type(error).__name__)


def _held(client: Redis, sink: str, topic: TopicSpec, partitions: int, now: int) -> SinkPosition:
    numbers = range(topic.partitions or partitions)
    with client.pipeline(transaction=True) as calls:
        for number in numbers:
            calls.hmget(position_key(number, topic.name), ["offset", "whole_at"])
        found: list[Any] = calls.execute()
    offsets = {number: int(offset) for number, (offset, _) in zip(numbers, found, strict=True) if offset is not None}
    whole = [int(whole_at) for _, whole_at in found if whole_at is not None]
    age_s = max(0, now - min(whole)) / 1000 if whole else None
    return SinkPosition(sink, topic.name, age_s, len(numbers) - len(whole), offsets)


def observe(settings: Settings, now: int) -> Observations:
    """Observe everything. `now`: ms since 1970. Takes some seconds where something waits or is away."""
    with closing(tool_redis(settings)) as client:
        redis = observe_redis(client, settings.partitions)
    if isinstance(redis, CodedMessage):
        redis = message("status.redis_away_tried", **redis.fields, tried=redis_tried(settings))
    state = settings.state_dir
    return Observations(
        at=now,
        kafka=observe_kafka(settings, now),
        redis=redis,
        disk_used=disk_used(state) if state.is_dir() else None,
        policy_mistake=_mistake(settings.policy),
    )


def _mistake(policy: Path | None) -> CodedMessage | None:
    if policy is None:
        return None
    try:
        found = read_policy(policy.read_text(encoding="utf-8"))
    except OSError as error:
        return message("status.policy_unreadable", error=error.strerror or type(error).__name__)
    except UnicodeDecodeError:
        return message("status.policy_not_text")
    return message("status.policy_broken") if isinstance(found, FileMistakes) else None
