"""Group commit: what all partitions of a table have folded goes out in one transaction of the worker (KIP-447).

A transaction for each partition costs a broker several times what its records cost. Here lanes hand in what their
chunks did, and at each tick all of it is one transaction. Whoever may write is decided by the group: the offsets in the
transaction are given as a member of a generation, and the group's coordinator refuses those of a stale one. That aborts
nothing by itself; the fence is the order in which things are done: see `TransactionWriter.write_as_member` and
`GroupCommitter.open`.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from aiokafka.errors import KafkaConnectionError, ProducerFenced
from faust.types import TP

from streams.engine.aiokafka_patches.offsets_of_members import StaleMemberError
from streams.engine.dangling_transactions import DanglingTransactions
from streams.engine.group_membership import Membership
from streams.engine.hanging_transactions import HangingTransactions, transactional_id
from streams.engine.lifecycle_listener import NULL_LISTENER, LifecycleListener
from streams.engine.retry import BROKER_TROUBLE, retried
from streams.engine.writer import Changes, Output, RecordRefused, TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced

logger = logging.getLogger(__name__)

TICK_S = 0.02
"""Between the beginnings of two transactions, at least; after a pause one begins at once."""
MOST_RECORDS = 50_000
MOST_BYTES = 32 << 20
"""Of one transaction, unless a single chunk has more: so that it ends within its time."""
TOGETHER = 3
"""Attempts at the same chunks that may end in trouble with the broker before each of them is written alone."""
LOOK_FOR_HANGING_S = 0.5
"""So long a transaction may be open in a partition that is taken over before anybody asks whose it is."""


@dataclass(frozen=True, slots=True)
class GroupedPartitions:
    """The partitions of a table that commits as a group.

    `prefix`: with which the transactional ids of its workers begin. `written`: by number, its changelog partition
    first, then those of other topics to which only its owner writes. `shared`: those to which every owner writes.
    """

    name: str
    prefix: str
    written: Mapping[int, Sequence[TP]]
    shared: Sequence[TP] = ()


@dataclass(slots=True, eq=False)
class Part:
    """The share of one chunk in a transaction: records, and how far its source is done with them.

    `changes`: of the changelog partition; none where the chunk held nothing new. `generation`: of the group, in which
    the chunk was fetched. `done`: the offset after the last record in the changelog, 0 without changes; or why not.
    """

    changelog: TP
    changes: Changes
    outputs: Sequence[Output]
    source: TP
    next_offset: int
    generation: int
    done: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def records(self) -> int:
        """Records that it adds."""
        return len(self.outputs) + len(self.changes)

    @property
    def size(self) -> int:
        """Bytes of their values."""
        return sum([len(one.value or b"") for one in self.outputs]) + sum(map(len, filter(None, self.changes.values())))

    def fail(self, error: BaseException) -> None:
        """Tell whoever waits, if anybody still does."""
        if not self.done.done():
            self.done.set_exception(error)


class GroupCommitter:
    """Commits the chunks of a table's partitions, all that are ready in one transaction, one after the other.

    `committed`: told of each offset that a transaction has committed. After trouble with the broker the outcome of a
    transaction is unknown: its lanes are told, and open their partitions anew, which waits until it is decided.
    """

    def __init__(
        self,
        kafka: KafkaClients,
        partitions: GroupedPartitions,
        committed: Callable[[TP, int], None],
        onlooker: LifecycleListener = NULL_LISTENER,
    ) -> None:
        self._kafka = kafka
        self._partitions = partitions
        self._committed = committed
        self._onlooker = onlooker
        self._hanging = HangingTransactions(kafka, partitions.prefix, partitions.written, partitions.shared)
        self._membership: Membership | None = None
        self._mine: frozenset[int] = frozenset()
        self._writer: TransactionWriter | None = None
        self._writes_as = ""
        self._leftovers: dict[str, DanglingTransactions] = {}
        self._is_unresolved = False
        self._making = asyncio.Lock()
        self._waiting: deque[Part] = deque()
        self._alone: set[TP] = set()
        self._troubles: Counter[TP] = Counter()
        self._in_flight: dict[TP, asyncio.Event] = {}
        self._working: asyncio.Task[None] | None = None
        self._began = -TICK_S

    async def join(self, membership: Membership, mine: Iterable[int]) -> None:
        """Write as this member from now on, for the partitions of these numbers.

        Ends what this worker itself has left open, before it waits for anybody else's. Raises `ValueError` for a
        membership of no generation, `Fenced`, or a Kafka error after several attempts.
        """
        await self.settle()
        if not membership.is_valid:
            raise ValueError(f"{membership} is not a member of a generation")
        self._membership, self._mine = membership, frozenset(mine)
        if self._mine or self._is_unresolved:
            await retried(lambda: self._ready(membership), f"{self._partitions.name}: beginning to write")
        if self._mine:
            await retried(self._end_what_others_left, f"{self._partitions.name}: looking for transactions left open")

    async def open(self, number: int) -> int:
        """Return once all is decided that anybody may have written to this partition's changelog before: its end.

        Whoever owned it had its records acknowledged before its offsets were taken, in a generation that is over: all
        that can still be committed is below the end as it is now. What this worker itself has in flight there is waited
        for first. Raises a Kafka error or `Fenced`.
        """
        self._onlooker.waits_for_transaction()
        changelog, *_ = written = self._partitions.written[number]
        async with asyncio.timeout(self._patience_s):
            if landed := self._in_flight.get(changelog):
                await landed.wait()
            writer = await self._ready(self._membership)
            closed = asyncio.ensure_future(writer.until_closed(written))
            try:
                while not (await asyncio.wait({closed}, timeout=LOOK_FOR_HANGING_S))[0]:
                    if self._writer is not writer:
                        raise KafkaConnectionError("the producer was replaced meanwhile")
                    await self._end_what_hangs(written)
                ends = await closed
            finally:
                closed.cancel()
        self._onlooker.waits_no_more()
        return ends[changelog]

    async def commit(self, part: Part) -> int:
        """Commit a chunk with others; the offset after its last record in the changelog, 0 without changes.

        To be cancelled at any time: a transaction that has begun goes on. Raises a Kafka error after which the
        partition is to be opened anew, or `Fenced`.
        """
        self._waiting.append(part)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await part.done

    async def settle(self) -> None:
        """Begin no more; return once the transaction in flight is answered and its markers are seen.

        One whose outcome stays unknown is ended by `join`.
        """
        self._membership = None
        self._onlooker.waits_no_more()
        self._give_up_waiting()
        if self._working is not None:
            await asyncio.wait({self._working})
        writer = self._writer
        if writer is not None:
            try:
                async with asyncio.timeout(self._kafka.transaction_timeout_s):
                    await writer.until_marked()
            except BROKER_TROUBLE:
                await self._drop(writer)

    async def stop(self) -> None:
        """Settle, and close the connections."""
        await self.settle()
        await self._drop(self._writer)

    @property
    def _patience_s(self) -> float:
        """Seconds until a transaction of somebody else has been ended by any broker: some look every ten."""
        return self._kafka.transaction_timeout_s + 15.0

    async def _ready(self, membership: Membership | None) -> TransactionWriter:
        """The writer of this membership: a new one, behind all that its id has left open, if there is none."""
        if membership is None:
            raise Fenced(f"{self._partitions.name}: this worker is no member of its group now")
        async with self._making:
            name = transactional_id(self._partitions.prefix, membership)
            if self._writer is not None and self._writes_as != name:
                await self._drop(self._writer)
            if self._writer is None:
                self._writer = await self._new_writer(name)
                self._writes_as, self._is_unresolved = name, False
            return self._writer

    async def _new_writer(self, name: str) -> TransactionWriter:
        everywhere = [*(tp for tps in self._partitions.written.values() for tp in tps), *self._partitions.shared]
        leftovers = self._leftovers.setdefault(name, DanglingTransactions(self._kafka, name, everywhere))
        await leftovers.look()
        writer = TransactionWriter(self._kafka, name, self._partitions.shared)
        try:
            await writer.start()
            await leftovers.end(writer)
        except BaseException:
            await writer.stop()
            raise
        self._leftovers = {}
        return writer

    async def _drop(self, writer: TransactionWriter | None) -> None:
        """Use this writer no more, if there is one and no other has taken its place.

        What it left open is ended by the next one of its id, or the broker's time limit.
        """
        if writer is not None and writer is self._writer:
            self._writer, self._is_unresolved = None, True
            await writer.stop()

    async def _end_what_others_left(self) -> None:
        writer = await self._ready(self._membership)
        if open_ := await writer.open_among(self._partitions.shared):
            if await asyncio.to_thread(self._kafka.open_in, open_, writer.producer_id):
                await self._drop(writer)  # the next one of this id ends what is its own
                await self._ready(self._membership)
            await self._end_what_hangs(open_)

    async def _end_what_hangs(self, partitions: Sequence[TP]) -> None:
        membership = self._membership
        if membership is not None:
            await self._hanging.end(partitions, membership, self._mine)

    async def _work(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(max(0.0, self._began + TICK_S - time.monotonic()))
                if parts := self._take():
                    self._began = time.monotonic()
                    await self._commit_and_tell(parts)
                    await self._see_markers()
        finally:
            self._give_up_waiting()  # nobody, unless this was cancelled

    async def _commit_and_tell(self, parts: list[Part]) -> None:
        """Commit them; whatever happens to the committer itself, whoever waits hears of it."""
        landed = asyncio.Event()
        self._in_flight = dict.fromkeys([part.changelog for part in parts], landed)
        try:
            await self._commit_all(parts)
        except Exception as error:  # noqa: BLE001 - or their lanes would stand still in silence
            self._fail(parts, error, "trouble")
        except asyncio.CancelledError:
            await self._drop(self._writer)
            self._fail(parts, KafkaConnectionError("cut off"), "trouble")
            raise
        finally:
            self._in_flight = {}
            landed.set()

    def _give_up_waiting(self) -> None:
        while self._waiting:
            self._waiting.popleft().fail(KafkaConnectionError("the partitions are given up"))

    async def _see_markers(self) -> None:
        """Wait for them while lanes fold on. If none come, the next transaction is told so."""
        if self._writer is not None:
            with suppress(Exception):
                async with asyncio.timeout(self._kafka.transaction_timeout_s):
                    await self._writer.until_marked()

    def _take(self) -> list[Part]:
        """Take the parts of the next transaction; a chunk that did not get through with others goes alone."""
        parts: dict[TP, Part] = {}
        left: deque[Part] = deque()
        records = size = 0
        while self._waiting:
            part = self._waiting.popleft()
            if part.done.done():
                continue  # whoever waited was cancelled, and it was never begun
            records, size = records + part.records, size + part.size
            is_too_much = records > MOST_RECORDS or size > MOST_BYTES
            if part.changelog in parts or (parts and (is_too_much or part.changelog in self._alone)):
                left.append(part)
                continue
            parts[part.changelog] = part
            if part.changelog in self._alone:
                break
        left.extend(self._waiting)
        self._waiting = left
        return list(parts.values())

    async def _commit_all(self, parts: list[Part]) -> None:
        try:
            await self._commit_together(parts)
        except RecordRefused as refusal:
            if len(parts) == 1:
                self._fail(parts, refusal.__cause__ or refusal, "refused")
                return
            self._onlooker.transaction_ended("refused", 0.0, 0)
            self._alone.update(part.changelog for part in parts)
            for part in parts:  # nothing of them has been committed: what was folded still holds
                if self._membership is None:
                    part.fail(KafkaConnectionError("the partitions are given up"))
                elif not part.done.done():
                    await self._commit_all([part])

    async def _commit_together(self, parts: list[Part]) -> None:
        membership, began = self._membership, time.monotonic()
        writer: TransactionWriter | None = None
        self._onlooker.waits_for_transaction()
        try:
            if membership is None or any(part.generation != membership.generation for part in parts):
                raise StaleMemberError("of another generation")
            async with asyncio.timeout(self._kafka.transaction_timeout_s):
                writer = await self._ready(membership)
                ends = await self._write(writer, parts, membership)
        except StaleMemberError as error:
            self._refused(parts, f"the group has refused its offsets ({error})")
        except ProducerFenced as error:
            await self._drop(writer)
            await self._fenced(parts, membership, error)
        except RecordRefused:
            await self._drop(writer)  # a batch that was refused leaves a hole in the producer's sequence
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits must hear of it
            await self._drop(writer)
            self._in_trouble(parts, error, "trouble")
        else:
            self._succeeded(parts, ends, time.monotonic() - began)

    async def _write(self, writer: TransactionWriter, parts: Sequence[Part], membership: Membership) -> dict[TP, int]:
        return await writer.write_as_member(
            [output for part in parts for output in part.outputs],
            {part.changelog: part.changes for part in parts if part.changes},
            {part.source: part.next_offset for part in parts},
            membership,
        )

    def _succeeded(self, parts: Sequence[Part], ends: Mapping[TP, int], seconds: float) -> None:
        self._onlooker.waits_no_more()
        self._onlooker.transaction_ended("committed", seconds, sum(part.records for part in parts))
        for part in parts:
            self._alone.discard(part.changelog)
            self._troubles.pop(part.changelog, None)
            self._committed(part.source, part.next_offset)
            if not part.done.done():
                part.done.set_result(ends.get(part.changelog, 0))

    def _in_trouble(self, parts: Sequence[Part], error: BaseException, reason: str) -> None:
        """Have each of them written alone once that has happened to it `TOGETHER` times, one after the other.

        One that cannot be written, or is too much, holds up no others then. A broker that is away is nobody's fault: it
        is back, or another one has its place, before that, and written alone the chunks would wait for each other.
        """
        for part in parts:
            self._troubles[part.changelog] += 1
            if self._troubles[part.changelog] >= TOGETHER:
                self._alone.add(part.changelog)
        self._fail(parts, error, reason)

    async def _fenced(self, parts: Sequence[Part], membership: Membership | None, error: ProducerFenced) -> None:
        """The broker has ended the transaction, since it took too long; or somebody else has, who owns this place."""
        try:
            members = await asyncio.to_thread(self._kafka.member_ids_of, membership.group) if membership else set()
        except Exception:  # noqa: BLE001 - whatever the question has met, its parts are written anew
            self._fail(parts, error, "fenced")
            return
        if membership is not None and membership.member in members:
            ended = TimeoutError("the broker has ended a transaction of this worker")
            self._in_trouble(parts, ended, "fenced")
        else:
            self._refused(parts, "it is not a member any more")

    def _refused(self, parts: Sequence[Part], why: str) -> None:
        self._membership = None
        error = Fenced(f"{self._partitions.name}: this worker must not write any more: {why}")
        self._fail(parts, error, "stale")

    def _fail(self, parts: Iterable[Part], error: BaseException, reason: str) -> None:
        self._onlooker.transaction_ended(reason, 0.0, 0)
        for part in parts:
            part.fail(error)
