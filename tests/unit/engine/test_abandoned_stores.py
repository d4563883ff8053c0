import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.engine.abandoned_stores import delete_left_behind
from streams.engine.rocksdb_store import RocksStores
from streams.engine.store_restore import LONGEST_IDLE_MS
from tests.unit.engine.store_contract import HERE

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
