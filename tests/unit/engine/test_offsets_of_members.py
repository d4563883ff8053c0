"""What members of a group tell the broker of themselves, of their offsets and of hanging transactions."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from aiokafka import errors
from aiokafka.errors import InvalidTxnState, KafkaError, ProducerFenced
from aiokafka.producer import sender
from aiokafka.protocol.group import JoinGroupRequest
from aiokafka.structs import TopicPartition
from faust.types import TP

from streams.engine import transport
from streams.engine.aiokafka_patches import offsets_of_members
from streams.engine.group_membership import Membership, membership_of
from streams.engine.hanging_transactions import HangingTransactions
from streams.engine.static_membership import know_fenced_instances, name_in_group, stop_when_replaced
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced
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
        offsets_of_members.as_member(self.inner, MEMBER)
        self.held = offsets_of_members.HeldOffsets(self.inner, {A: 4, B: 9}, MEMBER.group)
        self.transaction.consumer_group_added(MEMBER.group)

    def handler(self) -> offsets_of_members.OffsetsHandler:
        offsets, group = self.transaction.offsets_to_commit()
        return offsets_of_members.OffsetsHandler(self.inner._sender, offsets, group)

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
    request = producer.handler().create_request().build(offsets_of_members.OffsetsRequestStruct)

    assert (request.generation_id, request.member_id, request.group_instance_id) == (7, "one-of-them", "its name")
    assert (request.transactional_id, request.producer_id, request.producer_epoch) == ("writer", 5, 2)
    assert request.topics == [("interactions", [(0, 4, -1, "", {}), (3, 9, -1, "", {})], {})]
    assert offsets_of_members.OffsetsRequestStruct.decode(request.encode()).to_object() == request.to_object()
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
        (22, offsets_of_members.StaleMemberError),
        (25, offsets_of_members.StaleMemberError),
        (82, offsets_of_members.StaleMemberError),
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

    with pytest.raises(offsets_of_members.StaleMemberError, match="old generation"):
        await sending


def test_all_producers_of_the_process_send_offsets_so() -> None:
    transport.register()
    assert sender.TxnOffsetCommitHandler is offsets_of_members.OffsetsHandler


def test_a_membership_is_what_the_coordinator_is_at_that_moment() -> None:
    coordinator = SimpleNamespace(group_id="g", generation=3, member_id="m", _group_instance_id=None)

    taken = membership_of(coordinator)
    coordinator.generation, coordinator.member_id = -1, ""  # as aiokafka leaves it after an error of its heartbeat

    assert taken == Membership("g", 3, "m")
    assert taken.is_valid
    assert not membership_of(coordinator).is_valid


# What a worker with a name does when the group does not know it any more.
class Coordinator(SimpleNamespace):
    """The part of aiokafka's that is watched."""

    def __init__(self) -> None:
        super().__init__(member_id="known", _closing=asyncio.Future[None](), forgotten=0, pushed=list[Exception]())

    def reset_generation(self) -> None:
        self.forgotten += 1

    def _push_error_to_user(self, error: Exception) -> str:
        self.pushed.append(error)
        return "waits"


@pytest.fixture
async def coordinator() -> Coordinator:
    return Coordinator()


@pytest.fixture
def stopped(coordinator: Coordinator) -> list[str]:
    said: list[str] = []

    def stop(error: Fenced) -> None:
        said.append(str(error))

    stop_when_replaced(coordinator, "pod-1", stop)
    return said


async def test_a_member_that_the_group_does_not_know_stops(coordinator: Coordinator, stopped: list[str]) -> None:
    coordinator.reset_generation()

    assert len(stopped) == 1
    assert "HARMONIA_INSTANCE pod-1" in stopped[0]


async def test_whoever_leaves_or_has_not_joined_yet_just_goes_on(coordinator: Coordinator, stopped: list[str]) -> None:
    coordinator.member_id = JoinGroupRequest.UNKNOWN_MEMBER_ID
    coordinator.reset_generation()
    coordinator.member_id = "known"
    coordinator._closing.set_result(None)
    coordinator.reset_generation()

    assert (coordinator.forgotten, stopped) == (2, [])


async def test_the_brokers_word_for_a_name_that_was_taken_is_known(
    coordinator: Coordinator, stopped: list[str]
) -> None:
    know_fenced_instances()
    refused = errors.KafkaError(repr(errors.for_code(82)()))  # as aiokafka passes on what a join was answered

    assert coordinator._push_error_to_user(errors.KafkaError(repr(errors.UnknownError()))) == "waits"
    assert stopped == []
    coordinator._push_error_to_user(refused)
    assert len(stopped) == 1


def test_a_name_is_another_where_other_topics_are_read() -> None:
    names = [name_in_group("pod-1", topics) for topics in (["a", "b"], ["b", "a"], ["a", "b", "c"], ["ab"])]

    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert all(name.startswith("pod-1.") for name in names)


# What is remembered of a hanging transaction, and whose it is to end.
WRITTEN = {number: (TP("changelog", number), TP("outputs", number)) for number in range(3)}


def test_another_try_remembers_how_the_transaction_ended_and_a_later_transaction_does_not() -> None:
    hanging = HangingTransactions(KAFKA, "app-", WRITTEN, ())
    first = {(TP("changelog", 0), 7, 40), (TP("outputs", 0), 7, 12)}

    leftovers = hanging._leftovers("app-one", first)

    assert hanging._leftovers("app-one", {(TP("outputs", 0), 7, 12)}) is leftovers
    assert hanging._leftovers("app-one", {(TP("outputs", 0), 7, 90)}) is not leftovers


def test_shared_partitions_count_only_where_there_are_no_others() -> None:
    hanging = HangingTransactions(KAFKA, "app-", WRITTEN, (TP("shared", 0), TP("shared", 4)))

    assert hanging._numbers_of([TP("shared", 0), TP("outputs", 2), TP("changelog", 1)]) == {1, 2}
    assert hanging._numbers_of([TP("shared", 4)]) == {1}
