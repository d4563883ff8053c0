"""Counts requeued letters that are refused again: a cure that does not help is not tried on ten thousand more."""

import time
from collections.abc import Mapping

from faust.types import TP
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from events.requeued import history_of
from events.topics import DEAD_LETTERS

_LOOK_AGAIN_S = 0.05


class ReturnedLetters:
    """Counts the letters of one `run` that are refused again after this object was made.

    `group`: the workers' consumer group, whose commits say what they have handled.
    """

    def __init__(self, consumer: KafkaConsumer, admin: KafkaAdminClient, group: str, run: str) -> None:
        self._consumer = consumer
        self._admin = admin
        self._group = group
        self._run = run
        numbers = consumer.partitions_for_topic(DEAD_LETTERS) or ()
        self._read = dict(consumer.end_offsets([TopicPartition(DEAD_LETTERS, number) for number in numbers]))
        self._seen: set[bytes] = set()

    def until_handled(self, ends: Mapping[TP, int], patience_s: float) -> bool:
        """Wait until the workers have done everything before `ends`; returns whether they had within `patience_s`.

        Kafka notifies nobody of commits, so it is asked repeatedly.
        """
        given_up = time.monotonic() + patience_s
        while True:
            found = self._admin.list_group_offsets(self._group)[self._group]
            done = {TP(tp.topic, tp.partition): entry.offset for tp, entry in found.items()}
            if all(done.get(tp, -1) >= end for tp, end in ends.items()):
                return True
            if time.monotonic() >= given_up:
                return False
            time.sleep(_LOOK_AGAIN_S)

    def count(self) -> int:
        """How many different records have come back until now."""
        ends = self._consumer.end_offsets(list(self._read))
        news = [partition for partition, end in ends.items() if self._read[partition] < end]
        self._consumer.assign(news)
        for partition in news:
            self._consumer.seek(partition, self._read[partition])
        while any(self._consumer.position(partition) < ends[partition] for partition in news):
            for records in self._consumer.poll(timeout_ms=500).values():
                self._seen |= {name for record in records if (name := self._mine(record.headers)) is not None}
        for partition in news:
            self._read[partition] = self._consumer.position(partition)
        return len(self._seen)

    def _mine(self, headers: list[tuple[str, bytes | None]]) -> bytes | None:
        history = history_of(headers)
        if not history or history[-1].run != self._run:
            return None
        return history[-1].origin.encode()
