"""Workers of the version before, which write with a transactional id for each partition and give no offsets.

Their group does not refuse them anything, so a new owner fences them as they fenced each other.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from faust.types import TP

from streams.engine.dangling_transactions import DanglingTransactions
from streams.engine.retry import retried
from streams.engine.writer import TransactionWriter
from streams.platform.clients import KafkaClients

_AT_ONCE = 4
FENCED_MS = 500
"""Time limit of transactions of an id that is fenced for good: no worker may have less than a second."""


class OlderOwners:
    """Fences whoever owned partitions of a table in the version before, where a coordinator still knows of them.

    Each of their ids once, unless a worker of that version has started with it since: to fence renews what the
    coordinator keeps, so that it would never forget an id that is fenced with each take-over. It forgets seven days
    after the last fence; until then a take-over costs two questions.
    """

    def __init__(
        self, kafka: KafkaClients, prefix: str, written: Mapping[int, Sequence[TP]], shared: Sequence[TP]
    ) -> None:
        self._kafka = kafka
        self._prefix = prefix
        self._written = written
        self._shared = shared
        self._leftovers: dict[int, DanglingTransactions] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def fence(self, numbers: Iterable[int]) -> None:
        """Have nothing accepted any more that they send, and what they left open ended. Raises a Kafka error."""
        of = {self._prefix + str(number): number for number in numbers}
        known = of.keys() & await asyncio.to_thread(self._kafka.transactional_ids)
        if not known:
            return
        limits = await asyncio.to_thread(self._kafka.transaction_timeouts_of, known)
        async with asyncio.TaskGroup() as group:
            for name, limit_ms in limits.items():
                if limit_ms != FENCED_MS:
                    group.create_task(retried(partial(self._fence, of[name]), f"{name}: fencing an older owner"))

    async def _fence(self, number: int) -> None:
        name = self._prefix + str(number)
        async with self._turns:
            written = [*self._written[number], *self._shared]
            leftovers = self._leftovers.setdefault(number, DanglingTransactions(self._kafka, name, written))
            await leftovers.look()
            writer = TransactionWriter(self._kafka, name)
            try:
                await writer.start()
                await leftovers.end(writer)
            finally:
                await writer.stop()
            await self._leave_fenced(name)
            del self._leftovers[number]

    async def _leave_fenced(self, name: str) -> None:
        """Last of all, so that whoever dies before has the next owner begin again."""
        producer = self._kafka.transactional_producer(name, FENCED_MS)
        try:
            await producer.start()
        finally:
            await producer.stop()
