"""A former owner's transaction that the broker calls complete without having marked its records.

Kafka's coordinator takes a partition without a leader for one that was deleted, and leaves its marker out (as of 4.3: a
single broker that stops in good order does that in its last moments). Nobody sees such records, and whatever the same
producer ends next ends them too: a new owner, who did not see them either, would fold again and make both visible.
"""

import asyncio
import logging
from collections.abc import Sequence

from faust.types import TP

from streams.clients import KafkaClients
from streams.engine.changelog import PartitionReader
from streams.engine.writer import TransactionWriter

logger = logging.getLogger(__name__)

_COMMITTED, _ABORTED = "CompleteCommit", "CompleteAbort"


class Leftovers:
    """What is left open in the partitions that the owners of a transactional id write to.

    Nobody else writes to `own` in transactions, so what is open there is theirs; `shared` are those of which nobody can
    tell. `look` before the fence, when the coordinator still knows how the last transaction ended; `end` after it, when
    it has ended all that it knew to be open.
    """

    def __init__(
        self, kafka: KafkaClients, transactional_id: str, own: Sequence[TP], shared: Sequence[TP] = ()
    ) -> None:
        self._kafka = kafka
        self._transactional_id = transactional_id
        self._own = own
        self._shared = shared
        self._was_committed = False

    async def look(self) -> None:
        """Find out how the last transaction ended, if anything is open; remembered until `end` has succeeded."""
        if await self._are_there():
            state = await asyncio.to_thread(self._kafka.transaction_state, self._transactional_id)
            if state in (_COMMITTED, _ABORTED):
                self._was_committed = state == _COMMITTED

    async def end(self, writer: TransactionWriter) -> None:
        """End what is still open as the coordinator said that it had ended, or abort it."""
        if await self._are_there():
            done = "committed" if self._was_committed else "aborted"
            logger.warning("%s: a transaction without an end was found and is %s", self._transactional_id, done)
            await writer.end_what_is_open([*self._own, *self._shared], commit=self._was_committed)
        self._was_committed = False

    async def _are_there(self) -> bool:
        async with PartitionReader(self._kafka, "read_uncommitted") as sees_all, PartitionReader(self._kafka) as reader:
            ends = await sees_all.ends_of(self._own)  # asked for first: the other one may only come after it
            seen = await reader.ends_of(self._own)
        return any(seen[tp] < end for tp, end in ends.items())
