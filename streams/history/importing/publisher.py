"""Pieces to Kafka: interactions to the topic of their type, what is refused to the dead letters, in order.

What is behind an acknowledgement is done; the rest of a file is sent again by the next run, and the fold drops what
comes twice, since an act's id is the same in every run.
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
from streams.history.importing.file_parts import AsItIs, Piece

STAGE = "import"
PIECES_AT_ONCE = 2_000
_LETTER_BYTES = 8 << 20
"""Of what is refused, at most, goes into its letter: the largest that Kafka is asked to take, with its headers."""
PATIENCE_S = 60.0


@dataclass(slots=True)
class Counts:
    """What became of everything: interactions by type, refusals by reason, what was left out by why."""

    interactions: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, result: AdapterResult | AsItIs) -> None:
        """Count one result."""
        if isinstance(result, RefusedElement):
            self.refused[result.refusal.reason.value] += 1
        elif isinstance(result, SkippedElement):
            self.left_out[result.why] += 1
        else:
            self.interactions[result.type] += 1


@dataclass(frozen=True, slots=True)
class Way:
    """How pieces go. `require` raises unless a topic is there. `at_ms`: when letters are said refused, and by `stage`.

    `at_once`: pieces between two acknowledgements.
    """

    producer: KafkaProducer
    require: Callable[[str], None]
    at_ms: int
    stage: str = STAGE
    at_once: int = PIECES_AT_ONCE


class Sending:
    """The pieces of one file."""

    def __init__(self, way: Way, file_name: str) -> None:
        self._way = way
        self._file_name = file_name
        self._used: set[str] = set()

    def send(self, pieces: Iterable[Piece], acknowledged: Callable[[Piece], None]) -> None:
        """Send all; `acknowledged` is told the last piece of each batch once every replica has all of the batch.

        Raises `KafkaError` when Kafka does not take it within a minute.
        """
        waiting = iter(pieces)
        while batch := list(islice(waiting, self._way.at_once)):
            futures = [self._send(result, piece) for piece in batch for result in piece.results]
            self._way.producer.flush(PATIENCE_S)
            for future in futures:
                if future is not None:
                    future.get(PATIENCE_S)
            acknowledged(batch[-1])

    def _send(self, result: AdapterResult | AsItIs, piece: Piece) -> Any:
        send = self._way.producer.send
        if isinstance(result, SkippedElement):
            return None
        if isinstance(result, AsItIs):
            return send(self._to(result.topic), key=result.key, value=result.value)
        if isinstance(result, RefusedElement):
            origin = Origin(self._way.stage, self._file_name, 0, piece.line)
            headers = dead_letter_headers([], result.refusal, origin, self._way.at_ms)
            return send(self._to(DEAD_LETTERS), value=result.element[:_LETTER_BYTES], headers=headers)
        return send(self._to(topic_of(result.type)), value=encode_structured(result))

    def _to(self, topic: str) -> str:
        """Of other topics whoever imports need not know anything."""
        if topic not in self._used:
            self._way.require(topic)
            self._used.add(topic)
        return topic
