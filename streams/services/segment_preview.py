"""Asks workers how many people would be in segments that are not defined yet, and puts their answers together.

Each partition is asked by a record of `segment-work` and answers there, step by step; what a partition has not answered
in time is left out, and said to be missing. Whoever stops waiting says so with a null, so that nothing goes on.
"""

import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from msgspec import Struct
from msgspec.structs import asdict, replace

from events.topics import SEGMENT_WORK
from streams.domain.segments.preview_estimates import (
    MemberEstimate,
    PartitionCount,
    ToldEstimate,
    estimate,
    told_estimate,
)
from streams.domain.segments.previews import (
    PreviewProgress,
    PreviewQuestion,
    PreviewRefusal,
    preview_key,
    read_preview,
    write_preview,
)
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import partition_numbers

SAMPLE_S = 10.0
"""Seconds that a sample may take, the first of a large table included."""
EXACT_S = 600.0
_POLL_MS = 50


class SegmentPreview(Struct, frozen=True):
    """What a preview has found. `estimates`: by segment, None where too little was answered to say anything.

    `told`: the same for whoever must not learn of one person, such as readers of the console and callers of the API.
    `people`: all who are shown, estimated from the same contacts; `judged`: contacts that were looked at. `answered`:
    of how many `partitions` this is. `is_exact`: everybody there was judged. `refused`: why one gave no answer.
    """

    estimates: Mapping[str, MemberEstimate | None]
    told: Mapping[str, ToldEstimate | None]
    people: MemberEstimate | None
    judged: int
    answered: int
    partitions: int
    is_exact: bool
    refused: str = ""


def ask_for_preview(settings: Settings, question: PreviewQuestion, patience_s: float | None = None) -> SegmentPreview:
    """Ask all partitions, and wait for `patience_s` at most. Blocks. Raises `MissingTopic`, and Kafka's errors."""
    patience_s = patience_s or (EXACT_S if question.is_exact else SAMPLE_S)
    clients = KafkaClients(settings)
    with closing(clients.tool_consumer()) as consumer, closing(clients.tool_producer()) as producer:
        there = partition_numbers(consumer, SEGMENT_WORK)
        places = [TopicPartition(SEGMENT_WORK, number) for number in there]
        consumer.assign(places)
        for place, end in consumer.end_offsets(places).items():
            consumer.seek(place, end)
        asking = _Asking(replace(question, patience_ms=int(patience_s * 1000)), there, producer)
        try:
            asking.ask(there)
            asking.listen(consumer, time.monotonic() + patience_s)
        finally:
            asking.stop()
    return put_together(question, asking.answers, len(there), next(iter(asking.refused.values()), ""))


def put_together(
    question: PreviewQuestion, answers: Mapping[int, PreviewProgress], partitions: int, refused: str = ""
) -> SegmentPreview:
    """What the answers of partitions say together. Of who was to judge everybody and has not, nothing is used."""
    used = [each for each in answers.values() if each.is_done or (each.judged and not question.is_exact)]
    found = {
        name: [PartitionCount(each.known, each.judged, each.matched[number]) for each in used]
        for number, name in enumerate(question.asked)
    }
    estimates = {name: estimate(counts, partitions) for name, counts in found.items()}
    told = {name: told_estimate(counts, partitions) for name, counts in found.items()}
    people = estimate([PartitionCount(each.known, each.judged, each.people) for each in used], partitions)
    judged = sum(each.judged for each in used)
    is_exact = bool(used) and all(each.judged == each.known for each in used)
    return SegmentPreview(estimates, told, people, judged, len(used), partitions, is_exact, refused)


def preview_json(
    answer: SegmentPreview, estimates: Mapping[str, MemberEstimate | None] | Mapping[str, ToldEstimate | None]
) -> dict[str, Any]:
    """A preview in JSON values: the command gives its `estimates`, the API what is `told` of them."""
    return {
        "segments": [
            {"id": name, **({"count": None, "low": None, "high": None} if each is None else asdict(each))}
            for name, each in estimates.items()
        ],
        "people": None if answer.people is None else answer.people.count,
        "judged": answer.judged,
        "exact": answer.is_exact,
        "partitions": {"answered": answer.answered, "all": answer.partitions},
    }


class _Asking:
    """A question under way. `answers`: the last of each partition; `refused`: why one does not answer."""

    def __init__(self, question: PreviewQuestion, partitions: Iterable[int], producer: KafkaProducer) -> None:
        self._question = write_preview(question)
        self._key = preview_key(secrets.token_hex(8))
        self._producer = producer
        self._waiting = {*partitions}
        self.answers: dict[int, PreviewProgress] = {}
        self.refused: dict[int, str] = {}

    def ask(self, partitions: Iterable[int]) -> None:
        """Send the question to these partitions."""
        self._send(partitions, self._question)

    def listen(self, consumer: KafkaConsumer, until: float) -> None:
        """Take answers until all are there, or that moment of the monotonic clock."""
        while self._waiting and time.monotonic() < until:
            for records in consumer.poll(timeout_ms=_POLL_MS).values():
                for record in records:
                    if record.key == self._key:
                        self._take(record.partition, record.value)

    def stop(self) -> None:
        """Tell those that have not answered that nobody waits any more."""
        self._send(self._waiting, None)

    def _take(self, partition: int, value: bytes | None) -> None:
        if partition not in self._waiting:
            return
        said = None if value is None else read_preview(value)
        if isinstance(said, PreviewProgress):
            self.answers[partition] = said
            if said.is_done:
                self._waiting.discard(partition)
        elif isinstance(said, PreviewRefusal):
            self.refused[partition] = said.why
            self._waiting.discard(partition)
        elif said is None:  # another worker has the partition now
            self.answers.pop(partition, None)
            self.ask([partition])

    def _send(self, partitions: Iterable[int], value: bytes | None) -> None:
        sent = [self._producer.send(SEGMENT_WORK, value, self._key, partition=number) for number in sorted(partitions)]
        for future in sent:
            future.get()
