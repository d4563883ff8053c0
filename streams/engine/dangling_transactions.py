"""A former owner's transaction that the broker calls complete without having marked its records.

Kafka's coordinator takes a partition without a leader for one that was deleted, and leaves its marker out (as of 4.3: a
single broker that stops in good order does that in its last moments). Nobody sees such records, and whatever the same
producer ends next ends them too: a new owner, who did not see them either, would fold again and make both visible.
"""

import asyncio
import logging
from collections.abc import Sequence

from faust.types import TP

from streams.engine.changelog import PartitionReader
from streams.engine.writer import TransactionWriter
from streams.platform.clients import KafkaClients

logger = logging.getLogger(__name__)

_COMMITTED = frozenset({"PrepareCommit", "CompleteCommit"})
"""States of a coordinator's transaction that has been, or will certainly be, committed."""

_ABORTED = frozenset({"Ongoing", "PrepareAbort", "PrepareEpochFence", "CompleteAbort"})
"""Those of one that has been aborted, or will be by the next fence. Any other state says nothing."""


class DanglingTransactions:
    """Finds and ends transactions left open in the partitions that the owners of a transactional id write to.

    `look` before the fence, when the coordinator still knows how the last transaction ended; `end` after it, when it
    has ended all that it knew to be open. What is open then of this id's producer is left of that transaction, also in
    partitions to which others write: it must end as that one did before anything else is written, since the next
    transaction may end otherwise.
    """

    def __init__(self, kafka: KafkaClients, transactional_id: str, partitions: Sequence[TP]) -> None:
        self._kafka = kafka
        self._transactional_id = transactional_id
        self._partitions = partitions
        self._was_committed = False

    async def look(self) -> None:
        """Find out how the last transaction ended, if anything is open; remembered until `end` has succeeded."""
        if await self._where_something_is_open():
            found = await asyncio.to_thread(self._kafka.transaction_of, self._transactional_id)
            state = None if found is None else found.state.value
            if state in _COMMITTED or state in _ABORTED:
                self._was_committed = state in _COMMITTED

    async def end(self, writer: TransactionWriter) -> None:
        """End what this id's producer still has open as the coordinator said that it had ended, or abort it."""
        open_ = await self._where_something_is_open()
        mine = await asyncio.to_thread(self._kafka.open_in, open_, writer.producer_id) if open_ else ()
        if mine:
            done = "committed" if self._was_committed else "aborted"
            logger.warning("%s: a transaction without an end was found and is %s", self._transactional_id, done)
            await writer.end_what_is_open([TP(*place) for place in mine], commit=self._was_committed)
        self._was_committed = False

    async def _where_something_is_open(self) -> list[TP]:
        """This id's or somebody else's."""
        async with PartitionReader(self._kafka, "read_uncommitted") as sees_all, PartitionReader(self._kafka) as reader:
            ends = await sees_all.ends_of(self._partitions)  # asked for first: the other may only come after it
            seen = await reader.ends_of(self._partitions)
        return [tp for tp, end in ends.items() if seen[tp] < end]
