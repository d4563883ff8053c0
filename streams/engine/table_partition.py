"""One partition of a table: its state, its position in the input and its outputs never disagree.

All three are written in one Kafka transaction: the changelog records of the touched keys, a watermark record for the
source partition (the last offset folded in), and the outputs. The store follows after the commit and may lag behind
the changelog.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Generic

from aiokafka.errors import ProducerFenced
from faust.types import TP

from streams.engine.dangling_transactions import DanglingTransactions
from streams.engine.decoded_states import BESIDE, State, States
from streams.engine.erasure_compaction import ErasureCompaction
from streams.engine.gap_replay import InputGap
from streams.engine.group_membership import NO_MEMBER, Membership, is_still_member
from streams.engine.lifecycle_listener import NULL_LISTENER, LifecycleListener
from streams.engine.retry import ATTEMPTS, BROKER_TROUBLE, retried
from streams.engine.runs import Records, Run
from streams.engine.source_end import end_of_lacking
from streams.engine.store import Store
from streams.engine.store_restore import position_now, restore
from streams.engine.writer import Changes, Output, TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, Fenced, StateLost

ENGINES_OWN = b"\x00"
"""No key of a table starts with it, nor with `BESIDE`."""

_WATERMARK = ENGINES_OWN + b"watermark\x00"


@dataclass(slots=True)
class Effects(Generic[State]):
    """What folding a chunk does: new states by key (None deletes), and records for other topics.

    `encoded`: those of the states that the fold has encoded for an output anyway; it need not have any. `forgets`: what
    is replaced is to be gone from the disk as well, as what is deleted is in any case. `beside`: what is kept beside
    the states, as bytes (None deletes); its keys are its own.
    """

    changes: dict[bytes, State | None] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    encoded: dict[bytes, bytes] = field(default_factory=dict)
    forgets: bool = False
    beside: dict[bytes, bytes | None] = field(default_factory=dict)


#: Folds records onto the states there are. Called again after a failure: no effects but those returned.
Fold = Callable[[States[State], Records], Effects[State]]

#: The offset that the consumer group has committed for a source partition; None before its first commit.
Committed = Callable[[TP], int | None]


def no_source_id(_: str) -> str | None:
    """For sources that nobody makes anew."""
    return None


@dataclass(frozen=True, slots=True)
class Changelog:
    """A changelog partition, its topic's id, and the transactional id with which every owner of it writes.

    `source_id` gives the id of a source topic: one that was made anew begins at offset 0 again, so a watermark counts
    only for the topic that it was written for. None: not known, so not compared. `outputs` are the partitions of other
    topics to which its owners write and nobody else does in transactions; to those in `shared` others do.
    """

    tp: TP
    topic_id: str
    transactional_id: str
    source_id: Callable[[str], str | None] = no_source_id
    outputs: tuple[TP, ...] = ()
    shared: tuple[TP, ...] = ()


class TablePartition(Generic[State]):
    """The state of one partition, and the only way to change it.

    `membership`: of its worker in the group, as it was when partitions were handed out last.
    """

    def __init__(  # noqa: PLR0913 (what each of them is made of)
        self,
        kafka: KafkaClients,
        states: States[State],
        changelog: Changelog,
        committed: Committed,
        onlooker: LifecycleListener = NULL_LISTENER,
        *,
        membership: Callable[[], Membership] = lambda: NO_MEMBER,
    ) -> None:
        self._kafka = kafka
        self._states = states
        self._store = states.store
        self._changelog = changelog.tp
        self._topic_id = changelog.topic_id
        self._transactional_id = changelog.transactional_id
        self._source_id = changelog.source_id
        self._committed = committed
        self._onlooker = onlooker
        self._shared = changelog.shared
        self._membership = membership
        written = [changelog.tp, *changelog.outputs, *changelog.shared]
        self._leftovers = DanglingTransactions(kafka, changelog.transactional_id, written)
        self._forgetting = ErasureCompaction(self._store)
        self._writer: TransactionWriter | None = None

    async def open(self) -> int:
        """Fence the former owner, then read the changelog to its end. Returns the number of records read.

        Raises a Kafka error when the broker is away; may be cancelled and called again at any point.
        """
        await self.release()
        await self._forgetting.pause()
        seen = await self._begin_writing()
        restored = await restore(
            self._kafka, self._states, self._changelog, self._topic_id, self._onlooker, at_least=seen
        )
        self._forgetting.go_on()
        return restored

    async def apply(self, chunk: Run, fold: Fold[State]) -> None:
        """Fold the chunk's records that are not yet in the state, and write all effects as one transaction.

        A failed transaction may have been committed all the same, so nothing is guessed: the partition is opened anew
        and the watermark says what happened. Raises `Fenced`, `StateLost`, or `EngineError` for what Kafka has not
        taken after several attempts.
        """
        began = time.monotonic()
        try:
            await retried(lambda: self._attempt(chunk, fold, began), f"{self._changelog}: writing")
        except BROKER_TROUBLE as error:
            why = f"{type(error).__name__} {error}".strip()
            raise EngineError(
                f"{self._changelog}: Kafka has not taken a chunk in {ATTEMPTS} attempts: {why}"
            ) from error

    def watermark(self, source: TP) -> int | None:
        """The last offset of the source partition that the state holds; None before the first."""
        return read_watermark(self._store.get(watermark_key(source)))

    async def lacks(self, source: TP) -> int:
        """Where the source ends, if the state lacks any of it; else 0: see `end_of_lacking`. Raises a Kafka error."""
        return await end_of_lacking(self._kafka, source, self.watermark(source))

    @property
    def memory(self) -> Mapping[str, Any]:
        """What folds have at hand of what is kept beside the states; nothing before the first."""
        return self._states.memory

    def keeps(self, prefix: bytes) -> bool:
        """Whether anything beside the states has a key that begins so."""
        return bool(self._states.beside_following(prefix, b"", 1))

    async def release(self) -> None:
        """Give up the right to write; the store stays, so that opening again reads only what is new."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.stop()

    async def close(self) -> None:
        """Release, and close the store, also when the release is cut short."""
        try:
            try:
                await self.release()
            finally:
                await self._forgetting.finish()
        finally:
            self._store.close()

    @property
    def _is_writing(self) -> bool:
        return self._writer is not None

    async def _begin_writing(self) -> int:
        """Fence whoever may write; up to where the changelog is known to go."""
        await self._leftovers.look()
        writer = TransactionWriter(self._kafka, self._transactional_id, self._shared)
        try:
            await writer.start()
            await self._leftovers.end(writer)
        except BaseException:
            await writer.stop()
            raise
        self._writer = writer
        return 0

    async def _attempt(self, chunk: Run, fold: Fold[State], began: float) -> None:
        if self._writer is None and not await self._is_still_owned(chunk.generation, began):
            # Opening again would fence whoever owns the partition by now, as after a freeze.
            raise Fenced(f"{self._changelog}: no write for most of a session, so others may own this partition")
        started = time.monotonic()
        try:
            await self._apply_once(chunk, fold)
        except ProducerFenced as error:
            await self.release()
            late = time.monotonic() - started >= self._kafka.transaction_timeout_s
            if late and await self._is_still_owned(chunk.generation, began):
                raise TimeoutError("the broker has aborted a transaction that took too long") from error
            raise Fenced(f"{self._changelog}: another worker owns this partition") from error
        except BROKER_TROUBLE:
            await self.release()
            raise

    async def _is_still_owned(self, generation: int, began: float) -> bool:
        """Whether no other worker can own the partition by now. `generation`: of the chunk; `began`: on it, monotonic.

        At first time says so: a session counts from the last heartbeat, which may be a fifth of one before `began`.
        Later the group's coordinator is asked whether it lists the member that was given the partition. That is enough,
        since a worker ends its chunks before it joins a later generation, and who does not join in time is listed no
        more. A worker that was frozen is not listed; one that is slow is, for its heartbeats go on meanwhile. A wrong
        yes would fence the owner, and lose or double nothing.
        """
        if time.monotonic() - began < 0.8 * self._kafka.session_timeout_s:
            return True
        membership = self._membership()
        if not membership.is_valid or membership.generation != generation:
            return False
        return await is_still_member(self._kafka, membership, self._kafka.session_timeout_s)

    async def _apply_once(self, chunk: Run, fold: Fold[State]) -> None:
        if not self._is_writing:
            await self.open()
        if not chunk.records:
            return
        self._refuse_another_topic(chunk.tp)
        gap = InputGap(chunk, self.watermark(chunk.tp), self._committed(chunk.tp), self._changelog)
        async with aclosing(gap.filling(self._kafka)) as filling:
            async for run in filling:
                await self._fold(replace(run, generation=chunk.generation), fold)
        await self._fold(chunk, fold)

    async def _fold(self, chunk: Run, fold: Fold[State]) -> None:
        records = self._unseen(chunk)
        if not records:
            await self._pass_over(chunk)
            return
        effects = fold(self._states, records)
        changes = self._encoded(effects)
        changes.update((BESIDE + key, value) for key, value in effects.beside.items())
        topic_id = self._source_id(chunk.tp.topic)
        changes[watermark_key(chunk.tp)] = write_watermark(chunk.next_offset - 1, topic_id)
        end = await self._write(chunk, effects.outputs, changes)
        self._states.commit(effects.changes, changes, position_now(self._topic_id, end))
        if effects.forgets or any(state is None for state in effects.changes.values()):
            self._forgetting.ask()

    async def _write(self, chunk: Run, outputs: Sequence[Output], changes: Changes) -> int:
        """Commit what a chunk did; the offset after its last record in the changelog."""
        assert self._writer is not None  # nosec B101 # for the type checker
        async with asyncio.timeout(self._kafka.transaction_timeout_s):
            written = await self._writer.write(outputs, self._changelog, changes)
        return written[self._changelog]

    async def _pass_over(self, chunk: Run) -> None:
        """A chunk of which the state holds everything: Faust's own commit tells the group so."""

    def _encoded(self, effects: Effects[State]) -> dict[bytes, bytes | None]:
        encode, done = self._states.encode, effects.encoded
        return {
            key: done[key] if key in done else None if state is None else encode(state)
            for key, state in effects.changes.items()
        }

    def _unseen(self, chunk: Run) -> Records:
        watermark = self.watermark(chunk.tp)
        if watermark is None or not chunk.records or watermark < chunk.records[0].offset:
            return chunk.records
        return [record for record in chunk.records if record.offset > watermark]

    def _refuse_another_topic(self, source: TP) -> None:
        _, _, written_for = (self._store.get(watermark_key(source)) or b"").decode().partition(" ")
        now = self._source_id(source.topic)
        if written_for and now and written_for != now:
            raise StateLost(f"{source.topic} has been made anew: the state stands for another topic of that name")


def folded_to(store: Store, source: TP) -> int:
    """The offset after the last one of a source that is folded; 0 before the first."""
    watermark = read_watermark(store.get(watermark_key(source)))
    return 0 if watermark is None else watermark + 1


def watermark_key(source: TP) -> bytes:
    """Under which the changelog says how far a partition of a source is folded."""
    return b"%s%s\x00%d" % (_WATERMARK, source.topic.encode(), source.partition)


def write_watermark(offset: int, topic_id: str | None) -> bytes:
    """The value there: the last offset that the state holds, and the id of the topic, if it is known."""
    return f"{offset} {topic_id or ''}".rstrip().encode()


def read_watermark(value: bytes | None) -> int | None:
    """The offset in it; None before the first."""
    return None if value is None else int(value.partition(b" ")[0])
