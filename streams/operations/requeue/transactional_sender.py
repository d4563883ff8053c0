"""Sends letters: a batch and the notes that it was sent are one Kafka transaction.

A deployment has one transactional id for this. Opening a sender fences every other one and ends what it left open, and
only then are the notes read: so a batch that a killed command left behind is either noted and sent, or neither, and of
two operators at the same time one is told that the other has taken over.
"""

import asyncio
from collections.abc import Mapping, Sequence

import orjson
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced
from faust.types import TP
from kafka import KafkaConsumer

from events.times import render_time
from events.topics import DEAD_LETTERS_REQUEUED
from streams.domain.dead_letter_repair.letters import Letter
from streams.domain.dead_letter_repair.verdicts import RequeueableRecord
from streams.engine.dangling_transactions import DanglingTransactions
from streams.engine.retry import BROKER_TROUBLE
from streams.engine.writer import Output, TransactionWriter
from streams.operations.requeue.letter_reading import requeued_names
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError

CuredLetter = tuple[Letter, RequeueableRecord]

_PATIENCE_S = 30.0
"""Time limit of one step in seconds; the broker ends a transaction before."""


class TakenOver(EngineError):
    """Another process has begun to requeue dead letters."""


class NotSent(EngineError):
    """The broker went away; the notes say what became of the last batch."""


def transactional_id(app_id: str) -> str:
    """The transactional id of every sender of a deployment."""
    return f"{app_id}-requeue"


class LetterSender:
    """Sends batches. `partitions`: the number of each topic that may be written to."""

    def __init__(self, kafka: KafkaClients, app_id: str, partitions: Mapping[str, int]) -> None:
        self._partitions = partitions
        places = [TP(topic, number) for topic, count in partitions.items() for number in range(count)]
        self._leftovers = DanglingTransactions(kafka, transactional_id(app_id), [TP(DEAD_LETTERS_REQUEUED, 0), *places])
        self._writer = TransactionWriter(kafka, transactional_id(app_id), places)

    async def open(self, consumer: KafkaConsumer) -> set[str]:
        """Fence every other sender; returns the names of the letters that were sent until then."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._leftovers.look()
                await self._writer.start()
                await self._leftovers.end(self._writer)
        except BROKER_TROUBLE as error:
            raise NotSent(f"Kafka: {type(error).__name__}; nothing was sent") from error
        return requeued_names(consumer)

    async def send(self, batch: Sequence[CuredLetter], at_ms: int) -> dict[TP, int]:
        """Send the whole batch or nothing; returns the new end of each partition that was written to."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._writer.write([output for sent in batch for output in self._outputs(sent, at_ms)])
        except (ProducerFenced, InvalidProducerEpoch) as error:
            raise TakenOver(
                "somebody else has begun to requeue dead letters, so this call ends; what it had sent is noted"
            ) from error
        except BROKER_TROUBLE as error:
            raise NotSent(
                f"Kafka: {type(error).__name__}; what was sent is noted: run it again, and it goes on"
            ) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._writer.stop()

    def _outputs(self, sent: CuredLetter, at_ms: int) -> list[Output]:
        letter, cured = sent
        number = letter.origin.partition % self._partitions[cured.topic]
        note = orjson.dumps({"at": render_time(at_ms), "letter": str(letter.place)})
        return [
            Output(cured.topic, number, cured.key, cured.value, cured.headers),
            Output(DEAD_LETTERS_REQUEUED, 0, letter.name.encode(), note),
        ]
