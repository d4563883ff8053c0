"""Writes received requests to Kafka: a request is answered once every replica has all of it, and not before.

Memory is bounded: while Kafka is slow or away, requests beyond the limit are answered "send again", and so is one that
waits too long. Kafka may have all or part of such a request all the same; the next try sends the same interactions.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import count

from events.adapters.feed import AdapterResult, RefusedElement, SkippedElement
from events.dead_letters import Origin, dead_letter_headers
from events.envelope import Interaction, encode_structured
from events.registry import topic_of
from events.topics import DEAD_LETTERS
from streams.engine.retry import BROKER_TROUBLE
from streams.engine.writer import Outbox, Output

STAGE = "gateway"
MOST_PENDING_BYTES = 64 << 20
PATIENCE_S = 10.0
LOOK_S = 3.0
RESULTS_A_TURN = 500
"""Results encoded before other requests have their turn."""


class KafkaUnavailable(Exception):
    """Kafka has not taken a request; the sender must send it again."""


class KafkaDelivery:
    """Writes the records of requests. `pending` is called with the bytes that wait."""

    def __init__(self, outbox: Outbox, partitions: int, pending: Callable[[float], object]) -> None:
        self._outbox = outbox
        self._partitions = partitions
        self._tell = pending
        self._waiting = 0
        self._turn = count()

    async def post(self, outputs: Sequence[Output]) -> None:
        """Write records and return once Kafka has all of them. Raises `KafkaUnavailable`."""
        size = sum(len(output.value or b"") for output in outputs)
        if self._waiting and self._waiting + size > MOST_PENDING_BYTES:
            raise KafkaUnavailable
        self._count(size)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._outbox.write(outputs)
        except BROKER_TROUBLE as error:
            raise KafkaUnavailable from error
        finally:
            self._count(-size)

    async def unready(self) -> str | None:
        """Why no request could be taken now; None: it could. Connects anew where the connection was lost."""
        try:
            async with asyncio.timeout(LOOK_S):
                await self._outbox.write([])
        except BROKER_TROUBLE as error:
            return f"unavailable: Kafka does not answer ({type(error).__name__})"
        return None

    def _count(self, change: int) -> None:
        self._waiting += change
        self._tell(self._waiting)

    async def outputs(self, results: Sequence[AdapterResult], hook: str, at_ms: int) -> list[Output]:
        """The records of a request, all for one partition of each topic so that they travel as one batch."""
        partition = next(self._turn) % self._partitions
        outputs: list[Output] = []
        for place, result in enumerate(results):
            if place % RESULTS_A_TURN == RESULTS_A_TURN - 1:
                await asyncio.sleep(0)
            if not isinstance(result, SkippedElement):
                outputs.append(_output(result, partition, Origin(STAGE, f"hooks/{hook}", 0, place), at_ms))
        return outputs


def _output(result: Interaction | RefusedElement, partition: int, origin: Origin, at_ms: int) -> Output:
    if isinstance(result, RefusedElement):
        headers = dead_letter_headers([], result.refusal, origin, at_ms)
        return Output(DEAD_LETTERS, partition, None, result.element, headers)
    return Output(topic_of(result.type), partition, None, encode_structured(result))
