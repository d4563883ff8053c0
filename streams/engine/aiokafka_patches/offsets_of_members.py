"""Offsets in a transaction, given as a member of a generation, which a stale member can't (KIP-447).

aiokafka sends version 0 of the request, which says nothing of the member, so that the coordinator takes it from
anybody; and an answer that it does not expect ends its sender, the whole producer with it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from aiokafka import errors
from aiokafka.client import CoordinationType
from aiokafka.producer import producer, sender, transaction_manager
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from streams.engine.group_membership import Membership

_TEXT = CompactString("utf-8")
_NO_LEADER_EPOCH = -1
Offsets = dict[str, list[tuple[int, int, str]]]
"""By topic: partition, offset and what else is said of it."""
_AGAIN = frozenset({3, 7, 14, 15, 16})
"""Codes after which the same is asked again: unknown partition, timed out, loading, no coordinator, not coordinator."""
_COORDINATOR_MOVED = frozenset({7, 15, 16})
_PRODUCER_FENCED = frozenset({47, 90})


class StaleMemberError(errors.KafkaError):  # type: ignore[misc]
    """The group's coordinator has refused offsets: of an old generation, an unknown member, or a name given away."""


_REFUSED = {22: "an old generation", 25: "not a member any more", 82: "the name is another process's"}


class OffsetsResponse(Response):  # type: ignore[misc]
    """Version 3 of the answer: an error code by partition."""

    API_KEY = 28
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "errors",
            CompactArray(
                ("topic", _TEXT),
                (
                    "partition_errors",
                    CompactArray(("partition", Int32), ("error_code", Int16), ("tags", TaggedFields)),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class OffsetsRequestStruct(RequestStruct):  # type: ignore[misc]
    """Version 3 of the request: the first one that names generation, member and instance."""

    API_KEY = 28
    API_VERSION = 3
    RESPONSE_TYPE = OffsetsResponse
    FLEXIBLE_VERSION = True
    SCHEMA = Schema(
        ("transactional_id", _TEXT),
        ("group_id", _TEXT),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("generation_id", Int32),
        ("member_id", _TEXT),
        ("group_instance_id", _TEXT),
        (
            "topics",
            CompactArray(
                ("topic", _TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("metadata", _TEXT),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class OffsetsRequest(Request[OffsetsRequestStruct]):  # type: ignore[misc]
    """Offsets of a transaction, by topic and partition. A broker before Kafka 2.5 does not know it."""

    API_KEY = 28

    def __init__(self, transaction: Any, membership: Membership, offsets: Offsets) -> None:
        self._transaction = transaction
        self._membership = membership
        self._offsets = offsets

    def build(self, request_struct_class: type[OffsetsRequestStruct]) -> OffsetsRequestStruct:
        transaction, member = self._transaction, self._membership
        topics: list[tuple[str, list[tuple[object, ...]], dict[int, bytes]]] = [
            (topic, [(partition, offset, _NO_LEADER_EPOCH, said, {}) for partition, offset, said in partitions], {})
            for topic, partitions in self._offsets.items()
        ]
        return request_struct_class(
            transaction.transactional_id,
            member.group,
            transaction.producer_id,
            transaction.producer_epoch,
            member.generation,
            member.member,
            member.instance,
            topics,
            {},
        )


class OffsetsHandler(sender.TxnOffsetCommitHandler):  # type: ignore[misc]
    """Sends the offsets of a transaction whose producer was given a membership by `as_member`."""

    def create_request(self) -> OffsetsRequest:
        by_topic: Offsets = defaultdict(list)
        for tp, entry in sorted(self._offsets.items()):
            by_topic[tp.topic].append((tp.partition, entry.offset, entry.metadata))
        transaction = self._sender._txn_manager
        return OffsetsRequest(transaction, transaction.membership, by_topic)

    def handle_response(self, answer: Any) -> float | None:
        """Seconds until the same is asked again; None once it is answered, be it by a refusal."""
        codes = {code for _, partitions, *_ in answer.errors for _, code, *_ in partitions} - {0}
        transaction = self._sender._txn_manager
        if not codes:
            for tp, entry in list(self._offsets.items()):
                transaction.offset_committed(tp, entry.offset, self._group_id)
            return None
        if codes <= _AGAIN:
            if codes & _COORDINATOR_MOVED:
                self._sender._coordinator_dead(CoordinationType.GROUP)
            return float(self._default_backoff)
        # Not `error_transaction`: it forgets the partitions, so that the abort behind it would not be sent.
        _, _, waiting = transaction._pending_txn_offsets.popleft()
        if not waiting.done():
            waiting.set_exception(_error(codes))
        return None


def _error(codes: set[int]) -> Exception:
    if fenced := codes & _PRODUCER_FENCED:
        return errors.ProducerFenced(f"error {min(fenced)}")  # type: ignore[no-any-return]
    if stale := codes & _REFUSED.keys():
        return StaleMemberError(_REFUSED[min(stale)])
    return errors.for_code(min(codes - _AGAIN))()  # type: ignore[no-any-return]


class HeldOffsets:
    """Offsets that a transaction is to commit once all of its records are acknowledged.

    The coordinator of transactions may hear that there will be some while records are under way, which saves a wait.
    The group's hears nothing before `send`.
    """

    def __init__(self, writing: Any, offsets: Mapping[TopicPartition, int], group: str) -> None:
        self._transaction = writing._txn_manager
        self._transaction.holds_offsets = True
        given = {tp: OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        self._answered: asyncio.Future[None] = self._transaction.add_offsets_to_txn(given, group)

    async def send(self) -> None:
        """Return when the group's coordinator has taken them. Raises `StaleMemberError`, or another Kafka error."""
        self._transaction.holds_offsets = False
        self._transaction.notify_task_waiter()
        await asyncio.shield(self._answered)


class _TransactionManager(transaction_manager.TransactionManager):  # type: ignore[misc]
    holds_offsets = False

    def offsets_to_commit(self) -> Any:
        return None if self.holds_offsets else super().offsets_to_commit()


def as_member(writing: Any, membership: Membership) -> None:
    """Have a producer give the offsets of its transactions as this member. Raises `ValueError` for one of no group."""
    if not membership.is_valid:
        raise ValueError(f"{membership} is not a member of a generation, and the broker would believe it unchecked")
    writing._txn_manager.membership = membership


def name_member_with_offsets() -> None:
    """Send all offsets of transactions as members, and not before they are let go, for the whole process."""
    producer.TransactionManager = _TransactionManager
    sender.TxnOffsetCommitHandler = OffsetsHandler
