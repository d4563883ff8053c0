"""What a producer sends of its member, and what it makes of each answer."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from aiokafka.errors import InvalidTxnState, KafkaError, ProducerFenced
from aiokafka.producer import sender
from aiokafka.structs import TopicPartition

from streams.engine import transport
from streams.engine.aiokafka_patches.offsets_of_members import (
    HeldOffsets,
    OffsetsHandler,
    OffsetsRequestStruct,
    StaleMemberError,
    as_member,
)
from streams.engine.group_membership import Membership, membership_of
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

KAFKA = KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1"))
MEMBER = Membership("there", 7, "one-of-them", "its name")
A, B = TopicPartition("interactions", 0), TopicPartition("interactions", 3)


class Producer:
    """A producer in a transaction, with offsets that its coordinator of transactions knows of."""

    def __init__(self) -> None:
        transport.register()
        self.inner = KAFKA.transactional_producer("writer")
        self.transaction = self.inner._txn_manager
        self.transaction.set_pid_and_epoch(5, 2)
        self.transaction.begin_transaction()
        as_member(self.inner, MEMBER)
        self.held = HeldOffsets(self.inner, {A: 4, B: 9}, MEMBER.group)
        self.transaction.consumer_group_added(MEMBER.group)

    def handler(self) -> OffsetsHandler:
        offsets, group = self.transaction.offsets_to_commit()
        return OffsetsHandler(self.inner._sender, offsets, group)

    def answered(self, *codes: int) -> float | None:
        errors: object = [(A.topic, [(tp.partition, code, {}) for tp, code in zip((A, B), codes, strict=True)], {})]
        return self.handler().handle_response(SimpleNamespace(errors=errors))


@pytest.fixture
async def producer() -> AsyncIterator[Producer]:
    made = Producer()
    yield made
    await made.inner.client.close()
    made.inner._closed = True


@pytest.fixture
async def sending(producer: Producer) -> asyncio.Task[None]:
    """The producer asks for its offsets to be taken."""
    assert producer.transaction.offsets_to_commit() is None
    sending = asyncio.create_task(producer.held.send())
    await asyncio.sleep(0)
    return sending


async def test_offsets_are_held_back_until_all_records_are_acknowledged(
    producer: Producer, sending: asyncio.Task[None]
) -> None:
    assert producer.transaction.offsets_to_commit() is not None
    assert producer.answered(0, 0) is None
    await sending


async def test_the_request_names_generation_member_and_instance(
    producer: Producer, sending: asyncio.Task[None]
) -> None:
    request = producer.handler().create_request().build(OffsetsRequestStruct)

    assert (request.generation_id, request.member_id, request.group_instance_id) == (7, "one-of-them", "its name")
    assert (request.transactional_id, request.producer_id, request.producer_epoch) == ("writer", 5, 2)
    assert request.topics == [("interactions", [(0, 4, -1, "", {}), (3, 9, -1, "", {})], {})]
    assert OffsetsRequestStruct.decode(request.encode()).to_object() == request.to_object()
    sending.cancel()


@pytest.mark.parametrize("code", [3, 7, 14, 15, 16])
async def test_what_a_coordinator_cannot_say_now_is_asked_again(
    producer: Producer, sending: asyncio.Task[None], code: int
) -> None:
    assert producer.answered(code, 0) == producer.inner._sender._retry_backoff
    assert not sending.done()
    assert producer.answered(0, 0) is None
    await sending


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (22, StaleMemberError),
        (25, StaleMemberError),
        (82, StaleMemberError),
        (47, ProducerFenced),
        (90, ProducerFenced),
        (48, InvalidTxnState),
        (12, KafkaError),
        (119, KafkaError),
    ],
)
async def test_a_refusal_is_told_and_leaves_the_producer_alive_to_abort(
    producer: Producer, sending: asyncio.Task[None], code: int, error: type[Exception]
) -> None:
    """aiokafka would end its sender, or forget which partitions the abort is for."""
    producer.transaction.maybe_add_partition_to_txn(A)
    producer.transaction.partition_added(A)
    assert producer.answered(0, code) is None

    with pytest.raises(error):
        await sending
    assert producer.transaction.txn_partitions == {A}
    assert producer.transaction.is_in_transaction()


async def test_a_refusal_counts_more_than_what_is_to_be_asked_again(
    producer: Producer, sending: asyncio.Task[None]
) -> None:
    assert producer.answered(14, 22) is None

    with pytest.raises(StaleMemberError, match="old generation"):
        await sending


def test_all_producers_of_the_process_send_offsets_so() -> None:
    transport.register()
    assert sender.TxnOffsetCommitHandler is OffsetsHandler


def test_a_membership_is_what_the_coordinator_is_at_that_moment() -> None:
    coordinator = SimpleNamespace(group_id="g", generation=3, member_id="m", _group_instance_id=None)

    taken = membership_of(coordinator)
    coordinator.generation, coordinator.member_id = -1, ""  # as aiokafka leaves it after an error of its heartbeat

    assert taken == Membership("g", 3, "m")
    assert taken.is_valid
    assert not membership_of(coordinator).is_valid
