"""A consumer for commands, which waits until every partition that it is asked about has a leader."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import LeaderNotAvailableError

_PAUSE_S = 0.05


class ToolConsumer(KafkaConsumer):  # type: ignore[misc]
    """A consumer that asks again about partitions whose leader is not known yet.

    So it is for a moment once a topic was made, or a leader died. kafka-python waits by itself where it knows the
    leader of none of them; where it knows some, it leaves the others out: a KeyError, or told as "no such offset".
    """

    def beginning_offsets(
        self, partitions: Collection[TopicPartition], timeout_ms: int | None = None
    ) -> dict[TopicPartition, int]:
        """The first offset of each partition. Raises Kafka's errors."""
        return self._of_all(super().beginning_offsets, partitions, timeout_ms)

    def end_offsets(
        self, partitions: Collection[TopicPartition], timeout_ms: int | None = None
    ) -> dict[TopicPartition, int]:
        """The offset after the last record of each partition. Raises Kafka's errors."""
        return self._of_all(super().end_offsets, partitions, timeout_ms)

    def offsets_for_times(
        self, timestamps: Mapping[TopicPartition, int], timeout_ms: int | None = None
    ) -> dict[TopicPartition, Any]:
        """The first record at a time or later, by partition; None: there is none. Raises Kafka's errors."""
        self.end_offsets([*timestamps], timeout_ms)  # so that None is never said of a partition without a leader
        found: dict[TopicPartition, Any] = super().offsets_for_times(timestamps, timeout_ms)
        return found

    def _of_all(
        self,
        ask: Callable[[Collection[TopicPartition], int], dict[TopicPartition, int]],
        partitions: Collection[TopicPartition],
        timeout_ms: int | None,
    ) -> dict[TopicPartition, int]:
        limit_ms = self.config["request_timeout_ms"] if timeout_ms is None else timeout_ms
        given_up = time.monotonic() + limit_ms / 1000
        while True:
            try:
                return ask(partitions, max(1, int((given_up - time.monotonic()) * 1000)))
            except KeyError as error:
                [without] = error.args
                if without not in partitions:
                    raise
                if time.monotonic() >= given_up:
                    raise LeaderNotAvailableError(f"{without.topic} {without.partition}") from None
            time.sleep(_PAUSE_S)  # the library does not tell once it knows the leader
