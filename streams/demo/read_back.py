"""Reads the results of a run: profiles from `contact-state` and Redis, closed channels, and dead letters."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition
from redis import Redis

from events.dead_letters import DeadLetter
from events.topics import CONTACT_STATE, CONTACT_SUPPRESSIONS, DEAD_LETTERS
from sinks.keys import contact_key
from streams.demo.check import Letter
from streams.demo.recount import Profile

_AT_ONCE = 1000


def records_of(consumer: KafkaConsumer, topic: str) -> Iterator[Any]:
    """Every committed record that a topic holds now, by partition and offset."""
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    ends = consumer.end_offsets(partitions)
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=500, max_records=5000).values():
            yield from records


def profiles_in_topic(consumer: KafkaConsumer) -> dict[str, Profile]:
    """The profile with the highest version of each contact in `contact-state`."""
    latest = _latest(consumer)
    return {key.decode(): orjson.loads(value) for key, (_, value) in latest.items() if value is not None}


def versions_in_topic(consumer: KafkaConsumer) -> dict[bytes, int]:
    """The highest version of each contact in `contact-state`."""
    return {key: version for key, (version, _) in _latest(consumer).items()}


def closed_channels_in_topic(consumer: KafkaConsumer) -> dict[str, Profile]:
    """The last value of each contact in `contact-suppressions` that is not null."""
    latest = {record.key: record.value for record in records_of(consumer, CONTACT_SUPPRESSIONS)}
    return {key.decode(): orjson.loads(value) for key, value in latest.items() if value is not None}


def profiles_in_redis(redis: Redis) -> dict[str, Profile]:
    """The profile of every contact in Redis."""
    prefix = contact_key("").encode()
    keys = [key.removeprefix(prefix) for key in redis.scan_iter(match=contact_key("*"), count=_AT_ONCE)]
    states = zip(keys, _field(redis, keys, "state"), strict=True)
    return {key.decode(): orjson.loads(state) for key, state in states if state is not None}


def versions_in_redis(redis: Redis, contact_ids: Iterable[bytes]) -> dict[bytes, int]:
    """The version of each of these contacts that Redis holds."""
    keys = list(contact_ids)
    found = zip(keys, _field(redis, keys, "version"), strict=True)
    return {key: int(version) for key, version in found if version is not None}


def letters_in_topic(consumer: KafkaConsumer) -> list[Letter]:
    """Every dead letter, repeats included."""
    found = []
    for record in records_of(consumer, DEAD_LETTERS):
        if letter := DeadLetter.of(record.headers):
            at = letter.origin
            found.append(Letter(letter.refusal.reason.value, at.topic, at.partition, at.offset, record.value))
    return found


def _latest(consumer: KafkaConsumer) -> dict[bytes, tuple[int, bytes | None]]:
    latest: dict[bytes, tuple[int, bytes | None]] = {}
    for record in records_of(consumer, CONTACT_STATE):
        version = int(dict(record.headers)["version"])
        if version > latest.get(record.key, (-1, None))[0]:
            latest[record.key] = (version, record.value)
    return latest


def _field(redis: Redis, contact_ids: Sequence[bytes], field: str) -> Iterator[bytes | None]:
    for start in range(0, len(contact_ids), _AT_ONCE):
        pipeline = redis.pipeline(transaction=False)
        for contact_id in contact_ids[start : start + _AT_ONCE]:
            pipeline.hget(contact_key(contact_id.decode()), field)
        yield from pipeline.execute()
