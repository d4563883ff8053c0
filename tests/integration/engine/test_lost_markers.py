"""A transaction that the broker calls complete and has not marked in any partition.

Kafka 4.3 does that: its coordinator takes a partition without a leader for a deleted one and leaves its marker out. A
commit in the last moments of a single broker's orderly stop is complete then, and nobody sees it. Its records stay open
until the next marker of the same producer, whatever that one says. Here the partitions are kept from the coordinator.
"""

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.producer.sender import AddPartitionsToTxnHandler
from aiokafka.structs import TopicPartition
from faust.types import TP
from kafka.admin import ConfigResource, ConfigResourceType

from streams.engine import writer
from streams.engine.store import MemoryStore
from streams.engine.table_partition import TablePartition
from streams.engine.writer import Output, TransactionWriter, _send
from streams.platform.clients import KafkaClients
from tests.integration.engine.cluster import Cluster
from tests.integration.engine.owner import Bench, put, sums, table_in

VERIFICATION = "transaction.partition.verification.enable"


@pytest.fixture
def _brokers_believe_producers(cluster: Cluster) -> Iterator[None]:
    """Else they would ask the coordinator before they take a transaction's records."""
    broker = str(next(iter(cluster._admin.describe_cluster()["brokers"]))["broker_id"])
    cluster._admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, broker, {VERIFICATION: "false"})])
    yield
    cluster._admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, broker, {VERIFICATION: ("DELETE", None)})])


def markers_go_to(monkeypatch: pytest.MonkeyPatch, elsewhere: TopicPartition) -> None:
    """The coordinator hears of this partition alone, so no other one is marked."""
    create_request = AddPartitionsToTxnHandler.create_request

    def create(handler: AddPartitionsToTxnHandler) -> object:
        mine, handler._tps = handler._tps, [elsewhere]
        request = create_request(handler)
        handler._tps = mine
        return request

    def handle(handler: AddPartitionsToTxnHandler, answer: object) -> float | None:
        if answer.errors[0][1][0][1]:  # type: ignore[attr-defined]
            return 0.02
        for tp in list(handler._tps):
            handler._sender._txn_manager.partition_added(tp)
        return None

    monkeypatch.setattr(AddPartitionsToTxnHandler, "create_request", create)
    monkeypatch.setattr(AddPartitionsToTxnHandler, "handle_response", handle)


@contextlib.contextmanager
def markers_lost(cluster: Cluster, marked: TP | None = None) -> Iterator[None]:
    """Within the block a transaction is marked in this partition alone, or in none that anybody reads."""
    with pytest.MonkeyPatch.context() as loss:
        markers_go_to(loss, TopicPartition(*(marked or cluster.make_partition("elsewhere"))))
        yield


pytestmark = pytest.mark.usefixtures("_brokers_believe_producers")


async def test_a_commit_whose_markers_are_lost_is_seen_once(bench: Bench) -> None:
    async with bench.owned() as former:
        with markers_lost(bench.cluster):
            await former.apply(bench.chunk(range(3)), bench.add_up)
    assert await bench.told() == []

    bench.committed[bench.source] = 3  # the former owner was told that it was done
    async with bench.owned() as owner:
        assert await bench.told() == [0, 1, 2]
        await owner.apply(bench.chunk(range(3, 5)), bench.add_up)

    assert await bench.told() == list(range(5))
    assert await bench.table() == sums(range(5))


async def test_a_store_that_holds_what_was_aborted_since_is_not_trusted(bench: Bench) -> None:
    """A worker was told that its commits are done and took them into its store; the next transaction took one along."""
    await put(bench, 9)
    store = MemoryStore()
    owner = bench.owner(store)
    await owner.open()
    await owner.apply(bench.chunk(range(3)), bench.add_up)
    with markers_lost(bench.cluster):
        await owner.apply(bench.chunk(range(3, 6)), bench.add_up)
    bench.committed[bench.source] = 6
    assert owner.watermark(bench.source) == 5
    await begin_and_send(bench, owner)

    await owner.open()
    assert owner.watermark(bench.source) == 2
    await owner.apply(bench.chunk(range(6, 9)), bench.add_up)
    await owner.release()

    assert await bench.told() == list(range(9))
    assert await bench.table() == table_in(store) == sums(range(9))


async def test_the_first_transaction_of_a_partition_may_be_the_one_that_was_aborted(bench: Bench) -> None:
    await put(bench, 6)
    async with bench.owned() as former:
        with markers_lost(bench.cluster):
            await former.apply(bench.chunk(range(3)), bench.add_up)
        await begin_and_send(bench, former)
    bench.committed[bench.source] = 3

    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(3, 6)), bench.add_up)

    assert await bench.told() == list(range(6))
    assert await bench.table() == sums(range(6))


async def test_no_transaction_begins_before_all_of_the_last_one_is_marked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs are marked, the changelog is not, and the next write is cut off: folded again, both would be seen."""
    await put(bench, 6)
    async with bench.owned() as owner:
        with markers_lost(bench.cluster, bench.outputs):
            await owner.apply(bench.chunk(range(3)), bench.add_up)
        bench.committed[bench.source] = 3
        with monkeypatch.context() as trouble:
            trouble.setattr(writer, "_send", sends_and_fails_once())
            trouble.setattr(KafkaClients, "transaction_timeout_s", 2.0)
            await owner.apply(bench.chunk(range(3, 6)), bench.add_up)

    assert await bench.told() == list(range(6))
    assert await bench.table() == sums(range(6))


async def test_outputs_that_were_not_marked_are_marked_by_the_next_owner(bench: Bench) -> None:
    async with bench.owned() as former:
        with markers_lost(bench.cluster, bench.changelog):
            await former.apply(bench.chunk(range(3)), bench.add_up)
    assert await bench.told() == []

    async with bench.owned():
        assert await bench.told() == [0, 1, 2]


async def test_what_others_write_to_as_well_is_marked_with_the_next_transaction(cluster: Cluster) -> None:
    own, shared = cluster.make_partition("own"), cluster.make_partition("shared")
    mine = TransactionWriter(cluster.kafka, f"writer-of-{own.topic}", [shared])
    await mine.start()
    with markers_lost(cluster, own):
        await mine.write([Output(*own, b"k", b"1"), Output(*shared, b"k", b"1")])
    assert await cluster.committed(shared) == []

    await mine.write([Output(*own, b"k", b"2")])
    await mine.write([Output(*own, b"k", b"3")])  # begins once the one before is marked
    await mine.until_closed([shared])
    await mine.stop()

    assert [record.value for record in await cluster.committed(shared)] == [b"1"]


@pytest.mark.parametrize("commits", [True, False])
async def test_what_others_write_to_as_well_is_marked_by_the_next_owner_as_the_last_transaction_ended(
    bench: Bench, commits: bool
) -> None:
    """Also where somebody else's transaction is open there, which is left to them."""
    other = TransactionWriter(bench.cluster.kafka, f"other-of-{bench.shared.topic}", [bench.shared])
    await other.start()
    async with bench.owned() as former:
        with markers_lost(bench.cluster, bench.outputs):
            producer = former._writer._producer  # type: ignore[union-attr]
            await producer.begin_transaction()
            await _send(producer, [Output(*bench.outputs, b"k", b"1"), Output(*bench.shared, b"k", b"left")])
            await (producer.commit_transaction() if commits else producer.abort_transaction())
    await other._producer.begin_transaction()
    await _send(other._producer, [Output(*bench.shared, b"o", b"theirs")])

    async with bench.owned() as owner:
        await owner._writer.write([Output(*bench.shared, b"k", b"next")])  # type: ignore[union-attr]
        await other._producer.commit_transaction()
        await other.write([Output(*bench.shared, b"o", b"more")])
    await other.until_closed([bench.shared])
    await other.stop()

    seen = [record.value for record in await bench.cluster.committed(bench.shared)]
    assert seen == [*([b"left"] if commits else []), b"theirs", b"next", b"more"]


async def test_the_next_owner_marks_what_others_write_to_before_it_writes_anything(bench: Bench) -> None:
    async with bench.owned() as former:
        with markers_lost(bench.cluster, bench.outputs):
            half = [Output(*bench.outputs, b"k", b"1"), Output(*bench.shared, b"k", b"1")]
            await former._writer.write(half)  # type: ignore[union-attr]
    assert await bench.cluster.committed(bench.shared) == []

    async with bench.owned():
        assert [record.value for record in await bench.cluster.committed(bench.shared)] == [b"1"]


def sends_and_fails_once() -> Callable[..., Awaitable[object]]:
    calls = 0

    async def send(*args: Any, **kwargs: Any) -> object:
        nonlocal calls
        calls += 1
        sent = await _send(*args, **kwargs)
        if calls == 1:
            raise KafkaConnectionError
        return sent

    return send


async def begin_and_send(bench: Bench, owner: TablePartition[bytes]) -> None:
    """A transaction that the next fence aborts, and with it what is open."""
    assert owner._writer is not None
    await owner._writer._producer.begin_transaction()
    await _send(owner._writer._producer, [Output(*bench.changelog, b"k0", b"9"), Output(*bench.outputs, b"k0", b"9")])


async def test_what_was_never_committed_and_is_not_marked_is_not_seen(bench: Bench) -> None:
    async with bench.owned() as former:
        with markers_lost(bench.cluster):
            await former._writer._producer.begin_transaction()  # type: ignore[union-attr]
            half = [Output(*bench.outputs, b"k0", b"0"), Output(*bench.changelog, b"k0", b"1")]
            await _send(former._writer._producer, half)  # type: ignore[union-attr]

    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(5)), bench.add_up)

    assert await bench.told() == list(range(5))
    assert await bench.table() == sums(range(5))


async def test_ending_what_was_left_open_is_tried_until_it_succeeds(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The coordinator forgets how the transaction ended once the next owner has fenced; the owner must not."""
    async with bench.owned() as former:
        with markers_lost(bench.cluster):
            await former.apply(bench.chunk(range(3)), bench.add_up)

    owner = bench.owner()
    with monkeypatch.context() as trouble:
        trouble.setattr(TransactionWriter, "end_what_is_open", away)
        with pytest.raises(KafkaConnectionError):
            await owner.open()
    await owner.open()
    await owner.release()

    assert await bench.told() == [0, 1, 2]


async def away(*_: object, **__: object) -> None:
    raise KafkaConnectionError
