"""Transactions of former workers that nobody will ever end: their coordinator calls them complete.

Kafka may leave markers out (`dangling_transactions`). What a worker of the group left so is ended by becoming its
transactional id, once it is a member no longer; a living one ends its own. A transaction that its coordinator knows to
be under way needs nobody: the broker ends it when its time is up.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field

from faust.types import TP

from streams.engine.dangling_transactions import DanglingTransactions
from streams.engine.group_membership import Membership
from streams.engine.writer import TransactionWriter
from streams.platform.clients import KafkaClients, OpenTransaction

logger = logging.getLogger(__name__)

_UNDER_WAY = frozenset({"Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence"})
"""States of a coordinator's transaction that it will end by itself."""


def transactional_id(prefix: str, membership: Membership) -> str:
    """With which a member writes: its name's where it has one, which it bears again after a restart."""
    return prefix + (membership.instance or membership.member)


@dataclass(frozen=True, slots=True)
class HangingTransactions:
    """Finds and ends hanging transactions in the partitions of a table.

    `prefix`: with which the transactional ids of its workers begin. `written`: by number of the table's partition
    those of all topics that only its owner writes to; `shared`: those to which every owner writes.
    """

    kafka: KafkaClients
    prefix: str
    written: Mapping[int, Sequence[TP]]
    shared: Sequence[TP]
    _begun: dict[str, tuple[Set[OpenTransaction], DanglingTransactions]] = field(default_factory=dict)
    """How those ended that are being ended: the coordinator forgets it with the fence, and another try must not."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def end(self, looked_at: Collection[TP], membership: Membership, mine: Set[int]) -> None:
        """End what hangs in the partitions `looked_at`, if it is for this worker to do. Raises a Kafka error.

        All that one transaction left open is ended at once, by the owner of the first partition that it is in: of two
        who did so the second would abort what the first one is about to commit. Partitions that are opened at the same
        time look one after the other for the same reason.
        """
        async with self._turn:
            await self._end(looked_at, membership, mine)

    async def _end(self, looked_at: Collection[TP], membership: Membership, mine: Set[int]) -> None:
        open_ = await asyncio.to_thread(self.kafka.open_transactions, looked_at)
        if not open_:
            return
        known = await asyncio.to_thread(self.kafka.transactions_of, {producer for _, producer, _ in open_})
        still = open_ & await asyncio.to_thread(self.kafka.open_transactions, looked_at)
        hanging = {producer for _, producer, _ in still if known.get(producer, ("", ""))[1] not in _UNDER_WAY}
        if not hanging:
            return
        members = await asyncio.to_thread(self.kafka.member_ids_of, membership.group)
        if membership.member not in members:
            return  # who is out of the group cannot tell who is in it
        living = {self.prefix + said for said in members}
        for producer in hanging:
            name = known.get(producer, ("", ""))[0]
            if not name.startswith(self.prefix):
                logger.error("a transaction of producer %d (%s) hangs: nobody of this group can end it", producer, name)
            elif name not in living:
                await self._end_of(name, producer, mine)

    async def _end_of(self, name: str, producer: int, mine: Set[int]) -> None:
        everywhere = [*(tp for tps in self.written.values() for tp in tps), *self.shared]
        open_ = await asyncio.to_thread(self.kafka.open_transactions, everywhere)
        left = {one for one in open_ if one[1] == producer}
        if left and min(self._numbers_of([TP(*tp) for tp, *_ in left])) in mine:
            leftovers = self._leftovers(name, left)
            await leftovers.look()
            writer = TransactionWriter(self.kafka, name)
            try:
                await writer.start()
                await leftovers.end(writer)
                self._begun.pop(name, None)
            finally:
                await writer.stop()

    def _leftovers(self, name: str, left: Set[OpenTransaction]) -> DanglingTransactions:
        """What is remembered of another try; nothing if that was for an earlier transaction of the same id."""
        of, leftovers = self._begun.get(name, (frozenset(), None))
        if leftovers is None or not of & left:
            leftovers = DanglingTransactions(self.kafka, name, [TP(*tp) for tp, *_ in left])
            self._begun[name] = left, leftovers
        return leftovers

    def _numbers_of(self, partitions: Collection[TP]) -> set[int]:
        """Of the table's partitions, those whose owners are concerned.

        Every owner waits for its own topics, so one of these is sure to look; for shared ones only who joins looks.
        """
        owner: dict[TP, int] = {tp: number for number, tps in self.written.items() for tp in tps}
        return {owner[tp] for tp in partitions if tp in owner} or {
            tp.partition % len(self.written) for tp in partitions
        }
