"""Tables."""

import asyncio
from collections.abc import Mapping

import pytest
from faust.types import TP

from streams.engine.app import ChunkApp
from streams.engine.decoded_states import Codec, RecentStates, States, Storage
from streams.engine.runs import Run
from streams.engine.store import MemoryStore, Position, Store
from streams.engine.store_restore import RESTORED_AT_ONCE
from streams.engine.table import CHUNKS_AT_ONCE, ChunkTable, Flow
from streams.engine.table_partition import Changelog, Effects, Fold, TablePartition
from streams.engine.transport import Consumer
from streams.engine.write_back import LONGEST_MS, MOST_RECORDS, WriteBackStore, WriteBackStores
from streams.engine.writer import TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.errors import NotOwned
from streams.platform.settings import Settings
from streams.platform.topics import changelog_name
from tests.unit.engine.kafka_records import run
from tests.unit.engine.store_contract import HERE, OpenStore, StoreContract
from tests.unit.engine.workplace import everything_that_can

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1", partitions=3, app_id="there")
KAFKA = KafkaClients(SETTINGS)
BYTES = Codec(bytes, bytes)
FLOW = Flow(["interactions", "roofs"], ["profiles"], [TP("alerts", 0)], [TP("links", 0)])


class SlowToStop(TransactionWriter):
    """A writer that takes its time to close, as one does whose broker is away."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()

    async def stop(self) -> None:
        await self.stopped.wait()


class ClosableStore(MemoryStore):
    closed = False

    def close(self) -> None:
        self.closed = True


class Owned(TablePartition[bytes]):
    """A partition that this worker writes to."""

    def __init__(self, number: int) -> None:
        self.store = ClosableStore()
        states = States(self.store, BYTES, RecentStates(0))
        super().__init__(KAFKA, states, Changelog(TP("changelog", number), "id", f"there-{number}"), lambda _: None)
        self.writer = SlowToStop()
        self._writer = self.writer


@pytest.fixture
def table() -> ChunkTable[bytes]:
    app = ChunkApp(SETTINGS, KAFKA, lambda _: None)
    return app.chunk_table("contacts", 3, Storage(lambda table, partition: MemoryStore(), BYTES, 0), FLOW)


def own(table: ChunkTable[bytes], *numbers: int) -> list[Owned]:
    owned = [Owned(number) for number in numbers]
    table._owned.update(zip(numbers, owned, strict=True))
    return owned


def test_the_changelog_is_the_topic_that_is_made_for_it_with_the_partitions_of_its_source(
    table: ChunkTable[bytes],
) -> None:
    """faust-streaming issue 93: a table without a number of partitions would get 8, whatever its source has."""
    assert table.changelog_topic_name == changelog_name(SETTINGS, "contacts")
    assert table.changelog_topic.partitions == 3


async def test_a_partition_of_another_worker_is_refused(table: ChunkTable[bytes]) -> None:
    [mine] = own(table, 1)

    assert table.owned(1) is mine
    with pytest.raises(NotOwned, match="contacts: partition 2"):
        table.owned(2)


async def test_what_is_no_longer_owned_is_closed(table: ChunkTable[bytes]) -> None:
    [mine] = own(table, 1)
    mine.writer.stopped.set()

    await table.take_over([])

    assert mine.store.closed
    with pytest.raises(NotOwned):
        table.owned(1)


async def test_a_rebalance_may_come_while_partitions_are_closed(table: ChunkTable[bytes]) -> None:
    """Partitions are released in the middle of a `take_over`, which takes some away while it waits for others."""
    mine = own(table, 0, 1, 2)
    releasing = asyncio.create_task(table.release())
    await everything_that_can()
    closing = asyncio.create_task(table.take_over([]))
    await everything_that_can()

    for partition in mine:
        partition.writer.stopped.set()

    await asyncio.wait_for(asyncio.gather(releasing, closing), 1)


async def test_a_store_is_closed_also_when_a_rebalance_cuts_its_closing_short(table: ChunkTable[bytes]) -> None:
    """A store that is left open holds its lock, and the next owner in this process could not open it."""
    [mine] = own(table, 1)
    closing = asyncio.create_task(table.take_over([]))
    await everything_that_can()

    closing.cancel()
    await asyncio.wait({closing})

    assert mine.store.closed


async def test_closing_a_table_closes_every_store(table: ChunkTable[bytes]) -> None:
    mine = own(table, 0, 2)
    for partition in mine:
        partition.writer.stopped.set()

    await table.close()

    assert [partition.store.closed for partition in mine] == [True, True]


@pytest.fixture
def _offline(table: ChunkTable[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Partitions are opened, and topics have ids, without a broker."""

    async def open_offline(_: TablePartition[bytes]) -> int:
        return 0

    monkeypatch.setattr(TablePartition, "open", open_offline)
    monkeypatch.setattr(table._kafka, "topic_id", lambda topic: f"the id of {topic}")


@pytest.mark.usefixtures("_offline")
async def test_a_partition_is_told_what_the_group_has_committed(table: ChunkTable[bytes]) -> None:
    source = TP("interactions", 1)
    consumer = table.app.consumer
    assert isinstance(consumer, Consumer)
    await table.take_over([1])

    before = table.owned(1)._committed(source)
    consumer._committed_offset[source] = 7

    assert (before, table.owned(1)._committed(source)) == (None, 7)


@pytest.mark.usefixtures("_offline")
async def test_a_partition_knows_all_that_is_folded_into_it_and_where_its_folding_writes(
    table: ChunkTable[bytes],
) -> None:
    await table.take_over([1])

    mine = table.owned(1)
    assert [mine._source_id(topic) for topic in FLOW.sources] == ["the id of interactions", "the id of roofs"]
    assert mine._shared == (TP("links", 0),)
    own = [TP(table.changelog_topic_name, 1), TP("profiles", 1), TP("alerts", 0)]
    assert mine._leftovers._partitions == [*own, TP("links", 0)]


async def test_only_a_few_partitions_are_restored_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each holds thousands of records in hand: with eight at once, a take-over needed 100 MB more."""
    opening: list[TablePartition[bytes]] = []
    opened: list[TablePartition[bytes]] = []
    let = asyncio.Semaphore(0)

    async def open_slowly(partition: TablePartition[bytes]) -> int:
        opening.append(partition)
        await let.acquire()
        opening.remove(partition)
        opened.append(partition)
        return 0

    monkeypatch.setattr(TablePartition, "open", open_slowly)
    app = ChunkApp(SETTINGS, KAFKA, lambda _: None)
    table = app.chunk_table("contacts", 8, Storage(lambda table, partition: MemoryStore(), BYTES, 0), FLOW)

    async def know_topic_ids() -> None:
        table._topic_ids[table.changelog_topic_name] = "id"

    monkeypatch.setattr(table, "_learn_topic_ids", know_topic_ids)
    taking_over = asyncio.create_task(table.take_over(range(8)))
    for number in range(8):
        await everything_that_can()
        assert len(opening) == min(RESTORED_AT_ONCE, 8 - number)
        let.release()
    await taking_over

    assert len(opened) == 8


class Slow(Owned):
    """Folds once it is let; notes how many do so at once."""

    def __init__(self, number: int, folding: set[int], let: asyncio.Event) -> None:
        super().__init__(number)
        self._number, self._folding, self._let = number, folding, let

    async def apply(self, chunk: Run, fold: Fold[bytes]) -> None:
        self._folding.add(self._number)
        await self._let.wait()


@pytest.mark.parametrize(("records", "at_once"), [(SETTINGS.chunk_records, CHUNKS_AT_ONCE), (3, 10)])
async def test_only_a_few_partitions_have_a_large_transaction_open_at_once(
    table: ChunkTable[bytes], records: int, at_once: int
) -> None:
    """All fold on one core: eight chunks of 4,000 records at once took longer than a transaction may.

    All that a small one does is wait for the broker.
    """
    folding: set[int] = set()
    let = asyncio.Event()
    table._owned.update({number: Slow(number, folding, let) for number in range(10)})
    async with asyncio.TaskGroup() as group:
        for number in range(10):
            chunk = Run(TP("interactions", number), run(range(records)).records, 0, 1)
            group.create_task(table.apply(chunk, lambda states, records: Effects()))
        await everything_that_can()
        assert len(folding) == at_once
        let.set()
    assert folding == set(range(10))


class OneAtATime(Owned):
    """Folds once it is let; notes which sources' chunks are being folded."""

    def __init__(self, number: int, let: asyncio.Event) -> None:
        super().__init__(number)
        self.folding: list[str] = []
        self._let = let

    async def apply(self, chunk: Run, fold: Fold[bytes]) -> None:
        self.folding.append(chunk.tp.topic)
        await self._let.wait()
        self.folding.remove(chunk.tp.topic)


async def test_chunks_of_several_sources_of_a_partition_are_folded_one_after_the_other(
    table: ChunkTable[bytes],
) -> None:
    """It has one writer; and those that wait for it keep nobody else from a turn."""
    records = run(range(SETTINGS.chunk_records)).records
    let = asyncio.Event()
    mine = {number: OneAtATime(number, let) for number in range(CHUNKS_AT_ONCE)}
    table._owned.update(mine)
    async with asyncio.TaskGroup() as group:
        for number in mine:
            for source in FLOW.sources:
                chunk = Run(TP(source, number), records, 0, 1)
                group.create_task(table.apply(chunk, lambda states, records: Effects()))
        await everything_that_can()
        assert [partition.folding for partition in mine.values()] == [["interactions"]] * CHUNKS_AT_ONCE
        let.set()
    assert [partition.folding for partition in mine.values()] == [[]] * CHUNKS_AT_ONCE


class Disk(MemoryStore):
    """Keeps what it has when it is closed, and counts what it is asked to write."""

    written = 0
    is_full = False
    is_closed = False

    def write(self, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        if self.is_full:
            raise OSError("no space left")
        self.written += len(changes)
        super().write(changes, position)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def disk() -> Disk:
    return Disk()


def on(disk: Store, room: int = 1000) -> WriteBackStore:
    return WriteBackStores(lambda table, partition: disk, room)("contacts", 0)


def at(offset: int, ms: int = 0) -> Position:
    return Position("topic-a", offset, ms)


@pytest.mark.parametrize("room", [0, 400, 1000])
class TestWriteBackStore(StoreContract):
    @pytest.fixture
    def open_store(self, room: int) -> OpenStore:
        return lambda: on(MemoryStore(), room)


def test_a_key_that_is_written_often_is_written_below_once(disk: Disk) -> None:
    store = on(disk)
    for number in range(100):
        store.write({b"a": b"%d" % number}, at(number + 1))
    assert (store.get(b"a"), store.position) == (b"99", at(100))
    assert (disk.written, disk.position) == (0, None)

    store.close()

    assert (disk.written, dict(disk.items()), disk.position) == (1, {b"a": b"99"}, at(100))


def test_no_more_waits_than_there_is_room(disk: Disk) -> None:
    store = on(disk, room=200)

    for number in range(9):
        store.write({b"%d" % number: b"v" * 50}, at(number + 1))

    assert 0 < 9 - disk.written <= 4


def test_stores_share_the_room_for_writes_held_back() -> None:
    disks = [Disk(), Disk()]
    stores = WriteBackStores(lambda _, partition: disks[partition], 400)
    first, second = stores("contacts", 0), stores("contacts", 1)
    first.write({b"a": b"v" * 150}, at(1))
    assert disks[0].written == 0

    first.write({b"b": b"v" * 150}, at(2))
    assert disks[0].written == 2

    first.close()
    second.write({b"a": b"v" * 150, b"b": b"v" * 150}, at(2))
    assert disks[1].written == 0


def test_a_restart_has_only_so_many_records_to_read_again(disk: Disk) -> None:
    store = on(disk)
    store.write({b"a": b"1"}, at(MOST_RECORDS))
    assert disk.position is None

    store.write({b"a": b"2"}, at(MOST_RECORDS + 1))

    assert disk.position == at(MOST_RECORDS + 1)


def test_a_store_that_is_written_to_does_not_look_old(disk: Disk) -> None:
    store = on(disk)
    store.write({b"a": b"1"}, at(1, ms=0))
    store.flush()

    store.write({b"a": b"2"}, at(2, ms=LONGEST_MS + 1))

    assert disk.position == at(2, ms=LONGEST_MS + 1)


def test_what_was_not_written_below_is_not_there_after_a_kill(disk: Disk) -> None:
    disk.write({b"a": b"1"}, at(1))
    on(disk).write({b"a": b"2"}, at(2))

    again = on(disk)

    assert (again.get(b"a"), again.position) == (b"1", at(1))


def test_a_wiped_store_has_nothing_that_waits(disk: Disk) -> None:
    store = on(disk)
    store.write({b"a": b"1"}, HERE)
    store.wipe()

    store.close()

    assert (dict(disk.items()), disk.position) == ({}, None)


def test_a_store_whose_disk_is_full_is_closed_all_the_same(disk: Disk) -> None:
    store = on(disk)
    store.write({b"a": b"1"}, HERE)
    disk.is_full = True

    with pytest.raises(OSError, match="no space"):
        store.close()

    assert disk.is_closed
