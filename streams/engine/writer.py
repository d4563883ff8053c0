"""Writes batches of records to Kafka, in a transaction or at least once.

A record sent alone costs as much as ten in a batch, so both writers pack batches themselves. The transactional
writer is also a fence: starting it raises the epoch of its transactional id, and whatever an earlier writer of the id
still sends is refused.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnsupportedForMessageFormatError,
)
from aiokafka.producer import message_accumulator, sender, transaction_manager
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.transaction_manager import TransactionState
from aiokafka.structs import TopicPartition
from faust.types import TP
from msgspec import Struct

from streams.engine.aiokafka_patches.offsets_of_members import HeldOffsets, StaleMemberError, as_member
from streams.engine.group_membership import Membership
from streams.engine.transaction_markers import ends_of, still_open, until_marked
from streams.platform.clients import KafkaClients

logger = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 2.0
MARKERS_TAKE_S = 0.003

Header = tuple[str, bytes | None]
Headers = Sequence[Header]


class Output(Struct, frozen=True, gc=False):
    """A record to write. `value` None is a tombstone."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


Entry = tuple[bytes | None, bytes | None, list[Header]]
"""Key, value and headers of a record whose place is known."""

Changes = Mapping[bytes, bytes | None]
_no_changes: Changes = {}
_no_headers: list[Header] = []


REFUSALS = (
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    PolicyViolationError,
    InvalidTopicError,
    TopicAuthorizationFailedError,
    UnsupportedForMessageFormatError,
)
"""What a broker says of a record that it will not take, however often it is sent."""


class RecordRefused(Exception):
    """The broker does not take a record of a transaction; its cause says why. Nothing of it has been committed."""


class TransactionWriter:
    """Writes one transaction after the other. Not for two tasks at once.

    After any `aiokafka.errors.KafkaError` the outcome is unknown and the writer is of no more use. `shared`: partitions
    to which writers of other ids write too.
    """

    def __init__(self, kafka: KafkaClients, transactional_id: str, shared: Iterable[TP] = ()) -> None:
        self._producer = kafka.transactional_producer(transactional_id)
        self._shared = frozenset(shared)
        self._last: dict[TP, int] = {}

    @property
    def producer_id(self) -> int:
        """By which brokers know whose records are whose. The same for every writer of this id; once started."""
        return int(self._producer._txn_manager.producer_id)

    async def start(self) -> None:
        """Fence: nothing that an earlier writer of this id still sends is accepted, what it left open is aborted."""
        await self._producer.start()

    async def write(
        self, outputs: Iterable[Output], changelog: TP | None = None, changes: Changes = _no_changes
    ) -> dict[TP, int]:
        """Write all or nothing: outputs, and keys with values to one partition more.

        Returns, for each partition written to, the offset after its last record. Waits until readers see all of the
        last transaction, for as long as the caller allows.
        """
        await self._begin()
        self._last = await _send(self._producer, outputs, changelog, changes)
        await self._producer.commit_transaction()
        return self._last

    async def write_as_member(
        self,
        outputs: Iterable[Output],
        changed: Mapping[TP, Changes],
        offsets: Mapping[TP, int],
        membership: Membership,
    ) -> dict[TP, int]:
        """The same for several partitions at once: their changes, and how far their sources are done.

        All records are acknowledged before the offsets are sent, and nothing is sent behind them but the end: once the
        group's coordinator has taken them, a new generation finds all that this one has written. It refuses those of a
        stale member with `StaleMemberError`; the transaction is aborted then, and the writer still of use. Raises
        `RecordRefused` where the broker does not take a record, and `ValueError` without offsets or a valid membership.
        """
        if not offsets:
            raise ValueError("a transaction without offsets would be refused to nobody")
        as_member(self._producer, membership)
        await self._begin()
        held = HeldOffsets(
            self._producer, {TopicPartition(*tp): offset for tp, offset in offsets.items()}, membership.group
        )
        try:
            self._last = await _send_all(self._producer, outputs, changed)
        except REFUSALS as error:
            raise RecordRefused(type(error).__name__) from error
        try:
            await held.send()
        except StaleMemberError:
            self._last = {}
            await self._producer.abort_transaction()
            raise
        await self._producer.commit_transaction()
        return self._last

    async def until_marked(self) -> None:
        """Return once readers see all of the last transaction; where others write too, nobody can tell."""
        open_ = {tp: end for tp, end in self._last.items() if tp not in self._shared}
        await until_marked(self._producer.client, open_)
        self._last = {tp: end for tp, end in self._last.items() if tp in self._shared}

    async def until_closed(self, partitions: Sequence[TP]) -> dict[TP, int]:
        """Return once readers see all that these partitions hold now, with no transaction open in it: their ends."""
        ends = await ends_of(self._producer.client, partitions)
        await until_marked(self._producer.client, ends)
        return ends

    async def open_among(self, partitions: Sequence[TP]) -> list[TP]:
        """Those in which some transaction is open now, be it of a writer that is at work."""
        client = self._producer.client
        ends = await ends_of(client, partitions)
        return list(await still_open(client, ends))

    async def end_what_is_open(self, partitions: Iterable[TP], *, commit: bool) -> None:
        """End, in these partitions, what an earlier writer of this id has left open and the coordinator forgot."""
        await self._producer.begin_transaction()
        self._add(partitions)
        await (self._producer.commit_transaction() if commit else self._producer.abort_transaction())

    async def stop(self) -> None:
        """Close the connections.

        A transaction left open is ended by the next owner's fence or the broker's time limit.
        """
        await _stop(self._producer)

    async def _begin(self) -> None:
        await self.until_marked()
        self._raise_if_broken()
        await self._producer.begin_transaction()
        self._add(self._shared.intersection(self._last))  # where nobody can tell whose the open records are: once more

    def _raise_if_broken(self) -> None:
        """Raise what ended the producer's sender between two transactions, or left the last one without an end.

        aiokafka keeps it for whoever waits for the end of a transaction, and fails an assertion at the next beginning.
        """
        transaction = self._producer._txn_manager
        if transaction.state is TransactionState.READY:
            return
        ended = transaction._transaction_waiter
        if ended is not None and ended.done() and not ended.cancelled() and isinstance(ended.exception(), KafkaError):
            raise ended.exception()
        raise KafkaConnectionError(f"a producer whose last transaction is {transaction.state.name}")

    def _add(self, partitions: Iterable[TP]) -> None:
        """Have the transaction's end marked there, whether or not anything is written."""
        for tp in partitions:
            self._producer._txn_manager.maybe_add_partition_to_txn(TopicPartition(*tp))


class Outbox:
    """Writes at least once, for many tasks at once: what they ask for while a round is under way goes out in the next.

    One round at a time, because aiokafka lets one batch wait for each partition: tasks that send on their own stand in
    each other's way until their time is up. A broken producer is replaced before the next attempt.
    """

    def __init__(self, kafka: KafkaClients) -> None:
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self._waiting: list[tuple[Sequence[Output], asyncio.Future[None]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def write(self, outputs: Sequence[Output]) -> None:
        """Return when every record is acknowledged by all in-sync replicas.

        Raises one of `BROKER_TROUBLE`: write them all again. Anything else is a bug.
        """
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((outputs, written))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_rounds())
        await written

    async def stop(self) -> None:
        """Close the connections."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer)

    async def _send_rounds(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            failure = await self._send_round([output for outputs, _ in asked for output in outputs])
            for outputs, written in asked:
                if isinstance(failure, MessageSizeTooLargeError):  # only whoever asked for that one is to hear of it
                    _answer(written, await self._send_round(outputs))
                else:
                    _answer(written, failure)

    async def _send_round(self, outputs: Sequence[Output]) -> Exception | None:
        try:
            if self._producer is None:
                self._producer = self._kafka.idempotent_producer()
                await self._producer.start()
            await _send(self._producer, outputs)
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked must hear of it
            await self.stop()
            return error
        return None


def wait_briefly_for_markers() -> None:
    """Make producers ask sooner whether the broker has marked their last transaction, for the whole process.

    Until then it refuses the next one. Marking takes one or two milliseconds, and aiokafka asks again after 20.
    """
    sender.BACKOFF_OVERRIDE = MARKERS_TAKE_S


def retrieve_what_nobody_awaits() -> None:
    """Let what producers wait for fail also where nobody waits any more, for the whole process.

    When a producer is fenced aiokafka tells the ends of its transaction and of its batches, whoever asked for them, and
    asyncio logs each that is heard by nobody as an error. Whoever awaits one hears of it all the same.
    """
    for module in (message_accumulator, transaction_manager):
        module.create_future = _create_future


def _create_future() -> asyncio.Future[object]:
    future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    future.add_done_callback(_retrieve)
    return future


def _retrieve(future: asyncio.Future[object]) -> None:
    if not future.cancelled():
        future.exception()


def _answer(written: asyncio.Future[None], failure: Exception | None) -> None:
    if written.done():
        return  # whoever asked has been cancelled
    if failure is None:
        written.set_result(None)
    else:
        written.set_exception(failure)


async def _send(
    producer: AIOKafkaProducer, outputs: Iterable[Output], changelog: TP | None = None, changes: Changes = _no_changes
) -> dict[TP, int]:
    return await _send_all(producer, outputs, {} if changelog is None else {changelog: changes})


async def _send_all(
    producer: AIOKafkaProducer, outputs: Iterable[Output], changed: Mapping[TP, Changes]
) -> dict[TP, int]:
    by_partition: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for output in outputs:
        headers = output.headers or _no_headers
        if headers.__class__ is not list:
            headers = list(headers)
        by_partition[output.topic, output.partition].append((output.key, output.value, headers))
    for changelog, changes in changed.items():
        by_partition[changelog] += [(key, value, _no_headers) for key, value in changes.items()]
    tps = [TP(*place) for place in by_partition]
    ends = await asyncio.gather(*map(partial(_send_to, producer), tps, by_partition.values()))
    return dict(zip(tps, ends, strict=True))


async def _send_to(producer: AIOKafkaProducer, tp: TP, entries: Sequence[Entry]) -> int:
    end = 0
    for batch in _pack(producer, entries):
        acknowledged = await producer.send_batch(batch, tp.topic, partition=tp.partition)
        end = (await acknowledged).offset + batch.record_count()
    return end


def _pack(producer: AIOKafkaProducer, entries: Sequence[Entry]) -> Iterable[BatchBuilder]:
    """Batches of all entries, without `BatchBuilder.append`, which takes as long as the compiled one that it calls."""
    now = time.time_ns() // 1_000_000  # asked once for all: the topics have the broker's time anyway
    batch, count = producer.create_batch(), 0
    append = batch._builder.append
    for key, value, headers in entries:
        if append(count, now, key, value, headers) is None:
            yield _filled(batch, count)
            batch, count = producer.create_batch(), 0
            append = batch._builder.append
            append(0, now, key, value, headers)
        count += 1
    yield _filled(batch, count)


def _filled(batch: BatchBuilder, count: int) -> BatchBuilder:
    batch._relative_offset = count
    return batch


async def _stop(producer: AIOKafkaProducer) -> None:
    """Close, and raise nothing; a broker that is away must not hold up whoever closes."""
    try:
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await producer.stop()
    except Exception as error:  # noqa: BLE001 - the producer is of no more use anyway
        logger.warning("closing a producer failed: %s", type(error).__name__)
        producer._sender.sender_task.cancel()  # or it would go on sending; what it has sent, the next fence settles
        with suppress(Exception):
            await producer.client.close()
