"""Where letters are sent: a batch of them and the note that they were sent are one Kafka transaction.

There is one transactional id for all desks of a deployment. Opening one fences every other and ends what it left open,
and only then is it read what was sent: so a batch that a killed command left behind is either noted and there, or
neither, and of two operators at the same moment one is told that the other has taken over.
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
from streams.engine.dangling_transactions import Leftovers
from streams.engine.retry import BROKER_TROUBLE
from streams.engine.writer import Output, TransactionWriter
from streams.operations.requeue.letter_reading import requeued_names
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError

Sent = tuple[Letter, RequeueableRecord]

_PATIENCE_S = 30.0
"""For one step; a transaction itself is ended by the broker before."""


class TakenOver(EngineError):
    """Somebody else has begun to send dead letters."""


class NotSent(EngineError):
    """The broker went away; what became of the batch in hand is in the notes."""


def desk_id(app_id: str) -> str:
    """The transactional id of every desk of a deployment."""
    return f"{app_id}-requeue"


class Desk:
    """Sends batches. `partitions`: of each topic that may be written to."""

    def __init__(self, kafka: KafkaClients, app_id: str, partitions: Mapping[str, int]) -> None:
        self._partitions = partitions
        places = [TP(topic, number) for topic, count in partitions.items() for number in range(count)]
        self._leftovers = Leftovers(kafka, desk_id(app_id), [TP(DEAD_LETTERS_REQUEUED, 0), *places])
        self._writer = TransactionWriter(kafka, desk_id(app_id), places)

    async def open(self, consumer: KafkaConsumer) -> set[str]:
        """Fence every other desk; returns the names of the letters that were sent until then."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._leftovers.look()
                await self._writer.start()
                await self._leftovers.end(self._writer)
        except BROKER_TROUBLE as error:
            raise NotSent(f"Kafka: {type(error).__name__}; nothing was sent") from error
        return requeued_names(consumer)

    async def send(self, batch: Sequence[Sent], at_ms: int) -> dict[TP, int]:
        """Send all of the batch or nothing; where each partition that was written to ends then."""
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

    def _outputs(self, sent: Sent, at_ms: int) -> list[Output]:
        letter, cured = sent
        number = letter.origin.partition % self._partitions[cured.topic]
        note = orjson.dumps({"at": render_time(at_ms), "letter": str(letter.place)})
        return [
            Output(cured.topic, number, cured.key, cured.value, cured.headers),
            Output(DEAD_LETTERS_REQUEUED, 0, letter.name.encode(), note),
        ]
