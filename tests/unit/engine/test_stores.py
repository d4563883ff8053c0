"""Stores of tables."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from streams.engine.abandoned_stores import delete_left_behind
from streams.engine.rocksdb_store import RocksStores
from streams.engine.store import MemoryStore, Position, Store
from streams.engine.store_restore import LONGEST_IDLE_MS
from streams.engine.write_back import WriteBackStores
from streams.platform.errors import StoreFailed, Unusable
from tests.unit.engine.store_contract import HERE, OpenStore, StoreContract

ENOUGH_FOR_A_FILE = {b"k%d" % number: b"v" * 100 for number in range(1000)}


@pytest.fixture
def stores(tmp_path: Path) -> RocksStores:
    return RocksStores(tmp_path)


class TestRocksStore(StoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda: RocksStores(Path(tempfile.mkdtemp(dir=tmp_path)))("contacts", 0)


def test_what_was_written_is_there_when_it_is_opened_again(stores: RocksStores) -> None:
    store = stores("contacts", 0)
    store.write({b"a": b"1", b"b": b"2"}, HERE)
    store.close()

    again = stores("contacts", 0)

    assert (again.position, dict(again.items())) == (HERE, {b"a": b"1", b"b": b"2"})
    again.close()


@pytest.mark.parametrize("held_back", [False, True])
def test_of_what_was_deleted_or_replaced_no_byte_stays_on_the_disk(tmp_path: Path, held_back: bool) -> None:
    below = RocksStores(tmp_path)
    store = (WriteBackStores(below, 1 << 20) if held_back else below)("contacts", 0)
    store.write({b"a-secret-name": b"a-secret", b"m": b"middle-secret", b"z-secret-name": b"z", b"k": b"kept"}, HERE)
    store.forgetting()()
    assert found_on_disk(tmp_path, b"secret")
    store.write({b"a-secret-name": None, b"m": b"nothing", b"z-secret-name": None}, HERE)

    store.forgetting()()
    store.close()

    assert not found_on_disk(tmp_path, b"secret")
    again = below("contacts", 0)
    assert dict(again.items()) == {b"m": b"nothing", b"k": b"kept"}
    again.close()


def found_on_disk(folder: Path, text: bytes) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and text in file.read_bytes()]


def test_each_table_and_partition_has_a_store_of_its_own(stores: RocksStores) -> None:
    first, second, other = stores("contacts", 0), stores("contacts", 1), stores("links", 0)

    first.write({b"a": b"1"}, HERE)

    assert (second.get(b"a"), other.get(b"a")) == (None, None)
    for store in (first, second, other):
        store.close()


@pytest.mark.parametrize("damage", ["truncated", "emptied", "overwritten", "missing"])
@pytest.mark.parametrize("pattern", ["*.sst", "CURRENT", "MANIFEST-*"])
def test_a_damaged_store_is_found_out_and_made_anew(
    stores: RocksStores, tmp_path: Path, damage: str, pattern: str
) -> None:
    """Perhaps only when it is read: then the process stops, and the next one finds an empty store."""
    written(stores)
    for file in (tmp_path / "contacts" / "0").glob(pattern):
        spoil(file, damage)

    assert found_by_the_next_process(stores) == {}
    assert position_of(stores) is None


def test_a_byte_that_has_changed_anywhere_is_found_out_or_does_no_harm(tmp_path: Path) -> None:
    """RocksDB says "block checksum mismatch" when it opens some of them."""
    written(RocksStores(tmp_path / "whole"))
    [table] = (tmp_path / "whole" / "contacts" / "0").glob("*.sst")
    content = table.read_bytes()
    for place in range(0, len(content), len(content) // 20):
        shutil.rmtree(tmp_path / "spoilt", ignore_errors=True)
        shutil.copytree(tmp_path / "whole", tmp_path / "spoilt")
        spoilt = content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]
        (tmp_path / "spoilt" / "contacts" / "0" / table.name).write_bytes(spoilt)
        assert found_by_the_next_process(RocksStores(tmp_path / "spoilt")) in ({}, ENOUGH_FOR_A_FILE), place


def found_by_the_next_process(stores: RocksStores) -> dict[bytes, bytes]:
    """Whatever fails ends one process, and the next opens the store again."""
    try:
        return held_by(stores)
    except Exception:  # noqa: BLE001 - rocksdict has no exceptions of its own
        return held_by(stores)


def position_of(stores: RocksStores) -> Position | None:
    store = stores("contacts", 0)
    store.close()
    return store.position


def held_by(stores: RocksStores) -> dict[bytes, bytes]:
    """As one process finds it, whose end lets go of the store."""
    store = stores("contacts", 0)
    try:
        found = {key: store.get(key) for key in ENOUGH_FOR_A_FILE}
    finally:
        store.close()
    return {key: value for key, value in found.items() if value is not None}


def test_a_store_that_was_not_closed_is_as_it_was_at_an_earlier_moment(stores: RocksStores, tmp_path: Path) -> None:
    """As after a kill: values and position go back together, and the changelog has the rest."""
    killed_after_flushes(stores, tmp_path / "after")

    assert stands_for_what_it_holds(tmp_path / "after") == 2 * PART


def test_a_list_of_files_that_was_cut_off_anywhere_leaves_no_hole(stores: RocksStores, tmp_path: Path) -> None:
    """RocksDB takes a list that ends in the middle for one that ended earlier, and goes on."""
    killed_after_flushes(stores, tmp_path / "after")
    [manifest] = (tmp_path / "after" / "contacts" / "0").glob("MANIFEST-*")
    reached = set()
    for end in range(0, manifest.stat().st_size, 8):
        shutil.rmtree(tmp_path / "cut", ignore_errors=True)
        shutil.copytree(tmp_path / "after", tmp_path / "cut")
        with (tmp_path / "cut" / "contacts" / "0" / manifest.name).open("r+b") as file:
            file.truncate(end)
        reached.add(stands_for_what_it_holds(tmp_path / "cut"))
    assert 0 in reached
    assert len(reached) > 1


PART = 100


def killed_after_flushes(stores: RocksStores, copy: Path) -> None:
    """Leave a copy of a store that was opened twice, wrote to files several times and was closed in the middle."""
    store = stores("contacts", 0)
    write_numbers(store, 0, PART)
    store.close()
    store = stores("contacts", 0)
    write_numbers(store, PART, 2 * PART)
    store._db.flush()
    write_numbers(store, 2 * PART, 3 * PART)
    shutil.copytree(stores._directory / "contacts", copy / "contacts")
    store.close()


def write_numbers(store: Store, start: int, end: int) -> None:
    for number in range(start, end):
        store.write({b"last": b"%d" % number, b"k%d" % number: b""}, HERE._replace(offset=number + 1))


def stands_for_what_it_holds(folder: Path) -> int:
    """How many writes the store stands for; it holds these and no others."""
    store = RocksStores(folder)("contacts", 0)
    count = store.position.offset if store.position else 0
    held = dict(store.items())
    store.close()
    last = {b"last": b"%d" % (count - 1)} if count else {}
    assert held == {b"k%d" % number: b"" for number in range(count)} | last
    return count


def written(stores: RocksStores) -> None:
    store = stores("contacts", 0)
    store.write(ENOUGH_FOR_A_FILE, HERE)
    store._db.flush()
    store.close()


def spoil(file: Path, damage: str) -> None:
    data = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        middle = len(data) // 2
        spoilt = {"truncated": data[:middle], "emptied": b"", "overwritten": data[:middle] + bytes(len(data) - middle)}
        file.write_bytes(spoilt[damage])


def test_a_store_that_somebody_holds_is_left_to_them(stores: RocksStores) -> None:
    store = stores("contacts", 0)
    store.write({b"a": b"1"}, HERE)

    with pytest.raises(Unusable, match="in use"):
        stores("contacts", 0)

    assert store.get(b"a") == b"1"
    store.close()


def test_where_nothing_can_be_kept_the_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "contacts").write_text("a file is in the way")

    with pytest.raises(Unusable, match="HARMONIA_STATE_DIR"):
        RocksStores(tmp_path)("contacts", 0)


def test_what_the_disk_says_is_told_and_no_key(stores: RocksStores) -> None:
    store = stores("contacts", 0)
    full = Exception("IO error: No space left on device: While appending to file: 000012.sst: ada@example.org")

    said = str(store._failed(full))

    assert said.endswith("contacts/0 failed: IO error: No space left on device. Is its disk full or failing?")
    store.close()


def test_a_store_that_could_not_be_written_is_not_trusted(stores: RocksStores) -> None:
    store = stores("contacts", 0)
    store.write({b"a": b"1"}, HERE)
    store._db.close()  # as good as a disk that fails

    with pytest.raises(StoreFailed, match=r"HARMONIA_STATE_DIR: the store .*contacts/0 failed: .*closed"):
        store.write({b"a": b"2"}, HERE)

    again = stores("contacts", 0)
    assert (again.position, list(again.items())) == (None, [])
    again.close()


LONG_AGO_S = LONGEST_IDLE_MS / 1000 + 60

HOLD_OPEN = """
import sys
from rocksdict import Options, Rdict
held = Rdict(sys.argv[1], Options(raw_mode=True))
print("open", flush=True)
sys.stdin.read()
"""


def make(directory: Path, *places: tuple[str, int]) -> None:
    stores = RocksStores(directory)
    for place in places:
        store = stores(*place)
        store.write({b"a": b"somebody"}, HERE)
        store.close()


def let_time_pass(store: Path, seconds: float = LONG_AGO_S) -> None:
    then = time.time() - seconds
    for path in (store, *store.iterdir()):
        os.utime(path, (then, then))


def there(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.glob("*/*") if path.is_dir()}


def test_a_store_that_nobody_has_used_for_too_long_is_deleted(tmp_path: Path) -> None:
    make(tmp_path, ("contacts", 0), ("contacts", 1), ("links", 0))
    let_time_pass(tmp_path / "contacts/0")
    (tmp_path / "contacts/0/distrusted").touch()
    let_time_pass(tmp_path / "contacts/0")
    let_time_pass(tmp_path / "contacts/1", seconds=LONGEST_IDLE_MS / 1000 - 60)
    let_time_pass(tmp_path / "links/0")

    assert delete_left_behind(tmp_path, ["contacts", "links"]) == 2

    assert there(tmp_path) == {"contacts/1"}


def test_what_is_no_store_of_these_tables_is_left_alone(tmp_path: Path) -> None:
    make(tmp_path, ("photographs", 0), ("contacts", 0))
    (tmp_path / "contacts/0").rename(tmp_path / "contacts/mine")
    for place in ("photographs/0", "contacts/mine"):
        let_time_pass(tmp_path / place)

    assert delete_left_behind(tmp_path, ["contacts", "links"]) == 0

    assert there(tmp_path) == {"photographs/0", "contacts/mine"}


def test_a_store_that_is_open_here_is_never_deleted(tmp_path: Path) -> None:
    store = RocksStores(tmp_path)("contacts", 0)
    store.write({b"a": b"1"}, HERE)
    let_time_pass(tmp_path / "contacts/0")

    assert delete_left_behind(tmp_path, ["contacts"]) == 0

    assert store.get(b"a") == b"1"
    store.close()
    again = RocksStores(tmp_path)("contacts", 0)
    assert again.get(b"a") == b"1"
    again.close()


def test_a_store_that_another_process_has_open_is_never_deleted(tmp_path: Path) -> None:
    make(tmp_path, ("contacts", 0))
    path = tmp_path / "contacts/0"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_OPEN, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        let_time_pass(path)

        assert delete_left_behind(tmp_path, ["contacts"]) == 0

        other.communicate()
    again = RocksStores(tmp_path)("contacts", 0)
    assert again.get(b"a") == b"somebody"
    again.close()


def test_what_cannot_be_deleted_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path, ("contacts", 0))
    (tmp_path / "contacts/0/a-folder").mkdir()
    let_time_pass(tmp_path / "contacts/0")

    assert delete_left_behind(tmp_path, ["contacts"]) == 0

    assert "cannot be deleted" in caplog.text


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def open_store(self) -> OpenStore:
        return MemoryStore


def test_memory_is_let_go_of_on_close() -> None:
    store = MemoryStore()
    store.write({b"a": b"1"}, HERE)

    store.close()

    assert list(store.items()) == []
