"""Reads dead letters and the notes of requeued ones from Kafka, one at a time, so that a flood needs no memory."""

from collections.abc import Iterable, Iterator

import orjson
from kafka import KafkaConsumer, TopicPartition

from events.times import parse_time, render_time
from events.topics import DEAD_LETTERS, DEAD_LETTERS_REQUEUED
from streams.domain.dead_letter_repair.letters import Letter, RecordPosition, read_letter
from streams.engine.runs import KafkaRecord
from streams.platform.topic_reading import partition_numbers, records_of


def letters_in(consumer: KafkaConsumer, topic: str = DEAD_LETTERS) -> Iterator[Letter]:
    """Every letter that is in the topic now. Raises `MissingTopic`, and Kafka's errors."""
    for record in records_of(consumer, topic):
        if letter := _letter(record):
            yield letter


def letters_at(consumer: KafkaConsumer, place: RecordPosition, topic: str = DEAD_LETTERS) -> list[Letter]:
    """The letter at a position of `topic`, or the letters of a record at a position of another one.

    Raises as `letters_in`.
    """
    if place.topic != topic:
        return [letter for letter in letters_in(consumer, topic) if letter.origin_place == place]
    partition = TopicPartition(topic, place.partition)
    if place.partition not in (consumer.partitions_for_topic(topic) or ()):
        return []
    start, end = consumer.beginning_offsets([partition])[partition], consumer.end_offsets([partition])[partition]
    if not start <= place.offset < end:
        return []
    consumer.assign([partition])
    consumer.seek(partition, place.offset)
    while consumer.position(partition) <= place.offset:
        for records in consumer.poll(timeout_ms=500, max_records=1).values():
            found = [_letter(record) for record in records if record.offset == place.offset]
            return [letter for letter in found if letter is not None]
    return []


def partitions_of(consumer: KafkaConsumer, topics: Iterable[str]) -> dict[str, int]:
    """The number of partitions of each topic. Raises `MissingTopic`, and Kafka's errors."""
    return {topic: len(partition_numbers(consumer, topic)) for topic in topics}


def requeued_names(consumer: KafkaConsumer) -> set[str]:
    """The names of all letters that were requeued."""
    return {record.key.decode() for record in records_of(consumer, DEAD_LETTERS_REQUEUED) if record.value is not None}


def requeued_at(consumer: KafkaConsumer) -> dict[str, str]:
    """The names of all letters that were requeued, and when, RFC 3339; empty where a note does not say it."""
    found = {}
    for record in records_of(consumer, DEAD_LETTERS_REQUEUED):
        if record.value is not None:
            found[record.key.decode()] = _time_in(record.value)
    return found


def _time_in(note: bytes) -> str:
    try:
        at = parse_time(orjson.loads(note)["at"])
    except (ValueError, KeyError, TypeError):
        return ""
    return "" if at is None else render_time(at)


def _letter(record: KafkaRecord) -> Letter | None:
    place = RecordPosition(record.topic, record.partition, record.offset)
    return read_letter(place, record.key, record.value, record.headers)
