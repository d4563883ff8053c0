"""Reads topics up to where they end now, for commands that look once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from streams.platform.errors import MissingTopic

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition


def partition_numbers(consumer: KafkaConsumer, topic: str) -> list[int]:
    """The numbers of a topic's partitions, sorted. Raises `MissingTopic`, and Kafka's errors.

    One of those is `TopicAuthorizationFailedError`, where the topic is hidden from this user.
    """
    if there := consumer.partitions_for_topic(topic):
        return sorted(there)
    # The library has asked for all topics, and an answer to that leaves out what is hidden. Ask for this one.
    from kafka import KafkaAdminClient
    from kafka.errors import UnknownTopicOrPartitionError, for_code

    shared = consumer.config.keys() & KafkaAdminClient.DEFAULT_CONFIG.keys()
    with closing(KafkaAdminClient(**{name: consumer.config[name] for name in shared})) as admin:
        [described] = admin.describe_topics([topic])
    if (code := described["error_code"]) == UnknownTopicOrPartitionError.errno:
        raise MissingTopic(f"there is no topic {topic}: run `harmonia topics create`")
    if code:
        raise for_code(code)(topic)
    return list(range(len(described["partitions"])))


def records_of(consumer: KafkaConsumer, topic: str, partitions: Iterable[int] | None = None) -> Iterator[Any]:
    """Every committed record of a topic, or of these partitions of it. Raises `MissingTopic`, and Kafka's errors."""
    from kafka import TopicPartition

    there, wished = partition_numbers(consumer, topic), None if partitions is None else {*partitions}
    wanted = [TopicPartition(topic, number) for number in there if wished is None or number in wished]
    ends = consumer.end_offsets(wanted)
    consumer.assign(wanted)
    consumer.seek_to_beginning(*wanted)
    while any(consumer.position(partition) < ends[partition] for partition in wanted):
        for records in consumer.poll(timeout_ms=500).values():
            yield from records


def records_between(
    consumer: KafkaConsumer, topic: str, since: int, until: int | None = None, most: int | None = None
) -> Iterator[Any]:
    """Committed records that were appended from `since` up to `until`, ms; None: all that are there now.

    Of more than `most` the latest of each partition. Nothing where there is no such topic. Raises Kafka's errors.
    """
    from kafka import TopicPartition

    with suppress(MissingTopic):
        places = [TopicPartition(topic, number) for number in partition_numbers(consumer, topic)]
        yield from records_in(consumer, ranges_between(consumer, places, since, until, most))


def ranges_between(
    consumer: KafkaConsumer, places: Sequence[TopicPartition], since: int, until: int | None, most: int | None
) -> dict[TopicPartition, range]:
    """The offsets of the records that `records_between` yields, by partition."""
    if not places:
        return {}
    begins = _offsets_at(consumer, places, since)
    ends = consumer.end_offsets(places) if until is None else _offsets_at(consumer, places, until)
    return latest_of(begins, ends, most)


def latest_of(
    begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], most: int | None
) -> dict[TopicPartition, range]:
    """The offsets from `begins` to `ends`; of more than `most` the latest, the same share of each partition."""
    counts = {place: max(0, end - begins[place]) for place, end in ends.items()}
    total = sum(counts.values())
    if most is not None and total > most:
        counts = {place: count * most // total for place, count in counts.items()}
    return {place: range(ends[place] - count, ends[place]) for place, count in counts.items()}


def records_in(consumer: KafkaConsumer, ranges: Mapping[TopicPartition, range]) -> Iterator[Any]:
    """Committed records at these offsets. Raises Kafka's errors."""
    wanted = [place for place, offsets in ranges.items() if offsets]
    consumer.assign(wanted)
    for place in wanted:
        consumer.resume(place)
        consumer.seek(place, ranges[place].start)
    while any(consumer.position(place) < ranges[place].stop for place in wanted):
        for place, records in consumer.poll(timeout_ms=500).items():
            yield from (record for record in records if record.offset < ranges[place].stop)


def _offsets_at(consumer: KafkaConsumer, places: Sequence[TopicPartition], at: int) -> dict[TopicPartition, int]:
    """The offset of the first record that was appended at a time or later, or of the next to come, by partition."""
    found: dict[TopicPartition, Any] = consumer.offsets_for_times(dict.fromkeys(places, max(0, at)))
    ends: dict[TopicPartition, int] = consumer.end_offsets(places)
    return {place: ends[place] if found.get(place) is None else found[place].offset for place in places}
