"""Members of a group, and their partitions."""

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
from streams.engine.aiokafka_patches.offsets_of_members import (
    HeldOffsets,
    OffsetsHandler,
    OffsetsRequestStruct,
    StaleMemberError,
    as_member,
)
from streams.engine.group_membership import Membership, membership_of
from streams.engine.runs import Run
from streams.engine.static_membership import know_fenced_instances, name_in_group, stop_when_replaced
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced
from streams.platform.settings import Settings
from tests.unit.engine.kafka_records import run
from tests.unit.engine.workplace import Workplace, everything_that_can

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


P, Q = TP("interactions", 0), TP("interactions", 1)


async def test_one_chunk_of_a_partition_is_in_flight_and_the_order_is_kept() -> None:
    work = Workplace(records=2)

    await work.submit(run(range(3), tp=P), run(range(3, 5), tp=P))
    assert work.begun[P] == [[0, 1]]
    await work.end(P)
    await work.end(P)
    await work.end(P)

    assert work.begun[P] == [[0, 1], [2, 3], [4]]


async def test_partitions_do_not_wait_for_each_other() -> None:
    work = Workplace()

    await work.submit(run([0], tp=P), run([7], tp=Q))
    await work.end(Q)

    assert (work.begun[P], work.begun[Q]) == ([[0]], [[7]])
    assert work.done() == {Q: 8}


async def test_done_is_where_reading_goes_on_also_behind_a_marker() -> None:
    work = Workplace()

    await work.submit(Run(P, run([4, 5], tp=P).records, 7, 1))
    await work.end(P)

    assert work.done() == {P: 7}


async def test_a_failed_chunk_is_not_done_and_its_failure_is_reported() -> None:
    """faust-streaming issues 315 and 527: stock Faust acknowledges the event whose agent raised, and skips it."""
    work = Workplace(records=2)
    trouble = RuntimeError("no such thing")

    await work.submit(run(range(4), tp=P))
    await work.fail(P, trouble)

    assert work.failed == [(P, trouble)]
    assert work.done() == {}


async def test_nothing_is_worked_on_after_a_failure() -> None:
    work = Workplace(records=2)

    await work.submit(run(range(4), tp=P), run([0], tp=Q))
    await work.fail(P, RuntimeError())
    await work.submit(run(range(4, 6), tp=P))
    await work.end(Q)
    await work.submit(run([1], tp=Q))

    assert (work.begun[P], work.begun[Q]) == ([[0, 1]], [[0]])
    assert work.done() == {Q: 1}


async def test_a_run_of_another_generation_is_dropped() -> None:
    work = Workplace()

    await work.submit(run([0], generation=2, tp=P), run([0], generation=0, tp=Q))

    assert not work.begun


async def test_nothing_is_accepted_before_the_partitions_are_taken_over() -> None:
    work = Workplace()
    await work.lanes.settle()

    await work.submit(run([0], generation=1, tp=P))
    work.lanes.open(2)
    await work.submit(run([5], generation=2, tp=P))

    assert work.begun[P] == [[5]]


async def test_settling_ends_the_chunk_in_hand_and_drops_what_waits() -> None:
    work = Workplace(records=2)
    await work.submit(run(range(6), tp=P))

    settling = asyncio.create_task(work.lanes.settle())
    await everything_that_can()
    assert not settling.done()
    await work.end(P)

    assert settling.done()
    assert (work.begun[P], work.done(), work.failed) == ([[0, 1]], {P: 2}, [])
    work.lanes.open(2)
    await work.submit(run(range(2, 6), generation=2, tp=P))
    assert work.begun[P] == [[0, 1], [2, 3]]


async def test_settling_cancels_what_does_not_end_in_time() -> None:
    work = Workplace(grace_seconds=0.01)
    await work.submit(run([0], tp=P), run([0], tp=Q))

    await work.lanes.settle()

    assert sorted(work.cancelled) == [P, Q]
    assert (work.done(), work.failed) == ({}, [])
    work.lanes.open(2)
    await work.submit(run([0], generation=2, tp=P))
    await work.end(P)
    assert work.done() == {P: 1}


async def test_a_lane_that_lingers_begins_its_next_chunk_later_and_has_done_the_last_one_at_once() -> None:
    work = Workplace(grace_seconds=0.01)
    work.lanes._linger_s["agent"] = 3600
    await work.submit(run([0], tp=P))
    await work.end(P)

    await work.submit(run([1], tp=P))
    assert (work.begun[P], work.done()) == ([[0]], {P: 1})

    await work.lanes.settle()
    work.lanes.open(2)
    await work.submit(run([1], generation=2, tp=P))
    assert work.begun[P] == [[0], [1]]
    assert work.cancelled == []


async def test_agents_of_one_topic_each_work_on_all_of_it() -> None:
    """Runs of the second were once worked on by the first one's function."""
    work, other = Workplace(), Workplace()
    work.lanes.expect("other", [P.topic])

    await work.submit(run([0], tp=P))
    work.lanes.submit("other", run([0], tp=P), other.process)
    await everything_that_can()

    assert (work.begun[P], other.begun[P]) == ([[0]], [[0]])


async def test_a_partition_is_done_as_far_as_the_slowest_of_its_agents() -> None:
    work, other = Workplace(), Workplace()
    work.lanes.expect("other", [P.topic])
    await work.submit(run([0, 1], tp=P))
    work.lanes.submit("other", run([0], tp=P), other.process)
    await everything_that_can()

    await work.end(P)
    done_by_one = work.done()
    await other.end(P)

    assert (done_by_one, work.done()) == ({P: None}, {P: 1})


async def test_a_partition_has_room_and_age_as_the_slowest_of_its_agents() -> None:
    work, other = Workplace(records=2), Workplace()
    work.lanes.expect("other", [P.topic])
    work.lanes.submit("other", run(range(6), tp=P), other.process)

    await everything_that_can()

    assert P in work.lanes.full()
    assert work.lanes.oldest_at(P) == 0


async def test_an_agent_is_refused_on_a_topic_that_it_was_not_said_to_read() -> None:
    work = Workplace()

    with pytest.raises(ValueError, match="the agent other is not expected to read interactions"):
        work.lanes.submit("other", run([0], tp=P), work.process)


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
