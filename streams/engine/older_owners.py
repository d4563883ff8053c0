"""Workers of the version before, which write with a transactional id for each partition and give no offsets.

Their group does not refuse them anything, so a new owner fences them as they fenced each other.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from faust.types import TP

from streams.engine.dangling_transactions import DanglingTransactions
from streams.engine.writer import TransactionWriter
from streams.platform.clients import KafkaClients

_AT_ONCE = 4


class OlderOwners:
    """Fences whoever owned partitions of a table in the version before, where a coordinator still knows of them.

    Seven days after the last of them has written nobody does, and this costs one question for each take-over.
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
        known = await asyncio.to_thread(self._kafka.transactional_ids)
        async with asyncio.TaskGroup() as group:
            for number in numbers:
                if self._prefix + str(number) in known:
                    group.create_task(self._fence(number))

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
            del self._leftovers[number]
