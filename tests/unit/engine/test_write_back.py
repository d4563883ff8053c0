"""Writes that wait are there for whoever asks; what is below gets them before too many wait, and at the end."""

from collections.abc import Mapping

import pytest

from streams.engine.store import MemoryStore, Position, Store
from streams.engine.write_back import LONGEST_MS, MOST_RECORDS, WriteBackStore, WriteBackStores
from tests.unit.engine.store_contract import HERE, OpenStore, StoreContract


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
