"""Publishes items in order: interactions to the topic of their type, refused ones to the dead letters.

What is before an acknowledgement is done; the rest of a file is sent again by the next run, and the fold drops copies,
since an event's id is the same in every run.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from kafka import KafkaProducer

from events.adapters.feed import AdapterResult, RefusedElement, SkippedElement
from events.dead_letters import Origin, dead_letter_headers
from events.envelope import encode_structured
from events.registry import topic_of
from events.topics import DEAD_LETTERS
from streams.history.importing.file_items import FileItem, UnchangedEvent

STAGE = "import"
ITEMS_AT_ONCE = 2_000
_LETTER_BYTES = 8 << 20
"""Most bytes of a refused item that go into its dead letter: the largest record Kafka takes, less its headers."""
PATIENCE_S = 60.0


@dataclass(slots=True)
class ResultCounts:
    """Interactions by type, refusals by reason, and what was left out by its reason."""

    interactions: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, result: AdapterResult | UnchangedEvent) -> None:
        """Count one result."""
        if isinstance(result, RefusedElement):
            self.refused[result.refusal.reason.value] += 1
        elif isinstance(result, SkippedElement):
            self.left_out[result.why] += 1
        else:
            self.interactions[result.type] += 1


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """How items are sent. `require` raises unless a topic exists.

    `at_ms`, `stage`: time and stage that dead letters name. `at_once`: items between two acknowledgements.
    """

    producer: KafkaProducer
    require: Callable[[str], None]
    at_ms: int
    stage: str = STAGE
    at_once: int = ITEMS_AT_ONCE


class FilePublisher:
    """Publishes the items of one file."""

    def __init__(self, options: PublishOptions, file_name: str) -> None:
        self._options = options
        self._file_name = file_name
        self._used: set[str] = set()

    def send(self, items: Iterable[FileItem], acknowledged: Callable[[FileItem], None]) -> None:
        """Send all items; `acknowledged` is given the last item of each batch once every replica has the batch.

        Raises `KafkaError` when Kafka does not take it within a minute.
        """
        waiting = iter(items)
        while batch := list(islice(waiting, self._options.at_once)):
            futures = [self._send(result, item) for item in batch for result in item.results]
            self._options.producer.flush(PATIENCE_S)
            for future in futures:
                if future is not None:
                    future.get(PATIENCE_S)
            acknowledged(batch[-1])

    def _send(self, result: AdapterResult | UnchangedEvent, item: FileItem) -> Any:
        send = self._options.producer.send
        if isinstance(result, SkippedElement):
            return None
        if isinstance(result, UnchangedEvent):
            return send(self._to(result.topic), key=result.key, value=result.value)
        if isinstance(result, RefusedElement):
            origin = Origin(self._options.stage, self._file_name, 0, item.line)
            headers = dead_letter_headers([], result.refusal, origin, self._options.at_ms)
            return send(self._to(DEAD_LETTERS), value=result.element[:_LETTER_BYTES], headers=headers)
        return send(self._to(topic_of(result.type)), value=encode_structured(result))

    def _to(self, topic: str) -> str:
        """The topic, whose existence is required before it is first used."""
        if topic not in self._used:
            self._options.require(topic)
            self._used.add(topic)
        return topic
